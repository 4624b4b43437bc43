"""Gathering rows into the partition's row groups, in the order of their positions, in bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.parquet_writer import ROW_GROUP_ROWS

SPILL_BYTES: Final = 256 * 1024 * 1024
"""Rows of unfinished row groups beyond this wait in a local file instead of in memory."""

MOST_GAPS: Final = 64
"""In a batch whose stretches without a gap are put in order as they are. A table that several readers share
comes in long ones, and no row has to be moved by itself; a batch with more gaps is sorted."""

_POSITION: Final = "_position"


@dataclass
class _Pending:
    """A row group that is not complete: batches whose last column is the position, ascending in each."""

    batches: list[pa.RecordBatch] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0
    sink: pa.ipc.RecordBatchStreamWriter | None = None
    file: Path | None = None


class RowGroupAssembler:
    """Takes rows in any order and hands out full row groups, first to last, each contiguous.

    Rows that come nearly in order, as a table's scan gives them, are never written aside.

    Args:
        total: how many rows will come.
        schema: of the rows.
        scratch: a local folder for row groups that do not fit into memory.
        write: called with each row group, in order.
        group_rows: rows of each row group but the last.
    """

    def __init__(
        self,
        total: int,
        schema: pa.Schema,
        scratch: Path,
        write: Callable[[pa.Table], None],
        group_rows: int = 0,
    ) -> None:
        self._total = total
        self._schema = schema.append(pa.field(_POSITION, pa.int64()))
        self._scratch = scratch
        self._write = write
        self._group_rows = group_rows or ROW_GROUP_ROWS
        self._pending: dict[int, _Pending] = {}
        self._next_group = 0
        self._next_position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pending in self._pending.values():
            if pending.sink is not None:
                pending.sink.close()

    def add(self, rows: pa.RecordBatch, positions: pa.Array | None) -> None:
        """Add rows with their positions; None: they follow the rows before."""
        if not len(rows):
            return
        if positions is None:
            positions = pa.arange(self._next_position, self._next_position + len(rows))
            self._next_position += len(rows)
        gaps = _gaps(positions)
        if len(gaps) > MOST_GAPS:
            order = pc.sort_indices(positions)
            rows, positions, gaps = rows.take(order), positions.take(order), []
        placed = pa.RecordBatch.from_arrays([*rows.columns, positions], schema=self._schema)
        for start, end in itertools.pairwise([0, *gaps, len(rows)]):
            self._scatter(placed.slice(start, end - start))
        self._hand_out()
        self._spill()

    def _scatter(self, rows: pa.RecordBatch) -> None:
        positions = rows.column(rows.num_columns - 1)
        first, last = positions[0].as_py(), positions[len(rows) - 1].as_py()
        start = 0
        for group in range(first // self._group_rows, last // self._group_rows + 1):
            end = len(rows)
            if group < last // self._group_rows:
                end = pc.sum(pc.less(positions, (group + 1) * self._group_rows)).as_py()
            if end > start:
                pending = self._pending.setdefault(group, _Pending())
                part = rows.slice(start, end - start)
                pending.batches.append(part)
                pending.rows += len(part)
                pending.bytes += part.nbytes
            start = end

    def _hand_out(self) -> None:
        while (pending := self._pending.get(self._next_group)) is not None:
            expected = min(self._group_rows, self._total - self._next_group * self._group_rows)
            if pending.rows < expected:
                return
            del self._pending[self._next_group]
            self._next_group += 1
            self._write(self._assembled(pending))

    def _assembled(self, pending: _Pending) -> pa.Table:
        batches = pending.batches
        if pending.sink is not None and pending.file is not None:
            pending.sink.close()
            with pa.memory_map(str(pending.file)) as spilled, pa.ipc.open_stream(spilled) as stream:
                batches = [*stream, *batches]
        last_column = len(self._schema) - 1
        batches.sort(key=lambda batch: batch.column(last_column)[0].as_py())
        table = pa.Table.from_batches(batches, self._schema)
        positions = table.column(last_column)
        if _gaps(positions.combine_chunks()):
            table = table.take(pc.sort_indices(positions))
        # Contiguous, so that the file's pages do not depend on the batches in which the rows came.
        whole = table.drop_columns([_POSITION]).combine_chunks()
        if pending.file is not None:
            pending.file.unlink()
        return whole

    def _spill(self) -> None:
        held = sum(pending.bytes for pending in self._pending.values())
        while held > SPILL_BYTES:
            group = max(self._pending, key=lambda number: self._pending[number].bytes)
            pending = self._pending[group]
            if pending.sink is None:
                pending.file = self._scratch / f"row_group_{group}.arrow"
                pending.sink = pa.ipc.new_stream(str(pending.file), self._schema)
            for batch in pending.batches:
                pending.sink.write_batch(batch)
            held -= pending.bytes
            pending.batches, pending.bytes = [], 0


def _gaps(positions: pa.Array) -> list[int]:
    """Where a position is not the one that follows the position before it."""
    follow = pc.equal(pc.add(positions.slice(0, len(positions) - 1), 1), positions.slice(1))
    gaps: list[int] = pc.add(pc.indices_nonzero(pc.invert(follow)), 1).to_pylist()
    return gaps
