"""Changes of one stream to Parquet, with the types and columns of a full read.

Airbyte's columns for CDC: `_ab_cdc_lsn` (the change's position in the log, bigint), `_ab_cdc_updated_at`
(when its transaction committed), `_ab_cdc_deleted_at` (the same moment, set on deletes only).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from airbyte_engine.worker.column_names import landed_name
from airbyte_engine.worker.landing import Landing, compression_of
from airbyte_engine.worker.postgres.address import literal, quoted
from airbyte_engine.worker.postgres.columns import Column, Table
from airbyte_engine.worker.postgres.pgoutput import UNCHANGED, Relation, Row, Value, values_at
from airbyte_engine.worker.postgres.snapshot import META_TYPE, open_duckdb
from airbyte_engine.worker.postgres.text_values import typed
from airbyte_engine.worker.protocol import Order

Key: TypeAlias = tuple[Value, ...]
Fetch: TypeAlias = Callable[[Relation, list[int], list[Key]], dict[Key, Row]]
"""Reads columns (by position) of rows (by key) as they stand now."""

_BATCH_ROWS = 50_000
_BATCH_BYTES = 32 * 1024 * 1024
"""Held in memory per stream, whatever a transaction's size; more goes to the file."""
_BATCH_UNCHANGED = 200
"""Rows whose TOAST values are fetched at a time: each may hold megabytes."""


class StreamChanges:
    """The changes of one stream since the last checkpoint: some rows in memory, the others in files."""

    def __init__(
        self, stream: str, order: Order, landing: Landing, engine: duckdb.DuckDBPyConnection, fetch: Fetch
    ) -> None:
        self._stream = stream
        self._order = order
        self._landing = landing
        self._engine = engine
        self._fetch = fetch
        self._relation: Relation | None = None
        self._rows: list[Row] = []
        self._lsns: list[int] = []
        self._moments: list[int] = []
        self._deleted: list[bool] = []
        self._bytes = 0
        self._incomplete = 0
        self._writer: pq.ParquetWriter | None = None
        self._files: list[Path] = []
        self._numbered = 0

    def add(self, relation: Relation, row: Row, lsn: int, moment: int, deleted: bool) -> None:
        """Take one change; a change of the table's columns starts another file."""
        if relation is not self._relation:
            self._describe(relation)
        self._rows.append(row)
        self._lsns.append(lsn)
        self._moments.append(moment)
        self._deleted.append(deleted)
        if UNCHANGED in (row[: -relation.unlogged] if relation.unlogged else row):
            self._incomplete += 1
        full = len(self._rows) >= _BATCH_ROWS or self._incomplete >= _BATCH_UNCHANGED
        if full or self._bytes >= _BATCH_BYTES:
            self._flush()

    def weigh(self, size: int) -> None:
        """Count the bytes of the next change's message."""
        self._bytes += size

    def finish(self) -> list[Path]:
        """The files of everything taken since the last call; each is whole, and in the order of the log."""
        self._close()
        files, self._files = self._files, []
        return files

    def _describe(self, relation: Relation) -> None:
        if self._relation is not None and self._relation.columns != relation.columns:
            self._close()
        self._flush()
        self._relation = relation

    def _close(self) -> None:
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _flush(self) -> None:
        if self._relation is None or not self._rows:
            return
        gaps = self._incomplete or self._relation.unlogged
        lost = self._complete(self._relation) if gaps else {}
        table = self._typed(self._relation.columns, lost)
        if self._writer is None:
            file = self._order.scratch_file(f"{self._stream}.changes-{self._numbered}.parquet")
            self._numbered += 1
            self._files.append(file)
            codec = compression_of(self._order.destination)
            self._writer = pq.ParquetWriter(file, table.schema, compression=codec)
        self._writer.write_table(table)
        for held in (self._rows, self._lsns, self._moments, self._deleted):
            held.clear()
        self._bytes = self._incomplete = 0

    def _complete(self, relation: Relation) -> dict[int, list[str]]:
        """Put in the TOAST values that the log does not repeat, as they stand in the table now: an update
        that changed them since comes later in the log. Returns the columns of rows that are gone by now, by
        row.
        """
        gaps = [number for number, row in enumerate(self._rows) if UNCHANGED in row]
        positions = sorted({at for number in gaps for at in _unchanged(self._rows[number])})
        keys = {number: values_at(self._rows[number], relation.key) for number in gaps}
        found = self._fetch(relation, positions, list(keys.values()))
        lost: dict[int, list[str]] = {}
        for number in gaps:
            row, current = self._rows[number], found.get(keys[number])
            for at in _unchanged(row):
                row[at] = current[positions.index(at)] if current else None
                if current is None:
                    lost.setdefault(number, []).append(relation.columns[at].name)
        return lost

    def _typed(self, columns: Sequence[Column], lost: dict[int, list[str]]) -> pa.Table:
        texts = [pa.array(values, pa.string()) for values in zip(*self._rows, strict=True)]
        given = {f"c{number}": values for number, values in enumerate(texts)} | {
            "lsn": pa.array(self._lsns, pa.int64()),
            "moment": pa.array(self._moments, pa.timestamp("us", "UTC")),
            "deleted": pa.array(self._deleted, pa.bool_()),
            "lost": pa.array([lost.get(n) for n in range(len(self._rows))], pa.list_(pa.string())),
        }
        self._engine.register("given", pa.table(given))
        try:
            # Lists are never cast strictly: one that does not fit is null, and must be told.
            if lost or any(column.is_parsed for column in columns):
                return self._engine.execute(self._query(columns, strict=False)).to_arrow_table()
            try:
                return self._engine.execute(self._query(columns, strict=True)).to_arrow_table()
            except duckdb.ConversionException:
                return self._engine.execute(self._query(columns, strict=False)).to_arrow_table()
        finally:
            self._engine.unregister("given")

    def _query(self, columns: Sequence[Column], strict: bool) -> str:
        """Strict fails on a value that its type cannot hold; else it is null, as `_airbyte_meta` says."""
        values = [typed(column, f"c{number}", strict) for number, column in enumerate(columns)]
        named = ", ".join(
            f"{value} as {quoted(landed_name(column.name))}"
            for column, value in zip(columns, values, strict=True)
        )
        changes = "[]" if strict else _changes(columns, values)
        moment = literal(self._landing.started.isoformat())
        return f"""
            select
                cast(uuid() as varchar) as _airbyte_raw_id,
                timestamptz {moment} as _airbyte_extracted_at,
                cast({self._order.generation_id} as bigint) as _airbyte_generation_id,
                cast({{'sync_id': {self._order.job_id}, 'changes': {changes}}} as {META_TYPE}) as
                _airbyte_meta, {named},
                lsn as _ab_cdc_lsn,
                moment as _ab_cdc_updated_at,
                case when deleted then moment end as _ab_cdc_deleted_at
            from given
        """


def truncation_file(stream: str, table: Table, lsn: int, order: Order, landing: Landing) -> Path:
    """The file of one row that says what a truncation at that position says: all older rows are deleted."""
    with closing(open_duckdb(order)) as engine:
        changes = StreamChanges(stream, order, landing, engine, lambda *_: {})
        relation = Relation(table.schema, table.name, tuple(table.columns), ())
        moment = round(landing.started.timestamp() * 1_000_000)
        changes.add(relation, [None] * len(table.columns), lsn, moment, True)
        [file] = changes.finish()
    return file


def snapshot_columns(lsn: int, moment: str) -> str:
    """The CDC columns of a row that a first read brings, in DuckDB's SQL."""
    return (
        f", cast({lsn} as bigint) as _ab_cdc_lsn, timestamptz {literal(moment)} as _ab_cdc_updated_at,"
        " cast(null as timestamptz) as _ab_cdc_deleted_at"
    )


def _unchanged(row: Row) -> list[int]:
    return [at for at, value in enumerate(row) if value is UNCHANGED]


def _changes(columns: Sequence[Column], values: Sequence[str]) -> str:
    entry = "{{'field': {field}, 'change': 'NULLED', 'reason': {reason}}}"
    misfits = ", ".join(
        f"case when c{number} is not null and ({value}) is null then "
        + entry.format(field=literal(column.name), reason="'DESTINATION_SERIALIZATION_ERROR'")
        + " end"
        for number, (column, value) in enumerate(zip(columns, values, strict=True))
    )
    gone = entry.format(field="field", reason="'SOURCE_RETRIEVAL_ERROR'")
    return (
        f"list_concat(list_filter([{misfits}], change -> change is not null),"
        f" list_transform(coalesce(lost, []), field -> {gone}))"
    )
