"""What happened: the receipts of dates, and the runs of stages as history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from lakehouse.night.plan import NIGHT
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.receipts.render import receipt
from lakehouse.receipts.store import TaskRecord


class RunState(StrEnum):
    """How a stage's run stands, by its receipt."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


@dataclass(frozen=True)
class StageRun:
    """One run of one stage for one business date. Counts are rows, as the tasks reported them."""

    business_date: date
    stage: str
    run_id: str
    state: RunState
    started_at: datetime
    ended_at: datetime | None
    """None while it runs."""
    attempts: int
    retrying: bool
    """A task has failed and waits for its next attempt."""
    rows_in: int
    rows_out: int
    rows_quarantined: int

    @property
    def seconds(self) -> float | None:
        """From the first task's start to the last one's end; never below zero. None while it runs."""
        if self.ended_at is None:
            return None
        return max((self.ended_at - self.started_at).total_seconds(), 0.0)

    @property
    def run_type(self) -> str:
        """Airflow's type of run, which its run ids begin with: scheduled, asset_triggered, manual, ..."""
        return self.run_id.partition("__")[0]


def night(postgres: PostgresConnections, business_date: date) -> dict[str, Any]:
    """The receipt of a date, as `.local/receipts/<date>.json` has it."""
    return receipt(NIGHT, business_date, _records(postgres, [business_date]))


def recent_nights(postgres: PostgresConnections, n: int) -> list[dict[str, Any]]:
    """The receipts of the `n` newest business dates that have one, newest first."""
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/facts/select_recent_nights.sql"), {"nights": n})
        dates = [day for (day,) in cursor.fetchall()]
    records = _records(postgres, dates)
    return [receipt(NIGHT, day, [each for each in records if each.business_date == day]) for day in dates]


def stage_runs(
    postgres: PostgresConnections,
    *,
    business_date: date | None = None,
    stage_name: str | None = None,
    since: datetime | None = None,
) -> list[StageRun]:
    """All runs of stages, in the order they started; of one date, one stage, or since a time if given."""
    values = {"business_date": business_date, "stage": stage_name, "since": since}
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/facts/select_stage_runs.sql"), values)
        return [
            StageRun(day, name, run_id, RunState(state), *rest)
            for day, name, run_id, state, *rest in cursor.fetchall()
        ]


def _records(postgres: PostgresConnections, dates: list[date]) -> list[TaskRecord]:
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/receipts/select_night_receipts.sql"), {"dates": dates})
        return [TaskRecord(*row) for row in cursor.fetchall()]
