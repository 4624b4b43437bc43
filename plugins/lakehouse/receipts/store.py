"""Where receipts are kept: one row per task of a stage's run, in the platform's PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from lakehouse.receipts.report import StageReport

if TYPE_CHECKING:
    from airflow.providers.postgres.hooks.postgres import PostgresHook

PLATFORM_CONNECTION: Final = "platform_postgres"

_UPSERT: Final = """
insert into night_receipts as kept (
    business_date, stage, run_id, task_id, map_index, state, attempts,
    started_at, ended_at, emits_asset, report, error, log
) values (
    %(business_date)s, %(stage)s, %(run_id)s, %(task_id)s, %(map_index)s, %(state)s, %(attempts)s,
    %(started_at)s, %(ended_at)s, %(emits_asset)s, %(report)s, %(error)s, %(log)s
)
on conflict (business_date, stage, run_id, task_id, map_index) do update set
    state = excluded.state,
    attempts = excluded.attempts,
    started_at = least(kept.started_at, excluded.started_at),
    ended_at = excluded.ended_at,
    emits_asset = excluded.emits_asset,
    report = excluded.report,
    error = excluded.error,
    log = excluded.log
"""

_END_RUN: Final = """
update night_receipts set state = 'failed', ended_at = now(), error = coalesce(error, %(error)s)
where
    business_date = %(business_date)s
    and stage = %(stage)s
    and run_id = %(run_id)s
    and state in ('running', 'up_for_retry')
"""

_SELECT: Final = """
select business_date, stage, run_id, task_id, map_index, state, attempts,
       started_at, ended_at, emits_asset, report, error, log
from night_receipts
where business_date = %(business_date)s
order by started_at, stage, task_id, map_index
"""


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
def recorded(hook: PostgresHook, record: TaskRecord) -> Iterator[list[TaskRecord]]:
    """Store the record and hand out all records of its date, holding the date's lock until the block ends.

    The lock makes whoever renders the date's receipt the only one doing so, so that a slower writer
    cannot put an older state over a newer one.
    """
    values = asdict(record) | {"report": json.dumps(record.report) if record.report else None}
    with _changed(hook, record.business_date, _UPSERT, values) as records:
        yield records


@contextmanager
def run_ended(
    hook: PostgresHook, business_date: date, stage: str, run_id: str, error: str
) -> Iterator[list[TaskRecord]]:
    """Mark what the failed run left open as failed, and hand out the date's records like `recorded`."""
    values = {"business_date": business_date, "stage": stage, "run_id": run_id, "error": error}
    with _changed(hook, business_date, _END_RUN, values) as records:
        yield records


@contextmanager
def _changed(
    hook: PostgresHook, business_date: date, statement: str, values: dict[str, Any]
) -> Iterator[list[TaskRecord]]:
    with closing(hook.get_conn()) as connection, connection, connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", (f"receipt {business_date}",))
        cursor.execute(statement, values)
        cursor.execute(_SELECT, {"business_date": business_date})
        yield [TaskRecord(*row) for row in cursor.fetchall()]


def records_of(hook: PostgresHook, business_date: date) -> list[TaskRecord]:
    """All records of a date, oldest first."""
    rows: list[Any] = hook.get_records(_SELECT, parameters={"business_date": business_date})
    return [TaskRecord(*row) for row in rows]
