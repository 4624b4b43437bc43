"""What one look at Airflow shows: the facts that the rules of this room judge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from lakehouse.night.business_date import business_date_or_none
from lakehouse.platform.airflow_runs import Backfill, PendingPartition, Run, Task

LOOK_BACK: Final = timedelta(days=2)
"""How far back a look goes for runs that have ended: longer than any outage that is repaired by itself."""
MOST_RUNS: Final = 2000
"""A look reads no more ended runs than this: the newest, of a backfill of 200 dates."""


@dataclass(frozen=True)
class Seen:
    """One look at Airflow."""

    now: datetime
    alive_since: datetime | None = None
    """When the youngest scheduler started: no patience is counted from before."""
    paused: Mapping[str, bool] = field(default_factory=dict)
    """For each DAG that Airflow knows: is it paused?"""
    import_errors: tuple[str, ...] = ()
    unfinished: tuple[Run, ...] = ()
    """The stages' queued and running runs."""
    ended: tuple[Run, ...] = ()
    """The stages' runs that have ended within `LOOK_BACK`."""
    announced: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    """By DAG and run: when the asset of a stage that is awaited with another one was stored."""
    pending: tuple[PendingPartition, ...] | None = None
    """None if this Airflow does not tell."""
    tasks: tuple[Task, ...] = ()
    """The stages' tasks that run or wait."""
    backfills: Mapping[str, tuple[Backfill, ...]] = field(default_factory=dict)
    """The backfills of each DAG that has a queued run of one."""
    heartbeats: Mapping[str, datetime | None] = field(default_factory=dict)
    last_scheduled: Mapping[str, Run | None] = field(default_factory=dict)
    """Of each stage that starts by the clock: its newest run that did."""
    watched_since: datetime | None = None
    """When this DAG ran first within `LOOK_BACK`: the platform was up then."""

    def since(self, moment: datetime) -> timedelta:
        """How long the scheduler has had for what has been so since that moment."""
        return self.now - (max(moment, self.alive_since) if self.alive_since else moment)

    def knows(self, dag_id: str) -> bool:
        """Whether Airflow has the DAG and lets it run."""
        return self.paused.get(dag_id) is False

    def date_of(self, run: Run) -> date | None:
        """The business date of the run; None if it has none, or one that lies in the future."""
        return business_date_or_none(run.partition_key, today=self.now.date())

    def runs(self, dag_id: str, partition_key: str) -> list[Run]:
        """The runs of the DAG for that key that the look shows."""
        return [
            run
            for run in (*self.unfinished, *self.ended)
            if (run.dag_id, run.partition_key) == (dag_id, partition_key)
        ]
