"""Jobs and their attempts, and the one transaction that makes stored rows count."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from airbyte_engine.problems import conflict, not_found
from airbyte_engine.store.commits import Commit, count_parts, save_state
from airbyte_engine.store.database import Pool, Row


class JobStatus(StrEnum):
    """Airbyte's job states; incomplete means: an attempt failed and another one follows."""

    PENDING = "pending"
    RUNNING = "running"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"

    @property
    def finished(self) -> bool:
        return self in (JobStatus.FAILED, JobStatus.SUCCEEDED, JobStatus.CANCELLED)


@dataclass(frozen=True)
class JobFilter:
    """What GET /jobs may ask for; None: any."""

    connection_id: UUID | None = None
    status: str | None = None
    job_type: str | None = None
    created_at_start: dt.datetime | None = None
    created_at_end: dt.datetime | None = None
    updated_at_start: dt.datetime | None = None
    updated_at_end: dt.datetime | None = None
    order_by: str = "createdAt|ASC"
    limit: int = 20
    offset: int = 0


_FORGOTTEN_AT_ONCE = 500
_JOB_SQL = """
select
    job.*,
    coalesce(stats.rows, 0) as rows,
    coalesce(stats.bytes, 0) as bytes
from airbyte.jobs as job
left join lateral (
    select
        sum((stream.value ->> 'rows')::bigint) as rows,
        sum((stream.value ->> 'bytes')::bigint) as bytes
    from airbyte.attempts, jsonb_each(attempts.stream_stats) as stream
    where attempts.job_id = job.job_id
) as stats on true
"""


class JobStore:
    """Every change of state is one transaction, so that a killed server leaves nothing half said."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def create(self, connection_id: UUID, connection_name: str, job_type: str) -> int:
        """A pending job. Raises Problem 409 while the connection has an unfinished one."""
        try:
            with self._pool.connection() as connection:
                row = connection.execute(
                    "insert into airbyte.jobs (connection_id, job_type, status)"
                    " values (%s, %s, %s) returning job_id",
                    (connection_id, job_type, JobStatus.PENDING),
                ).fetchone()
        except psycopg.errors.UniqueViolation as error:
            raise conflict(
                f"A sync is already running for connection {connection_name!r} ({connection_id})."
            ) from error
        if row is None:
            raise RuntimeError("PostgreSQL stored no job")
        return int(row["job_id"])

    def get(self, job_id: int) -> Row:
        """Raises Problem 404."""
        with self._pool.connection() as connection:
            row = connection.execute(_JOB_SQL + " where job.job_id = %s", (job_id,)).fetchone()
        if row is None:
            raise not_found("job", job_id)
        return row

    def page(self, chosen: JobFilter) -> list[Row]:
        column, _, direction = chosen.order_by.partition("|")
        order = sql.SQL(" order by {} {}, job.job_id limit %s offset %s").format(
            sql.Identifier("job", "updated_at" if column == "updatedAt" else "created_at"),
            sql.SQL("desc" if direction.upper() == "DESC" else "asc"),
        )
        query = sql.SQL(
            _JOB_SQL
            + """
            where (%s::uuid is null or job.connection_id = %s)
                and (%s::text is null or job.status = %s)
                and (%s::text is null or job.job_type = %s)
                and (%s::timestamptz is null or job.created_at >= %s)
                and (%s::timestamptz is null or job.created_at <= %s)
                and (%s::timestamptz is null or job.updated_at >= %s)
                and (%s::timestamptz is null or job.updated_at <= %s)
            """
        )
        filters = (
            chosen.connection_id,
            chosen.status,
            chosen.job_type,
            chosen.created_at_start,
            chosen.created_at_end,
            chosen.updated_at_start,
            chosen.updated_at_end,
        )
        doubled = [value for value in filters for _ in range(2)]
        with self._pool.connection() as connection:
            return connection.execute(query + order, (*doubled, chosen.limit, chosen.offset)).fetchall()

    def attempts(self, job_id: int) -> list[Row]:
        with self._pool.connection() as connection:
            return connection.execute(
                "select * from airbyte.attempts where job_id = %s order by attempt_number", (job_id,)
            ).fetchall()

    def unfinished(self) -> list[Row]:
        """Jobs that a new server has to go on with, oldest first."""
        with self._pool.connection() as connection:
            return connection.execute(
                "select * from airbyte.jobs"
                " where status in ('pending', 'running', 'incomplete') order by job_id"
            ).fetchall()

    def forget_old(self, connection_id: UUID, newest: int, ended_before: dt.datetime) -> list[int]:
        """Forget ended jobs of a connection, some at a time; returns which.

        Args:
            connection_id: whose jobs.
            newest: so many of the newest stay, however old they are.
            ended_before: what has ended later stays.
        """
        with self._pool.connection() as connection:
            rows = connection.execute(
                """
                select job_id from airbyte.jobs
                where connection_id = %(connection)s and ended_at < %(ended_before)s
                    and job_id <= (
                        select job_id from airbyte.jobs where connection_id = %(connection)s
                        order by job_id desc offset %(newest)s limit 1
                    )
                order by job_id limit %(most)s
                """,
                {
                    "connection": connection_id,
                    "ended_before": ended_before,
                    "newest": newest,
                    "most": _FORGOTTEN_AT_ONCE,
                },
            ).fetchall()
            forgotten = [int(row["job_id"]) for row in rows]
            for table in ("files", "attempts", "jobs"):
                statement = sql.SQL("delete from {} where job_id = any(%s)")
                connection.execute(statement.format(sql.Identifier("airbyte", table)), (forgotten,))
        return forgotten

    def begin_attempt(self, job_id: int) -> int:
        """A running attempt of a running job; returns its number, counted from 0."""
        with self._pool.connection() as connection:
            row = connection.execute(
                """
                insert into airbyte.attempts (job_id, attempt_number, status)
                select %(job)s, count(*), 'running' from airbyte.attempts where job_id = %(job)s
                returning attempt_number
                """,
                {"job": job_id},
            ).fetchone()
            connection.execute(
                """
                update airbyte.jobs
                set status = 'running', started_at = coalesce(started_at, clock_timestamp()),
                    updated_at = clock_timestamp()
                where job_id = %s
                """,
                (job_id,),
            )
        if row is None:
            raise RuntimeError(f"PostgreSQL stored no attempt of job {job_id}")
        return int(row["attempt_number"])

    def end_attempt(
        self,
        job_id: int,
        attempt: int,
        succeeded: bool,
        failure: dict[str, Any] | None,
        job_status: JobStatus,
    ) -> None:
        """Close the attempt and say what it means for the job."""
        with self._pool.connection() as connection:
            connection.execute(
                """
                update airbyte.attempts
                set status = %s, failure = %s, updated_at = clock_timestamp(), ended_at = clock_timestamp()
                where job_id = %s and attempt_number = %s
                """,
                (
                    "succeeded" if succeeded else "failed",
                    Jsonb(failure) if failure else None,
                    job_id,
                    attempt,
                ),
            )
            self._set_status(connection, job_id, job_status)

    def set_status(self, job_id: int, status: JobStatus) -> None:
        with self._pool.connection() as connection:
            self._set_status(connection, job_id, status)

    def request_cancel(self, job_id: int) -> None:
        """Remembered, so that a server that dies while it cancels does not run the job again."""
        with self._pool.connection() as connection:
            connection.execute(
                "update airbyte.jobs set cancel_requested = true, updated_at = clock_timestamp()"
                " where job_id = %s",
                (job_id,),
            )

    def announce_file(self, job_id: int, attempt: int, stream: str, key: str) -> None:
        """Remember a key before the file appears under it."""
        with self._pool.connection() as connection:
            connection.execute(
                "insert into airbyte.files (s3_key, job_id, attempt_number, stream) values (%s, %s, %s, %s)",
                (key, job_id, attempt, stream),
            )

    def uncommitted_files(self, job_id: int) -> list[str]:
        """Files that an earlier attempt stored, or started to store, without saving the state after them."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "select s3_key from airbyte.files where job_id = %s and not committed", (job_id,)
            ).fetchall()
        return [row["s3_key"] for row in rows]

    def commit(self, connection_id: UUID, job_id: int, attempt: int, commit: Commit) -> None:
        """Files, counters and state become true together."""
        with self._pool.connection() as connection:
            count_parts(connection, job_id, attempt, commit.parts)
            save_state(connection, connection_id, commit)
            connection.execute(
                "update airbyte.jobs set updated_at = clock_timestamp() where job_id = %s", (job_id,)
            )

    def remember_slot(self, job_id: int, attempt: int, slot: dict[str, Any]) -> None:
        """Keep what an attempt last saw of its replication slot."""
        with self._pool.connection() as connection:
            connection.execute(
                "update airbyte.attempts set replication_slot = %s where job_id = %s and attempt_number = %s",
                (Jsonb(slot), job_id, attempt),
            )

    @staticmethod
    def _set_status(connection: psycopg.Connection[Row], job_id: int, status: JobStatus) -> None:
        # A final state is final: a job that was cancelled while it ended does not come back to life.
        connection.execute(
            """
            update airbyte.jobs
            set status = %(status)s, updated_at = clock_timestamp(),
                ended_at = case when %(finished)s then clock_timestamp() end
            where job_id = %(job)s and status not in ('failed', 'succeeded', 'cancelled')
            """,
            {"status": status, "finished": status.finished, "job": job_id},
        )
