"""Which landing objects belong to which business date.

Airbyte lands what changed since its last state, whatever the date. The ledger gives every landing object
to exactly one business date, so that a date can be replayed from the same objects for ever: to the date
whose run started the sync that wrote it, else to the first date that finds it. Kept in the platform's
PostgreSQL: `landing_files`, `landing_syncs`, `landing_jobs`, `landing_daytime_syncs`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from lakehouse.landing.footers import read_footer
from lakehouse.platform.database import Lock, PostgresConnections, platform_postgres, transaction
from lakehouse.platform.errors import TransientError
from lakehouse.platform.lake_layout import LandingKey, landing_folder, parse_landing_key
from lakehouse.platform.sql_files import read_sql
from lakehouse.platform.storage import LakeStorage

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook


HELD_FOR: Final = timedelta(hours=6)
"""How long what a sync landed waits for the run that started it: as long as a run may last. After that the
next date takes it, so that a date which is never run again withholds nothing from gold."""


class LandingIncompleteError(TransientError):
    """Airbyte says it committed more rows than its landing objects hold."""


@dataclass(frozen=True)
class LandingFile:
    """One landing object of a date; size in bytes."""

    key: str
    rows: int
    bytes: int
    job_id: str


@dataclass(frozen=True)
class StreamClaim:
    """What a date holds of one stream; size in bytes."""

    files: int
    rows: int
    bytes: int


@dataclass(frozen=True)
class ClaimReport:
    """What a date holds of a source; size in bytes."""

    rows: int
    bytes: int
    files: int
    per_stream: dict[str, StreamClaim]


class LandingLedger:
    """Claims landing objects for business dates and lists what a date has claimed."""

    def __init__(self, postgres: PostgresConnections, lake: S3Hook | LakeStorage) -> None:
        self._postgres = postgres
        self._lake = lake if isinstance(lake, LakeStorage) else LakeStorage.of(lake)

    @classmethod
    def of_platform(cls) -> LandingLedger:
        """The ledger that Airflow's connections lead to."""
        return cls(platform_postgres(), LakeStorage.from_connection())

    def is_complete(self, source: str, business_date: date) -> bool:
        """Has a sync of this source been claimed for this date?"""
        with transaction(self._postgres) as cursor:
            return _sync_of(cursor, source, business_date) is not None

    def synced_before(self, source: str, business_date: date) -> date | None:
        """Another date whose sync came first and can have taken this date's changes, if there is one."""
        with transaction(self._postgres) as cursor:
            cursor.execute(
                read_sql("postgres/select_sync_before.sql"),
                {"source": source, "business_date": business_date},
            )
            row = cursor.fetchone()
            return None if row is None else row[0]

    def report(self, source: str, business_date: date) -> ClaimReport:
        """What the date holds of the source."""
        with transaction(self._postgres) as cursor:
            return _totals(cursor, source, business_date)

    def files(self, source: str, stream: str, business_date: date) -> list[LandingFile]:
        """The objects of one stream that the date has claimed, in the order of their keys."""
        values = {"source": source, "stream": stream, "business_date": business_date}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/select_landing_files.sql"), values)
            return [LandingFile(key, rows, size, job) for key, rows, size, job in cursor.fetchall()]

    def keep_for(self, source: str, business_date: date, job_id: str | int) -> None:
        """Keep what the job lands for that date, from now on for HELD_FOR."""
        values = {"source": source, "business_date": business_date, "job_id": str(job_id)}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/upsert_landing_job.sql"), values)

    def date_of_job(self, source: str, job_id: str | int) -> date | None:
        """The date whose run started the job; None if no run did, or one that must have ended long ago."""
        with transaction(self._postgres) as cursor:
            return _dates_of_jobs(cursor, source).get(str(job_id))

    def note(self, source: str, job_id: str | int, rows_emitted: int) -> None:
        """Keep what a sync for no date has committed, so that the date which claims it answers for it."""
        values = {"source": source, "job_id": str(job_id), "rows_emitted": rows_emitted}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/insert_landing_daytime_sync.sql"), values)

    def claim(
        self,
        source: str,
        business_date: date,
        job_id: str | int,
        rows_emitted: int,
        rows_by_stream: Mapping[str, int] | None = None,
    ) -> ClaimReport:
        """Give the date every landing object of the source that no date has yet and none is waiting for.

        Idempotent: claiming the same job again adds what was missing and counts its rows once.

        Args:
            source: as contracts and connections spell it, such as `postgres_cdc`.
            business_date: the date of the run whose sync landed the objects.
            job_id: Airbyte's id of that sync.
            rows_emitted: rows Airbyte says the sync committed.
            rows_by_stream: what it says of each stream, if it says so: one that came twice must not hide
                another that did not come.

        Returns:
            All the date holds of the source, earlier claims included.

        Raises:
            LandingIncompleteError: landing holds fewer rows than the date's syncs committed.
            LandingFileUnreadableError: an object is truncated or is not Parquet.
        """
        with transaction(self._postgres, Lock("landing", source)) as cursor:
            self._take_unclaimed(cursor, source, business_date, str(job_id))
            report = _totals(cursor, source, business_date)
            earlier = _sync_of(cursor, source, business_date)
            between = _daytime_syncs(cursor, source, business_date)
            jobs = {**(earlier or {}), **between, str(job_id): int(rows_emitted)}
            landed = _landed_rows(cursor, source, business_date, jobs)
            if landed < sum(jobs.values()):
                raise LandingIncompleteError(
                    f"Airbyte job {job_id} of source {source}: {sum(jobs.values())} rows were committed for "
                    f"{business_date}, but its landing objects under {landing_folder(source)} hold "
                    f"{landed}; nothing was claimed, rerun this stage"
                )
            _check_streams(cursor, source, str(job_id), rows_by_stream or {})
            _record_sync(cursor, source, business_date, str(job_id), jobs, report)
            return report

    def _take_unclaimed(self, cursor: Any, source: str, business_date: date, job_id: str) -> None:
        kept_for = _dates_of_jobs(cursor, source)
        for landed, size in self._unclaimed(cursor, source):
            footer = read_footer(self._lake, landed.key)
            writer = footer.job_id or job_id
            if kept_for.get(writer, business_date) != business_date:
                continue
            cursor.execute(
                read_sql("postgres/insert_landing_file.sql"),
                {
                    "s3_key": landed.key,
                    "source": source,
                    "stream": landed.stream,
                    "business_date": business_date,
                    "job_id": writer,
                    "rows": footer.rows,
                    "bytes": size,
                },
            )

    def _unclaimed(self, cursor: Any, source: str) -> Iterator[tuple[LandingKey, int]]:
        cursor.execute(read_sql("postgres/select_claimed_keys.sql"), {"source": source})
        claimed = {key for (key,) in cursor.fetchall()}
        for item in self._lake.objects(landing_folder(source)):
            landed = parse_landing_key(item.key)
            if landed and item.key not in claimed:
                yield landed, item.size


def _sync_of(cursor: Any, source: str, business_date: date) -> dict[str, int] | None:
    """Rows committed by each job claimed for the date; None before the first claim."""
    cursor.execute(
        read_sql("postgres/select_landing_sync.sql"), {"source": source, "business_date": business_date}
    )
    row = cursor.fetchone()
    return None if row is None else dict(row[1])


def _dates_of_jobs(cursor: Any, source: str) -> dict[str, date]:
    """The dates that wait for what a job lands."""
    cursor.execute(
        read_sql("postgres/select_dates_of_landing_jobs.sql"), {"source": source, "held_for": HELD_FOR}
    )
    return dict(cursor.fetchall())


def _daytime_syncs(cursor: Any, source: str, business_date: date) -> dict[str, int]:
    """Rows committed by the syncs since the last claim of any date; from now on they are this date's."""
    values = {"source": source, "business_date": business_date}
    cursor.execute(read_sql("postgres/claim_landing_daytime_syncs.sql"), values)
    return {job: int(rows) for job, rows in cursor.fetchall()}


def _landed_rows(cursor: Any, source: str, business_date: date, jobs: Mapping[str, int]) -> int:
    """Rows of the date and of its jobs: another date may have taken some, had the run been away too long."""
    cursor.execute(
        read_sql("postgres/select_landed_rows.sql"),
        {"source": source, "business_date": business_date, "job_ids": list(jobs)},
    )
    return int(cursor.fetchone()[0])


def _check_streams(cursor: Any, source: str, job_id: str, committed: Mapping[str, int]) -> None:
    cursor.execute(read_sql("postgres/select_rows_by_stream.sql"), {"source": source, "job_id": job_id})
    landed = dict(cursor.fetchall())
    short = [
        f"{stream} ({rows} committed, {landed.get(stream, 0)} landed)"
        for stream, rows in sorted(committed.items())
        if landed.get(stream, 0) < rows
    ]
    if short:
        raise LandingIncompleteError(
            f"Airbyte job {job_id} of source {source}: rows are missing under {landing_folder(source)}: "
            f"{', '.join(short)}; nothing was claimed, rerun this stage"
        )


def _totals(cursor: Any, source: str, business_date: date) -> ClaimReport:
    cursor.execute(
        read_sql("postgres/select_landing_totals.sql"), {"source": source, "business_date": business_date}
    )
    streams = {stream: StreamClaim(files, rows, size) for stream, files, rows, size in cursor.fetchall()}
    return ClaimReport(
        rows=sum(claim.rows for claim in streams.values()),
        bytes=sum(claim.bytes for claim in streams.values()),
        files=sum(claim.files for claim in streams.values()),
        per_stream=streams,
    )


def _record_sync(
    cursor: Any,
    source: str,
    business_date: date,
    job_id: str,
    jobs: Mapping[str, int],
    report: ClaimReport,
) -> None:
    per_stream = {
        stream: {"files": claim.files, "rows": claim.rows, "bytes": claim.bytes}
        for stream, claim in report.per_stream.items()
    }
    cursor.execute(
        read_sql("postgres/upsert_landing_sync.sql"),
        {
            "source": source,
            "business_date": business_date,
            "job_id": job_id,
            "jobs": json.dumps(dict(jobs)),
            "rows_emitted": sum(jobs.values()),
            "bytes": report.bytes,
            "per_stream": json.dumps(per_stream),
        },
    )
