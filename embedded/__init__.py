"""The lakehouse platform on one machine, without Docker.

Nothing here is imported by `plugins/` or `dags/`: the two meet only on the wire.
"""
