"""The soak: many business dates with random faults, then bronze compared with the shop's own history.

docs/runbooks/soak.md lists the faults.
"""
