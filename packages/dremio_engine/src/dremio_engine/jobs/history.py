"""Jobs that have ended, in the state file: what `sys.jobs_recent` and the Job API know after a restart.

Written in one transaction every moment and at the end, so that a job costs no write of its own; a
kill -9 loses the last moment's. Rows are never kept.
"""

import json
import sqlite3
import threading
from dataclasses import asdict, dataclass

from dremio_engine.jobs.job import Job, JobState
from dremio_engine.lake.outcomes import Relationship
from dremio_engine.state import StateFile

KEPT_SQL = 20_000

SCHEMA = """
create table if not exists job_history (
    number integer primary key autoincrement, id text not null unique, user text not null,
    body text not null);
"""


@dataclass(frozen=True)
class JobRecord:
    """All that is known of a job; `states` are (state, seconds since 1970) in the order they were entered."""

    id: str
    user: str
    sql: str
    context: tuple[str, ...]
    query_type: str
    states: tuple[tuple[JobState, float], ...]
    error: str
    cancellation_reason: str
    row_count: int | None
    result_bytes: int
    datasets: tuple[str, ...]
    relationships: tuple[Relationship, ...]

    @property
    def state(self) -> JobState:
        """The newest state."""
        return self.states[-1][0]

    def entered(self, state: JobState) -> float | None:
        """When a state was entered, nothing when it never was."""
        return next((moment for found, moment in self.states if found is state), None)

    @property
    def accelerated(self) -> bool:
        """Whether a reflection answered it."""
        return any(r.relationship == "CHOSEN" for r in self.relationships)


def record_of(job: Job) -> JobRecord:
    """What is known of a job now."""
    return JobRecord(
        job.id, job.user, job.sql, tuple(job.context), job.query_type, tuple(job.states), job.error or "",
        job.cancellation_reason, job.row_count, job.rows.total_bytes, job.datasets, job.relationships,
    )  # fmt: skip


class JobHistory:
    """Bounded: the oldest go first."""

    def __init__(self, state: StateFile, kept: int) -> None:
        self._state, self._kept = state, kept
        self._lock = threading.Lock()
        self._unwritten: dict[str, JobRecord] = {}
        state.ensure(SCHEMA)

    def add(self, record: JobRecord) -> None:
        """Remember a job that has ended; on disk after the next `flush`."""
        with self._lock:
            self._unwritten[record.id] = record

    def flush(self) -> None:
        """Write what is new."""
        with self._lock:
            records = list(self._unwritten.values())
        if not records:
            return
        with self._state.transaction():
            for record in records:
                self._state.write(
                    "insert or ignore into job_history (id, user, body) values (?, ?, ?)",
                    record.id, record.user, _text(record),
                )  # fmt: skip
            self._state.write(
                "delete from job_history where number <= (select max(number) from job_history) - ?",
                self._kept,
            )
        with self._lock:
            for record in records:
                self._unwritten.pop(record.id, None)

    def get(self, job_id: str) -> JobRecord | None:
        """A job that has ended."""
        with self._lock:
            if (found := self._unwritten.get(job_id)) is not None:
                return found
        row = self._state.row("select * from job_history where id = ?", job_id)
        return _record(row) if row else None

    def all(self) -> list[JobRecord]:
        """Every job still remembered, oldest first."""
        self.flush()
        return [_record(row) for row in self._state.rows("select * from job_history order by number")]


def _text(record: JobRecord) -> str:
    body = asdict(record) | {"sql": record.sql[:KEPT_SQL]}
    return json.dumps({k: v for k, v in body.items() if k not in ("id", "user")})


def _record(row: sqlite3.Row) -> JobRecord:
    body = json.loads(row["body"])
    return JobRecord(
        **body
        | {
            "id": row["id"],
            "user": row["user"],
            "context": tuple(body["context"]),
            "states": tuple((JobState(state), moment) for state, moment in body["states"]),
            "datasets": tuple(body["datasets"]),
            "relationships": tuple(Relationship(**r) for r in body["relationships"]),
        }
    )
