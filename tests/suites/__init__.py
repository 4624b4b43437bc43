"""The test suites: what there is (`table`), how they run (`run`), what is printed of them (`report`).

`python -m tests.suites test` is what `make test` calls. Only the standard library is needed.
"""
