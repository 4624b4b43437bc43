"""Which landing objects belong to which business date.

Airbyte lands what changed since its last state, whatever the date. The ledger gives every landing object
to exactly one business date, so that a date can be replayed from the same objects forever: to the date
whose run started the sync that wrote it, else to the first date that finds it. Kept in the platform's
PostgreSQL: `landing_files`, `landing_syncs`, `landing_jobs`, `landing_daytime_syncs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from lakehouse.landing.footers import read_footer
from lakehouse.landing.ledger_rows import (
    ClaimReport,
    LandingFile,
    LandingIncompleteError,
    LastList,
    check_streams,
    dates_of_jobs,
    daytime_syncs,
    landed_rows,
    last_job,
    last_list,
    record_sync,
    sync_of,
    totals,
)
from lakehouse.platform.database import Lock, PostgresConnections, platform_postgres, transaction
from lakehouse.platform.lake_layout import LandingKey, landing_folder, parse_landing_key
from lakehouse.platform.sql_files import read_sql
from lakehouse.platform.storage import LakeStorage

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook


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
            return sync_of(cursor, source, business_date) is not None

    def synced_before(self, source: str, business_date: date) -> date | None:
        """Another date whose sync came first and can have taken this date's changes, if there is one."""
        with transaction(self._postgres) as cursor:
            cursor.execute(
                read_sql("postgres/landing/select_sync_before.sql"),
                {"source": source, "business_date": business_date},
            )
            row = cursor.fetchone()
            return None if row is None else row[0]

    def report(self, source: str, business_date: date) -> ClaimReport:
        """What the date holds of the source."""
        with transaction(self._postgres) as cursor:
            return totals(cursor, source, business_date)

    def files(self, source: str, stream: str, business_date: date) -> list[LandingFile]:
        """The objects of one stream that the date has claimed, in the order of their keys."""
        values = {"source": source, "stream": stream, "business_date": business_date}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/landing/select_landing_files.sql"), values)
            return [LandingFile(key, rows, size, job) for key, rows, size, job in cursor.fetchall()]

    def last_list(self, source: str, stream: str, business_date: date) -> LastList | None:
        """What the date's last sync brought of a stream; None if that is not known."""
        with transaction(self._postgres) as cursor:
            return last_list(cursor, source, stream, business_date)

    def expired(self, source: str, stream: str, business_date: date) -> tuple[int, int]:
        """How many of the stream's objects of the date retention has given up, and how many it has not."""
        values = {"source": source, "stream": stream, "business_date": business_date}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/landing/select_expired_claims.sql"), values)
            expired, readable = cursor.fetchone()
            return int(expired), int(readable)

    def keep_for(
        self, source: str, business_date: date, job_id: str | int, source_lsn: int | None = None
    ) -> None:
        """Keep what the job lands for that date, from now on for HELD_FOR.

        Args:
            source: as contracts and connections spell it.
            business_date: of the run that started the job.
            job_id: Airbyte's id of the sync.
            source_lsn: where the source's log was before the job started (`source_position`), if known.
        """
        values = {"source": source, "business_date": business_date, "job_id": str(job_id)}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/landing/upsert_landing_job.sql"), values)
            if source_lsn is not None:
                cursor.execute(
                    read_sql("postgres/landing/insert_source_position.sql"), values | {"lsn": source_lsn}
                )

    def date_of_job(self, source: str, job_id: str | int) -> date | None:
        """The date whose run started the job; None if no run did, or one that must have ended long ago."""
        with transaction(self._postgres) as cursor:
            return dates_of_jobs(cursor, source).get(str(job_id))

    def note(self, source: str, job_id: str | int, rows_emitted: int) -> None:
        """Keep what a sync for no date has committed, so that the date which claims it answers for it."""
        values = {"source": source, "job_id": str(job_id), "rows_emitted": rows_emitted}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/landing/insert_landing_daytime_sync.sql"), values)

    def claim(
        self,
        source: str,
        business_date: date,
        job_id: str | int,
        rows_emitted: int,
        rows_by_stream: Mapping[str, int] | None = None,
        answers_for: bool = True,
    ) -> ClaimReport:
        """Give the date every landing object of the source that no date has yet and none is waiting for.

        Idempotent: claiming the same job again adds what was missing and counts its rows once.

        Args:
            source: as contracts and connections spell it, such as `postgres_cdc`.
            business_date: the date of the run whose sync landed the objects.
            job_id: Airbyte's id of that sync.
            rows_emitted: rows Airbyte says the sync committed.
            rows_by_stream: what it says of each stream, by the stream's name in the lake, if it says so: one
                that came twice must not hide another that did not come, and 0 is an empty list.
            answers_for: must landing hold what it says? Not of a job that another run had started.

        Returns:
            All the date holds of the source, earlier claims included.

        Raises:
            LandingIncompleteError: landing holds fewer rows than the date's syncs committed.
            LandingFileUnreadableError: an object is truncated or is not Parquet.
        """
        with transaction(self._postgres, Lock("landing", source)) as cursor:
            own = {str(job_id): int(rows_emitted)}
            told = dict(rows_by_stream or {})
            report = self._claim(cursor, source, business_date, str(job_id), own, told)
            if answers_for:
                check_streams(cursor, source, str(job_id), told)
            return report

    def sources_of(self, business_date: date) -> list[str]:
        """Sources that the date has claimed something of, or keeps a job's rows of."""
        with transaction(self._postgres) as cursor:
            cursor.execute(
                read_sql("postgres/landing/select_sources_of_date.sql"), {"business_date": business_date}
            )
            return [source for (source,) in cursor.fetchall()]

    def release(self, source: str, business_date: date, to: date | None = None) -> ClaimReport:
        """Take from the date what it has claimed, as if it had never been extracted.

        The claim that comes next takes the objects, and answers for what their jobs have committed.

        Args:
            source: as contracts and connections spell it.
            business_date: the date that has them.
            to: claim them for this date at once, in the same transaction; it has been claimed before.

        Returns:
            What the date had.

        Raises:
            LandingIncompleteError: `to` cannot claim them, for landing lacks rows; nothing was released.
            LookupError: `to` was never claimed; nothing was released.
        """
        values = {"source": source, "business_date": business_date}
        with transaction(self._postgres, Lock("landing", source)) as cursor:
            released = totals(cursor, source, business_date)
            for statement in (
                "delete_landing_files",
                "delete_landing_jobs",
                "delete_landing_sync",
                "delete_source_positions",
            ):
                cursor.execute(read_sql(f"postgres/landing/{statement}.sql"), values)
            if to is not None:
                self._claim(cursor, source, to, last_job(cursor, source, to), {})
            return released

    def _claim(
        self,
        cursor: Any,
        source: str,
        business_date: date,
        job_id: str,
        own: Mapping[str, int],
        told: Mapping[str, int] | None = None,
    ) -> ClaimReport:
        self._take_unclaimed(cursor, source, business_date, job_id)
        report = totals(cursor, source, business_date)
        earlier = sync_of(cursor, source, business_date)
        between = daytime_syncs(cursor, source, business_date)
        jobs = {**(earlier or {}), **between, **own}
        landed = landed_rows(cursor, source, business_date, jobs)
        if landed < sum(jobs.values()):
            raise LandingIncompleteError(
                f"Airbyte job {job_id} of source {source}: {sum(jobs.values())} rows were committed for "
                f"{business_date}, but its landing objects under {landing_folder(source)} hold "
                f"{landed}; nothing was claimed, rerun this stage"
            )
        record_sync(cursor, source, business_date, job_id, jobs, report, told)
        return report

    def _take_unclaimed(self, cursor: Any, source: str, business_date: date, job_id: str) -> None:
        kept_for = dates_of_jobs(cursor, source)
        for landed, size in self._unclaimed(cursor, source):
            footer = read_footer(self._lake, landed.key)
            writer = footer.job_id or job_id
            if kept_for.get(writer, business_date) != business_date:
                continue
            cursor.execute(
                read_sql("postgres/landing/insert_landing_file.sql"),
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
        cursor.execute(read_sql("postgres/landing/select_claimed_keys.sql"), {"source": source})
        claimed = {key for (key,) in cursor.fetchall()}
        for item in self._lake.objects(landing_folder(source)):
            landed = parse_landing_key(item.key)
            if landed and item.key not in claimed:
                yield landed, item.size
