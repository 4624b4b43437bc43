"""The hot tables: the newest version of each key that the stream has brought, merged batch by batch.

A version is newer if its place in the source's log is. So a batch can be merged twice, and two batches in any
order, with the same rows in the end. A deleted row stays as a tombstone, which keeps an older version from
bringing it back. docs/decisions/0028-hot-and-cold-behind-one-view.md says why each statement is as it is.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final

from lakehouse.bronze.catalogue import LAKE_SOURCE
from lakehouse.bronze.contract import Contract
from lakehouse.dremio.client import DremioClient
from lakehouse.platform.database import Lock, PostgresConnections, transaction
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.lake_layout import BRONZE
from lakehouse.platform.sql_files import quote_path, render_sql
from lakehouse.stream.hot_layout import (
    ADDED_COLUMNS,
    EDGE_TABLE,
    EDGE_VIEW,
    HOT_SOURCE,
    TRUNCATIONS_TABLE,
    TRUNCATIONS_VIEW,
    HotColumn,
    HotTable,
    hot_view,
    number_in,
    stream_contracts,
    table_number,
)
from lakehouse.stream.hot_upkeep import HotUpkeep, Upkeep
from lakehouse.stream.view_files import ensure_view

INCOMING_BATCHES: Final = 8
INCOMING_ROWS: Final = 20_000
"""After so many batches or rows the incoming table is emptied. Rows that were merged before cost only the
reading of a file for each batch; emptying costs a statement, which takes a real Dremio most of a second."""
LOOK_AFTER_MERGES: Final = 4
"""So many merges later a table's files are counted. In the embedded engine each merge adds two."""


class HotTablesMissingError(PermanentError):
    """The stream's hot table or its view is not there."""


class HotColumnsDifferError(PermanentError):
    """The stream's contract has changed since its hot table was made."""


@dataclass(frozen=True)
class HotBatch:
    """The checked rows of one stream and micro-batch, in bronze."""

    stream: str
    batch_id: int
    keys: tuple[str, ...]
    """Keys of the batch's Parquet objects, below the folder `bronze/`."""
    rows: int
    truncated_at: int | None = None
    """LSN of the newest truncation in the batch (`BuiltPartition.truncated_at`)."""


@dataclass(frozen=True)
class MergeReport:
    """What a merge did."""

    changed: int
    """Keys whose row is another one now."""
    seconds: float


class HotTables:
    """Writes the hot tables. One writer at a time per stream: a lock in PostgreSQL sees to that.

    Raises from every call: what `DremioClient` raises; PlatformDatabaseUnavailableError.
    """

    def __init__(
        self,
        client: DremioClient,
        postgres: PostgresConnections,
        contracts: Mapping[str, Contract] | None = None,
    ) -> None:
        self._client = client
        self._postgres = postgres
        self._contracts = stream_contracts() if contracts is None else contracts
        self._upkeep = HotUpkeep(client, postgres)
        self._waiting: dict[str, tuple[int, int]] = {}
        """Batches and rows in the incoming table of a stream."""
        self._merges: Counter[str] = Counter()
        """Merges since the files of a stream's table were counted."""

    def create(self) -> list[str]:
        """Create the tables and views that are missing; the names of those that were created or replaced.

        Raises:
            HotColumnsDifferError: a contract has changed.
            HotTablesMissingError: a view is gone, and there is more than one table that it may have shown.
        """
        done = []
        for view, table, statement in (
            (EDGE_VIEW, EDGE_TABLE, "create_edge.sql"),
            (TRUNCATIONS_VIEW, TRUNCATIONS_TABLE, "create_truncations.sql"),
        ):
            if self._client.find(table) is None:
                self._client.run(render_sql(f"dremio/stream/{statement}", {"table": quote_path(table)}))
                done.append(".".join(table))
            if ensure_view(self._client, view, f"select * from {quote_path(table)}"):
                done.append(".".join(view))
        for stream, contract in self._contracts.items():
            with transaction(self._postgres, writer_lock(stream)):
                done += self._create_of(contract)
        return done

    def table_of(self, stream: str) -> HotTable:
        """The table that the view `hot.<stream>` shows.

        Raises:
            HotTablesMissingError: there is no such view.
        """
        entity = self._client.find(hot_view(stream))
        number = None if entity is None else table_number(stream, str(entity.get("sql", "")))
        if number is None:
            raise HotTablesMissingError(f"Dremio has no view hot.{stream}: run provision_platform")
        return HotTable(self._contracts[stream], number)

    def merge(self, batch: HotBatch) -> MergeReport:
        """Merge a batch's rows; of each key the newest version stays. Merging it again changes nothing.

        Raises:
            HotTablesMissingError: `create` was never called.
        """
        started = time.monotonic()
        changed = 0
        if batch.rows or batch.truncated_at is not None:
            with transaction(self._postgres, writer_lock(batch.stream)):
                table = self.table_of(batch.stream)
                changed = self.merge_into(table, batch)
                self._compact_after_some(table)
        return MergeReport(changed, time.monotonic() - started)

    def merge_into(self, table: HotTable, batch: HotBatch, rebuilding: bool = False) -> int:
        """Merge a batch into a table of the stream, whose only writer the caller is.

        Args:
            table: a physical table of the stream.
            batch: rows in bronze.
            rebuilding: the table is filled with what was merged before into another one.

        Returns:
            How many keys have another row now.
        """
        for folder, names in _by_folder(batch.keys).items():
            copy = {"incoming": quote_path(table.incoming), "location": folder, "files": names}
            self._client.run(render_sql("dremio/stream/copy_batch.sql", copy))
        values = table.sql_values() | {
            "batch_id": batch.batch_id,
            "truncated": batch.truncated_at is not None,
            "rebuilding": rebuilding,
        }
        if batch.truncated_at is not None and table.gold and self._client.find(table.gold) is None:
            values["gold"] = None
        job = self._client.run(render_sql("dremio/stream/merge_batch.sql", values))
        changed = sum(int(row["Records"]) for row in self._client.rows(job.id))
        if batch.truncated_at is not None:
            self._client.run(render_sql("dremio/stream/insert_truncations.sql", values))
        self._empty_when_full(table, batch.rows)
        return changed

    def empty_incoming(self, table: HotTable) -> None:
        """Forget what was merged from the incoming table."""
        self._client.run(render_sql("dremio/stream/empty_table.sql", {"table": quote_path(table.incoming)}))
        self._waiting[table.stream] = (0, 0)

    def create_table(self, contract: Contract, number: int) -> HotTable:
        """Create the numbered table of a stream, with its incoming table, unless they are there."""
        table = HotTable(contract, number)
        added = [HotColumn(name, kind) for name, kind in ADDED_COLUMNS.items()]
        for path, columns in (
            (table.path, [*table.columns, *added]),
            (table.incoming, table.incoming_columns),
        ):
            values = {"table": quote_path(path), "columns": columns}
            self._client.run(render_sql("dremio/stream/create_hot_table.sql", values))
        return table

    def create_next_table(self, stream: str) -> HotTable:
        """An empty table beside the one that `hot.<stream>` shows; drops those that it no longer shows.

        Raises:
            KeyError: no such stream.
        """
        contract = self._contracts[stream]
        entity = self._client.find(hot_view(stream))
        shown = None if entity is None else table_number(stream, str(entity.get("sql", "")))
        numbers = self._numbers(stream)
        for number in numbers - {shown}:
            unused = HotTable(contract, number)
            for path in (unused.path, unused.incoming):
                self._client.run(render_sql("dremio/stream/drop_table.sql", {"table": quote_path(path)}))
        return self.create_table(contract, max(numbers | {shown or 0}) + 1)

    def tidy(self, table: HotTable) -> None:
        """Compact and prune a table that no view shows yet."""
        self._upkeep.prune(table, datetime.now(UTC))
        self._upkeep.compact(table)

    def show(self, table: HotTable) -> bool:
        """Make `hot.<stream>` the view of this table: one statement. False if it is already."""
        return ensure_view(self._client, hot_view(table.stream), f"select * from {quote_path(table.path)}")

    def maintain(self, now: datetime) -> Upkeep:
        """Compact, expire and prune what is due; returns at once if nothing is."""
        return self._upkeep.run_if_due([self.table_of(stream) for stream in self._contracts], now)

    def file_count(self, stream: str) -> int:
        """Data files of the stream's table now."""
        return self._upkeep.file_count(self.table_of(stream))

    def _create_of(self, contract: Contract) -> list[str]:
        if self._client.find(hot_view(contract.stream)) is not None:
            table = self.table_of(contract.stream)
            self._require_columns(table)
            self.empty_incoming(table)
            return []
        if self._numbers(contract.stream):
            raise HotTablesMissingError(
                f"Dremio has hot tables of {contract.stream} but no view hot.{contract.stream} to say "
                f"which of them counts: run bin/stream rebuild {contract.stream}"
            )
        first = self.create_table(contract, 1)
        self.show(first)
        return [".".join(first.path), ".".join(hot_view(contract.stream))]

    def _numbers(self, stream: str) -> set[int]:
        """Of the physical tables that the stream has."""
        statement = render_sql("dremio/stream/hot_tables.sql", {"source": HOT_SOURCE, "stream": stream})
        names = [str(row["table_name"]) for row in self._client.query(statement)]
        return {number for name in names if (number := number_in(stream, name)) is not None}

    def _require_columns(self, table: HotTable) -> None:
        entity = self._client.find(table.path) or {}
        found = {str(field["name"]) for field in entity.get("fields", [])}
        wanted = {column.name for column in table.columns} | ADDED_COLUMNS.keys()
        if found != wanted:
            raise HotColumnsDifferError(
                f"the hot table {'.'.join(table.path)} has not the columns of the stream's contract "
                f"({', '.join(sorted(found ^ wanted))}): run bin/stream rebuild {table.stream}"
            )

    def _compact_after_some(self, table: HotTable) -> None:
        self._merges[table.stream] += 1
        if self._merges[table.stream] >= LOOK_AFTER_MERGES:
            self._merges[table.stream] = 0
            self._upkeep.compact_if_many(table)

    def _empty_when_full(self, table: HotTable, rows: int) -> None:
        batches, waiting = self._waiting.get(table.stream, (0, 0))
        batches, waiting = batches + 1, waiting + rows
        self._waiting[table.stream] = batches, waiting
        if batches >= INCOMING_BATCHES or waiting >= INCOMING_ROWS:
            self.empty_incoming(table)


def writer_lock(stream: str) -> Lock:
    """Who writes the stream's hot table, or puts another one in its place, holds this."""
    return Lock("hot", stream)


def _by_folder(keys: Sequence[str]) -> dict[str, list[str]]:
    """Names of the objects by the location that COPY INTO reads them from: `@lake_bronze/<folder>`."""
    found: dict[str, list[str]] = {}
    for key in keys:
        path = PurePosixPath(key.removeprefix(BRONZE))
        found.setdefault(f"@{LAKE_SOURCE}/{path.parent}", []).append(path.name)
    return found
