"""The asset each stage of the night produces.

Assets are what chains the DAGs: a stage's last task emits its asset for the business date (the partition
key), and the stages that wait for it start for the same date.
"""

from __future__ import annotations

from airflow.sdk import Asset

from lakehouse.night.plan import stage


def asset_of(stage_name: str) -> Asset:
    """The asset that stage produces.

    Raises:
        KeyError: no such stage.
    """
    produced = stage(stage_name)
    return Asset(
        name=produced.produces,
        uri=f"lakehouse://night/{produced.produces}",
        group="night",
        extra={"stage": produced.name, "planned_end_utc": produced.end.isoformat("minutes")},
    )
