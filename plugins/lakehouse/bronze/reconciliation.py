"""The account of every bronze partition: rows in = rows loaded + deduplicated + quarantined."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from lakehouse.bronze.parquet_writer import WRITE_SETTINGS
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.sql_files import read_sql


class LoadState(StrEnum):
    """Did the partition become visible?"""

    LOADED = "loaded"
    REJECTED = "rejected"


class ReconciliationError(PermanentError):
    """Rows were lost or made up between landing and bronze."""


@dataclass(frozen=True)
class BronzeLoad:
    """One row of `bronze_loads`; `bytes` and `sha256` are those of the partition's data files."""

    source: str
    stream: str
    business_date: date
    state: LoadState
    rows_in: int
    rows_loaded: int
    rows_deduplicated: int
    rows_quarantined: int
    landing_files: int
    bytes: int
    sha256: str | None
    run_id: str
    explanation: str | None = None
    """Why the partition holds fewer rows than its contract expects of a date."""
    compression: str = WRITE_SETTINGS["compression"]
    """Of the data files: what loads write, or `zstd` where retention has compressed them again."""
    rows_tied: int = 0
    """Rows that differ from the one that was kept, though key, cursor and sync are the same."""
    tie_examples: str = ""
    """Keys of some of them."""
    list_is_empty: bool = False
    """Of a full refresh: the date's last list had no row, so nothing is at the source."""

    def reconcile(self, rows_claimed: int) -> None:
        """Check the account against what the ledger claimed for the date.

        Raises:
            ReconciliationError: the figures do not add up.
        """
        accounted = self.rows_loaded + self.rows_deduplicated + self.rows_quarantined
        if self.rows_in != rows_claimed or self.rows_in != accounted:
            raise ReconciliationError(
                f"stream {self.stream}, {self.business_date}: {rows_claimed} rows were claimed from landing, "
                f"{self.rows_in} were read, and {self.rows_loaded} loaded + {self.rows_deduplicated} "
                f"deduplicated + {self.rows_quarantined} quarantined make {accounted}; nothing was "
                "published. A landing object was changed after it was claimed: restore it"
            )


@dataclass(frozen=True)
class TiedLoad:
    """A load with such rows."""

    stream: str
    business_date: date
    rows: int
    examples: str


class BronzeLoads:
    """The table `bronze_loads` in the platform's PostgreSQL."""

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def record(self, load: BronzeLoad) -> None:
        """Store the account of a partition over an earlier one."""
        self._execute("postgres/bronze/upsert_bronze_load.sql", asdict(load))

    def load_of(self, source: str, stream: str, business_date: date) -> BronzeLoad | None:
        """The account of a partition; None before its first load."""
        key = {"source": source, "stream": stream, "business_date": business_date}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/bronze/select_bronze_load.sql"), key)
            names = [column[0] for column in cursor.description]
            row = cursor.fetchone()
        if row is None:
            return None
        values = dict(zip(names, row, strict=True)) | key
        return BronzeLoad(**values | {"state": LoadState(values["state"])})

    def tied(self) -> list[TiedLoad]:
        """The loads that have kept one of several rows that nothing tells apart, the newest first."""
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/bronze/select_tied_loads.sql"))
            return [TiedLoad(*row) for row in cursor.fetchall()]

    def rows_loaded(self, business_date: date) -> dict[str, int]:
        """Rows that each stream's published partition of the date holds."""
        with transaction(self._postgres) as cursor:
            cursor.execute(
                read_sql("postgres/bronze/select_bronze_loads.sql"), {"business_date": business_date}
            )
            return {stream: int(rows) for stream, rows in cursor.fetchall()}

    def empty_lists(self) -> list[tuple[str, date]]:
        """The newest date of each stream on which its whole list had no row."""
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/bronze/select_empty_lists.sql"))
            return [(stream, day) for stream, day in cursor.fetchall()]

    def streams_loaded(self, source: str, business_date: date) -> list[str]:
        """The source's streams that have a published partition of the date."""
        values = {"source": source, "business_date": business_date}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/bronze/select_loaded_streams.sql"), values)
            return [stream for (stream,) in cursor.fetchall()]

    def changed_since_catalogued(self, source: str, stream: str) -> list[date]:
        """Dates whose partition is not the one that Dremio listed last."""
        with transaction(self._postgres) as cursor:
            cursor.execute(
                read_sql("postgres/bronze/select_uncatalogued_partitions.sql"),
                {"source": source, "stream": stream},
            )
            return [day for (day,) in cursor.fetchall()]

    def record_catalogued(self, source: str, stream: str) -> None:
        """Dremio has listed the stream's files as they are now."""
        self._execute("postgres/bronze/upsert_bronze_catalogued.sql", {"source": source, "stream": stream})

    def _execute(self, sql: str, values: dict[str, object]) -> None:
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql(sql), values)
