"""The ledger of micro-batches in the platform's PostgreSQL: how far each one is, and what it holds.

A batch goes syncing -> landed -> bronze -> merged, and one is in flight at a time. Whatever dies, the row
says where to go on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from lakehouse.landing.ledger_rows import LandingFile
from lakehouse.platform.database import PostgresConnections, platform_postgres, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.plan import CONNECTION


class BatchState(StrEnum):
    """How far a batch is."""

    SYNCING = "syncing"
    """Its sync is about to start, runs, or has ended without its landing objects being claimed."""
    LANDED = "landed"
    """Its landing objects are its own."""
    BRONZE = "bronze"
    """Its rows are checked and lie in bronze."""
    MERGED = "merged"
    """The hot tables have it."""


class LoadState(StrEnum):
    """Did the contract let a stream's rows pass?"""

    LOADED = "loaded"
    REJECTED = "rejected"


@dataclass(frozen=True)
class Batch:
    """One micro-batch. Positions of the log are in bytes; times are those of the platform's database."""

    id: int
    state: BatchState
    day: date
    """UTC day of its start: its bronze files are kept under it."""
    run_id: str
    job_id: int | None
    from_lsn: int | None
    to_lsn: int | None
    """Everything that was committed at the source before this position is merged with the batch."""
    rows_landed: int | None
    attempts: int
    last_error: str | None
    started_at: datetime
    landed_at: datetime | None
    bronze_at: datetime | None
    merged_at: datetime | None


@dataclass(frozen=True)
class ClaimedFile:
    """A landing object that a batch takes; size in bytes."""

    stream: str
    key: str
    rows: int
    bytes: int
    job_id: int | None


@dataclass(frozen=True)
class StreamLoad:
    """The account of one stream of a batch: rows_in = loaded + deduplicated + quarantined."""

    batch_id: int
    stream: str
    day: date
    state: LoadState
    rows_in: int
    rows_loaded: int
    rows_deduplicated: int
    rows_quarantined: int
    landing_files: int
    s3_key: str | None
    """The file that holds its rows: the batch's own, or its hour's. None: no row was loaded."""
    quarantine_key: str | None
    bytes: int
    truncated_at_lsn: int | None
    """The source's table was emptied there: rows with a lower position are gone."""
    highest_lsn: int | None
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Bad rows by column, columns that the contract does not name or that are missing."""


@dataclass(frozen=True)
class DayAccount:
    """What a stream's batches of one UTC day add up to."""

    rows_in: int
    rows_quarantined: int


class StreamLedger:
    """The batches of one connection. Every method raises PlatformDatabaseUnavailableError."""

    def __init__(self, postgres: PostgresConnections, connection: str = CONNECTION) -> None:
        self.postgres = postgres
        self.connection = connection

    @classmethod
    def of_platform(cls) -> StreamLedger:
        """The ledger that Airflow's connections lead to."""
        return cls(platform_postgres())

    # reading

    def in_flight(self) -> Batch | None:
        """The batch that is not merged yet."""
        return self._found(merged=False)

    def last_merged(self) -> Batch | None:
        """The newest batch that the hot tables have."""
        return self._found(merged=True)

    def batch(self, batch_id: int) -> Batch:
        """A batch by its number. Raises LookupError."""
        found = self._found(batch_id)
        if found is None:
            raise LookupError(f"there is no micro-batch {batch_id} of {self.connection}")
        return found

    def files(self, batch: Batch, stream: str) -> list[LandingFile]:
        """The landing objects of one stream that the batch has claimed, in the order of their keys."""
        rows = self._all("select_landing_files", {"batch_id": batch.id, "stream": stream})
        return [LandingFile(key, int(count), int(size), str(job or "")) for key, count, size, job in rows]

    def newest_claimed(self, stream: str) -> str | None:
        """The greatest key of the stream's claimed landing objects."""
        [(key,)] = self._all("select_newest_claimed", {"stream": stream})
        return None if key is None else str(key)

    def claimed_keys(self, stream: str, after: str) -> set[str]:
        """The stream's claimed landing objects with a greater key."""
        return {str(key) for (key,) in self._all("select_claimed_keys", {"stream": stream, "after": after})}

    def loads(self, batch: Batch) -> list[StreamLoad]:
        """The account of the batch's streams."""
        return [_load(row) for row in self._all("select_loads", {"batch_id": batch.id})]

    def bronze_keys(self, batch: Batch, stream: str) -> list[str]:
        """The bronze files that hold the batch's rows of a stream."""
        return [load.s3_key for load in self.loads(batch) if load.stream == stream and load.s3_key]

    def day_account(self, stream: str, day: date, without: Batch) -> DayAccount:
        """What the day's other batches add up to."""
        values = {"stream": stream, "day": day, "batch_id": without.id}
        [(rows_in, quarantined)] = self._all("select_day_account", values)
        return DayAccount(int(rows_in), int(quarantined))

    # writing

    def begin(self, run_id: str, to_lsn: int | None) -> Batch:
        """A new batch, or the one that is in flight.

        Args:
            run_id: the run that starts it.
            to_lsn: where the source's log ends now, if that is known.
        """
        started = self._all("insert_batch", {"run_id": run_id, "to_lsn": to_lsn})
        return self.batch(started[0][0]) if started else self._in_flight()

    def attempt(self, batch: Batch, to_lsn: int | None) -> Batch:
        """The batch's sync is started once more; its position is that of the new sync."""
        return self._changed("update_batch_attempt", batch, {"to_lsn": to_lsn})

    def started(self, batch: Batch, job_id: int, keeps_position: bool) -> Batch:
        """Airbyte's job of the batch is known. One that began before the batch did proves no position."""
        return self._changed(
            "update_batch_started", batch, {"job_id": job_id, "keeps_position": keeps_position}
        )

    def landed(self, batch: Batch, files: Sequence[ClaimedFile]) -> Batch:
        """The batch has these landing objects, and nobody else will have them."""
        with transaction(self.postgres) as cursor:
            for file in files:
                cursor.execute(
                    read_sql("postgres/stream/insert_landing_file.sql"),
                    {
                        "s3_key": file.key,
                        "stream": file.stream,
                        "batch_id": batch.id,
                        "job_id": file.job_id,
                        "rows": file.rows,
                        "bytes": file.bytes,
                    },
                )
            values = {"batch_id": batch.id, "rows_landed": sum(file.rows for file in files)}
            cursor.execute(read_sql("postgres/stream/update_batch_landed.sql"), values)
        return self.batch(batch.id)

    def loaded(self, load: StreamLoad) -> None:
        """Store the account of one stream of a batch, over that of an earlier attempt."""
        with transaction(self.postgres) as cursor:
            cursor.execute(read_sql("postgres/stream/upsert_load.sql"), _values_of(load))

    def in_bronze(self, batch: Batch, loads: Sequence[StreamLoad]) -> Batch:
        """All of the batch is in bronze, with this account."""
        with transaction(self.postgres) as cursor:
            for load in loads:
                cursor.execute(read_sql("postgres/stream/upsert_load.sql"), _values_of(load))
            cursor.execute(read_sql("postgres/stream/update_batch_bronze.sql"), {"batch_id": batch.id})
        return self.batch(batch.id)

    def merged(self, batch: Batch) -> Batch:
        """The hot tables have the batch."""
        return self._changed("update_batch_merged", batch, {})

    def failed(self, batch: Batch, error: str) -> None:
        """An attempt at the batch has failed; it is tried again."""
        self._changed("update_batch_failed", batch, {"error": error})

    def _in_flight(self) -> Batch:
        found = self.in_flight()
        if found is None:
            raise LookupError(f"{self.connection}: the batch in flight was merged by another run meanwhile")
        return found

    def _changed(self, statement: str, batch: Batch, values: Mapping[str, Any]) -> Batch:
        self._all(statement, {"batch_id": batch.id, **values})
        return self.batch(batch.id)

    def _found(self, batch_id: int | None = None, merged: bool = False) -> Batch | None:
        rows = self._all("select_batch", {"batch_id": batch_id, "merged": merged})
        return _batch(rows[0]) if rows else None

    def _all(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        with transaction(self.postgres) as cursor:
            cursor.execute(
                read_sql(f"postgres/stream/{statement}.sql"), {"connection": self.connection, **values}
            )
            return list(cursor.fetchall())


def _batch(row: Sequence[Any]) -> Batch:
    batch_id, state, *rest = row
    return Batch(int(batch_id), BatchState(state), *rest)


def _load(row: Sequence[Any]) -> StreamLoad:
    batch_id, stream, day, state, *rest = row
    return StreamLoad(int(batch_id), stream, day, LoadState(state), *rest)


def _values_of(load: StreamLoad) -> dict[str, Any]:
    return {**vars(load), "state": load.state.value, "detail": json.dumps(load.detail)}
