"""Where receipts are kept: one row per task of a stage's run, in the platform's PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from lakehouse.platform.database import Lock, PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.receipts.report import StageReport


@dataclass(frozen=True)
class TaskRecord:
    """What is known of one task of one run of a stage."""

    business_date: date
    stage: str
    run_id: str
    task_id: str
    map_index: int
    state: str
    """running, success, up_for_retry or failed."""
    attempts: int
    started_at: datetime
    """Start of the first attempt."""
    ended_at: datetime | None
    emits_asset: bool
    """Whether the task's success completes its stage."""
    report: StageReport | None
    error: str | None
    log: str | None
    """Path of the attempt's log, below Airflow's log folder."""


@contextmanager
def recorded(postgres: PostgresConnections, record: TaskRecord) -> Iterator[list[TaskRecord]]:
    """Store the record and hand out all records of its date, holding the date's lock until the block ends.

    The lock makes whoever renders the date's receipt the only one doing so, so that a slower writer
    cannot put an older state over a newer one.
    """
    values = asdict(record) | {"report": json.dumps(record.report) if record.report else None}
    with _changed(
        postgres, record.business_date, "postgres/receipts/upsert_night_receipt.sql", values
    ) as records:
        yield records


@contextmanager
def run_ended(
    postgres: PostgresConnections, business_date: date, stage: str, run_id: str, error: str
) -> Iterator[list[TaskRecord]]:
    """Mark what the failed run left open as failed, and hand out the date's records like `recorded`."""
    values = {"business_date": business_date, "stage": stage, "run_id": run_id, "error": error}
    statement = "postgres/receipts/fail_unfinished_night_receipts.sql"
    with _changed(postgres, business_date, statement, values) as records:
        yield records


@contextmanager
def _changed(
    postgres: PostgresConnections, business_date: date, statement: str, values: dict[str, Any]
) -> Iterator[list[TaskRecord]]:
    with transaction(postgres, Lock("receipt", business_date.isoformat())) as cursor:
        cursor.execute(read_sql(statement), values)
        cursor.execute(read_sql("postgres/receipts/select_night_receipts.sql"), {"dates": [business_date]})
        yield [TaskRecord(*row) for row in cursor.fetchall()]
