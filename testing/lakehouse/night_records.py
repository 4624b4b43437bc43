"""Receipts of nights that never ran, for tests and back-tests that need history."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from lakehouse.night.plan import NIGHT
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.receipts.report import empty_report
from lakehouse.receipts.store import TaskRecord


def task_record(
    day: date,
    stage: str,
    started_at: datetime,
    seconds: float | None,
    *,
    run_id: str = "scheduled__1",
    task_id: str = "work",
    state: str = "success",
    emits_asset: bool = True,
    attempts: int = 1,
    rows_in: int = 0,
    error: str | None = None,
    **detail: Any,
) -> TaskRecord:
    """One task of one stage; without `seconds` it has not ended."""
    return TaskRecord(
        business_date=day,
        stage=stage,
        run_id=run_id,
        task_id=task_id,
        map_index=-1,
        state=state,
        attempts=attempts,
        started_at=started_at,
        ended_at=None if seconds is None else started_at + timedelta(seconds=seconds),
        emits_asset=emits_asset,
        report={**empty_report(**detail), "rows_in": rows_in, "rows_out": rows_in},
        error=error,
        log=None,
    )


def whole_night(
    day: date, begins: datetime, seconds: float = 60.0, rows: int = 100, run_type: str = "scheduled"
) -> list[TaskRecord]:
    """A night whose stages all succeeded one after another, each of the same length."""
    records = []
    for number, stage in enumerate(NIGHT):
        kind = run_type if not stage.waits_for or run_type != "scheduled" else "asset_triggered"
        records.append(
            task_record(
                day,
                stage.name,
                begins + timedelta(seconds=number * seconds),
                seconds,
                run_id=f"{kind}__{begins.isoformat()}",
                rows_in=rows,
            )
        )
    return records


def store(postgres: PostgresConnections, records: Iterable[TaskRecord]) -> None:
    """Put the records into `night_receipts`, as the callbacks would."""
    with transaction(postgres) as cursor:
        for record in records:
            values = asdict(record) | {"report": json.dumps(record.report) if record.report else None}
            cursor.execute(read_sql("postgres/receipts/upsert_night_receipt.sql"), values)
