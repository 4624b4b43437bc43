"""The stream: minutes of changes with random kills, then hot, cold and unified compared with the shop.

docs/runbooks/stream.md says what is proven; the folders hold the tests of single faults.
"""
