"""Landing rows as Python values, also those with times that Python's calendar (years 1 to 9999) lacks."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

_ARROWS_SECONDS: Final = 30_000 * 366 * 86_400
"""As far from 1970 Arrow writes a time as text; further away its year is another one."""
_PER_SECOND: Final = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def python_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """One mapping per row; a time that Python cannot hold is its text."""
    try:
        rows: list[dict[str, Any]] = batch.to_pylist()
        return rows
    except (OverflowError, ValueError):
        columns = [
            time_texts(column) if pa.types.is_temporal(column.type) else column for column in batch.columns
        ]
        return pa.RecordBatch.from_arrays(columns, names=batch.schema.names).to_pylist()


def infinite(values: pa.Array) -> pa.Array:
    """Mask of the times that are not a point in time.

    PostgreSQL's `infinity` and `-infinity` land as the greatest and the least number that there is.
    """
    numbers = _numbers(values)
    last = 2 ** (numbers.type.bit_width - 1) - 1
    return pc.is_in(numbers, value_set=pa.array([last, -last, -last - 1], numbers.type))


def time_texts(values: pa.Array) -> pa.Array:
    """Dates and times as text: `0044-03-15`, `-0043-03-15` (ISO 8601: year 0 is 1 BC), `infinity`."""
    numbers, kind = _numbers(values), values.type
    if pa.types.is_timestamp(kind):
        values = pc.cast(values, pa.timestamp(kind.unit), safe=False)
    near = pc.less(pc.abs(_seconds(numbers, kind)), _ARROWS_SECONDS)
    texts = pc.cast(pc.if_else(near, values, None), pa.string())
    ends = pc.if_else(pc.greater(numbers, 0), "infinity", "-infinity")
    unit = "days" if pa.types.is_date32(kind) else getattr(kind, "unit", "ms")
    far = pc.binary_join_element_wise(pc.cast(numbers, pa.string()), f"{unit} since 1970", " ")
    return pc.coalesce(texts, pc.if_else(infinite(values), ends, far))


def _seconds(numbers: pa.Array, kind: pa.DataType) -> pa.Array:
    if pa.types.is_date32(kind):
        return pc.multiply(pc.cast(numbers, pa.int64()), 86_400)
    return pc.divide(numbers, _PER_SECOND[getattr(kind, "unit", "ms")])


def _numbers(values: pa.Array) -> pa.Array:
    width = values.type.bit_width
    return values.view(pa.int32() if width == 32 else pa.int64())
