"""Casting a landing column to its contract's type, telling good values from bad ones."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def cast_column(values: pa.Array, target: pa.DataType) -> tuple[pa.Array, pa.Array | None]:
    """Cast without losing anything: no overflow, no rounding, no cut-off time.

    Times with a zone become naive UTC.

    Returns:
        The values in the target type, NULL where one cannot be cast, and a mask that is true there
        (None when all could).
    """
    if values.type.equals(target):
        return values, None
    if pa.types.is_temporal(target) and pa.types.is_string(values.type):
        values = pc.utf8_trim_whitespace(values)
    casted = _cast_or_null(values, target)
    failed = pc.and_(pc.is_null(casted), pc.is_valid(values))
    return casted, (failed if pc.any(failed).as_py() else None)


def _cast_or_null(values: pa.Array, target: pa.DataType) -> pa.Array:
    """Arrow casts all or nothing: halve the column until the values that cannot be cast stand alone."""
    try:
        return _cast(values, target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if len(values) <= 1:
            return pa.nulls(len(values), target)
    middle = len(values) // 2
    return pa.concat_arrays(
        [_cast_or_null(values.slice(0, middle), target), _cast_or_null(values.slice(middle), target)]
    )


def _cast(values: pa.Array, target: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(target) and pa.types.is_string(values.type):
        return _parse_times(values, target)
    if pa.types.is_integer(target) and pa.types.is_string(values.type):
        _refuse_hexadecimals(values)
    casted = pc.cast(values, target)
    if pa.types.is_floating(target) and pa.types.is_string(values.type):
        _refuse_overflow(casted, values)
    if pa.types.is_floating(values.type) and pa.types.is_decimal(target):
        _refuse_rounding(casted, values)
    return casted.combine_chunks() if isinstance(casted, pa.ChunkedArray) else casted


def _refuse_hexadecimals(values: pa.Array) -> None:
    """Arrow reads 0x10 as 16."""
    if pc.any(pc.match_substring_regex(values, "[xX]")).as_py():
        raise pa.ArrowInvalid("a number is written in decimal digits")


def _refuse_overflow(casted: pa.Array, values: pa.Array) -> None:
    """Arrow reads 1e400 as infinity and 1e-400 as 0."""
    has_digits = pc.match_substring_regex(values, "^[^eE]*[1-9]")
    changed = pc.or_(pc.is_inf(casted), pc.equal(casted, 0))
    if pc.any(pc.and_(has_digits, changed)).as_py():
        raise pa.ArrowInvalid("too large or too small for a double")


def _refuse_rounding(casted: pa.Array, values: pa.Array) -> None:
    """Arrow rounds here: what does not come back as it was had more digits than the decimal keeps."""
    unchanged = pc.equal(pc.cast(casted, values.type), values)
    if not pc.all(unchanged, min_count=0).as_py():
        raise pa.ArrowInvalid(f"rounding would change a {values.type}")


def _parse_times(values: pa.Array, target: pa.DataType) -> pa.Array:
    """ISO times as text: those with a zone are brought to UTC, those without are UTC already."""
    zoned = pc.match_substring_regex(values, r"[0-9](Z|[+-][0-9]{2}:?([0-9]{2})?)$")
    has_time = pc.match_substring_regex(values, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]")
    zoned = pc.and_(zoned, has_time)
    with_zone = pc.cast(pc.if_else(zoned, values, None), pa.timestamp(target.unit, "UTC"))
    without = pc.cast(pc.if_else(zoned, None, values), target)
    return pc.coalesce(pc.cast(with_zone, target), without)
