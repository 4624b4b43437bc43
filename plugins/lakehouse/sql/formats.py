"""A result written as a table, as CSV, or as JSON Lines; but for the table, a batch at a time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.types as kinds
from pyarrow import csv

from lakehouse.sql.flight_query import Rows
from lakehouse.sql.values import as_cell, as_json

TABLE_ROWS: Final = 100
"""Rows that a table shows when nobody has said how many: it is held and laid out whole."""


TEXT_WIDTH: Final = 60
"""Characters of a text column before it goes on in the next line."""
WIDEST: Final = 100_000
"""No number is cut for a narrow terminal: that breaks the line itself."""


def at_most(rows: Rows, limit: int) -> tuple[Rows, Callable[[], bool]]:
    """The first rows, 0 for all, and whether there were more: to be asked once they are read."""
    more = False

    def cut() -> Iterator[pa.RecordBatch]:
        nonlocal more
        left = limit
        for batch in rows.batches:
            if batch.num_rows > left:
                more = True
                yield batch.slice(0, left)
                return
            left -= batch.num_rows
            yield batch

    return (rows if limit == 0 else Rows(rows.schema, cut())), lambda: more


def write_csv(rows: Rows, out: BinaryIO) -> int:
    """RFC 4180 with a heading; NULL is an empty field, an empty text is `""`. Returns how many rows."""
    count = 0
    schema = pa.schema([(field.name, _text_type(field.type)) for field in rows.schema])
    options = csv.WriteOptions(quoting_style="needed")
    with csv.CSVWriter(out, schema, write_options=options) as writer:
        for batch in rows.batches:
            columns = [_as_text(column) for column in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
            count += batch.num_rows
    return count


def write_json(rows: Rows, out: BinaryIO) -> int:
    """One object per line, NULL as null. Returns how many rows."""
    count = 0
    for batch in rows.batches:
        lines = (f"{as_json(row)}\n" for row in batch.to_pylist())
        out.write("".join(lines).encode())
        count += batch.num_rows
    return count


def write_table(rows: Rows, out: BinaryIO) -> int:
    """A table as wide as its columns need; NULL stands out from empty text. Returns how many rows.

    `out` is standard output's own buffer; rich needs the text file around it, which knows the terminal.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from lakehouse.platform.console import CommandConsole

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for field in rows.schema:
        number = kinds.is_integer(field.type) or kinds.is_floating(field.type) or kinds.is_decimal(field.type)
        text = kinds.is_string(field.type) or kinds.is_nested(field.type)
        table.add_column(
            Text(as_cell(field.name)),
            justify="right" if number else "left",
            overflow="fold",
            no_wrap=not text,
            max_width=TEXT_WIDTH if text else None,
        )
    for batch in rows.batches:
        for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            table.add_row(*(Text("NULL", style="dim") if v is None else Text(as_cell(v)) for v in values))
    out.flush()
    CommandConsole(file=sys.stdout, width=WIDEST).print(table)
    return table.row_count


def _text_type(kind: pa.DataType) -> pa.DataType:
    """Arrow's CSV has no form for what is nested or binary."""
    return pa.string() if kinds.is_nested(kind) or _is_bytes(kind) or kinds.is_duration(kind) else kind


def _as_text(column: pa.Array) -> pa.Array:
    if _text_type(column.type) == column.type:
        return column
    texts = [
        None if v is None else as_cell(v) if kinds.is_duration(column.type) else as_json(v).strip('"')
        for v in column.to_pylist()
    ]
    return pa.array(texts, pa.string())


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(kinds.is_binary(kind) or kinds.is_large_binary(kind) or kinds.is_fixed_size_binary(kind))
