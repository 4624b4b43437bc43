"""What the whole platform needs of a machine."""

from __future__ import annotations

from embedded.stack.preflight import Needs

NEEDS = Needs(
    environments=("airflow", "connectors", "dbt", "embedded", "superset"),
    # State of a few nights at a million orders, logs included, with room to spare.
    disk_bytes=5 * 2**30,
    # The whole platform at rest plus a night; below this the machine would start to swap.
    memory_bytes=5 * 2**30,
)
