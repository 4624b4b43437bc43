"""The landing ledger's rows: what its statements read and write within one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from lakehouse.platform.errors import TransientError
from lakehouse.platform.lake_layout import landing_folder
from lakehouse.platform.sql_files import read_sql

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
class LastList:
    """What the last sync of a date says that it committed of one stream."""

    job_id: str
    rows: int

    def is_empty(self, claimed: Sequence[LandingFile]) -> bool:
        """Was there no row at the source? Not if one of the date's objects comes from this sync or later."""
        return not self.rows and all(int(file.job_id) < int(self.job_id) for file in claimed if file.rows)


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


def sync_of(cursor: Any, source: str, business_date: date) -> dict[str, int] | None:
    """Rows committed by each job claimed for the date; None before the first claim."""
    cursor.execute(
        read_sql("postgres/landing/select_landing_sync.sql"),
        {"source": source, "business_date": business_date},
    )
    row = cursor.fetchone()
    return None if row is None else dict(row[1])


def last_job(cursor: Any, source: str, business_date: date) -> str:
    """The job whose rows the date claimed last. Raises LookupError before the first claim."""
    cursor.execute(
        read_sql("postgres/landing/select_landing_sync.sql"),
        {"source": source, "business_date": business_date},
    )
    row = cursor.fetchone()
    if row is None:
        raise LookupError(f"{business_date} has claimed nothing of {source}")
    return str(row[0])


def last_list(cursor: Any, source: str, stream: str, business_date: date) -> LastList | None:
    """What the date's last sync said of the stream; None if nothing."""
    cursor.execute(
        read_sql("postgres/landing/select_last_list.sql"),
        {"source": source, "stream": stream, "business_date": business_date},
    )
    row = cursor.fetchone()
    return None if row is None else LastList(str(row[0]), int(row[1]))


def dates_of_jobs(cursor: Any, source: str) -> dict[str, date]:
    """The dates that wait for what a job lands."""
    cursor.execute(
        read_sql("postgres/landing/select_dates_of_landing_jobs.sql"),
        {"source": source, "held_for": HELD_FOR},
    )
    return dict(cursor.fetchall())


def daytime_syncs(cursor: Any, source: str, business_date: date) -> dict[str, int]:
    """Rows committed by the syncs since the last claim of any date; from now on they are this date's."""
    values = {"source": source, "business_date": business_date}
    cursor.execute(read_sql("postgres/landing/claim_landing_daytime_syncs.sql"), values)
    return {job: int(rows) for job, rows in cursor.fetchall()}


def landed_rows(cursor: Any, source: str, business_date: date, jobs: Mapping[str, int]) -> int:
    """Rows of the date and of its jobs: another date may have taken some, had the run been away too long."""
    cursor.execute(
        read_sql("postgres/landing/select_landed_rows.sql"),
        {"source": source, "business_date": business_date, "job_ids": list(jobs)},
    )
    return int(cursor.fetchone()[0])


def check_streams(cursor: Any, source: str, job_id: str, committed: Mapping[str, int]) -> None:
    """Compare what the job committed of each stream with what it landed.

    Raises:
        LandingIncompleteError: rows of some stream are missing.
    """
    cursor.execute(
        read_sql("postgres/landing/select_rows_by_stream.sql"), {"source": source, "job_id": job_id}
    )
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


def totals(cursor: Any, source: str, business_date: date) -> ClaimReport:
    """All that the date holds of the source."""
    cursor.execute(
        read_sql("postgres/landing/select_landing_totals.sql"),
        {"source": source, "business_date": business_date},
    )
    streams = {stream: StreamClaim(files, rows, size) for stream, files, rows, size in cursor.fetchall()}
    return ClaimReport(
        rows=sum(claim.rows for claim in streams.values()),
        bytes=sum(claim.bytes for claim in streams.values()),
        files=sum(claim.files for claim in streams.values()),
        per_stream=streams,
    )


def record_sync(
    cursor: Any,
    source: str,
    business_date: date,
    job_id: str,
    jobs: Mapping[str, int],
    report: ClaimReport,
    told: Mapping[str, int] | None = None,
) -> None:
    """The date has been claimed, with these jobs; `told`: what the last one says of each stream, if asked."""
    per_stream = {
        stream: {"files": claim.files, "rows": claim.rows, "bytes": claim.bytes}
        for stream, claim in report.per_stream.items()
    }
    cursor.execute(
        read_sql("postgres/landing/upsert_landing_sync.sql"),
        {
            "source": source,
            "business_date": business_date,
            "job_id": job_id,
            "jobs": json.dumps(dict(jobs)),
            "rows_emitted": sum(jobs.values()),
            "bytes": report.bytes,
            "per_stream": json.dumps(per_stream),
            "rows_told": None if told is None else json.dumps(dict(told)),
        },
    )
