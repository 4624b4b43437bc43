"""Casting a landing column to its contract's type, telling good values from bad ones."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.json_texts import is_nested, json_texts


def cast_column(values: pa.Array, target: pa.DataType) -> tuple[pa.Array, pa.Array | None]:
    """Cast without making another value of any: no overflow, no rounding, no cut-off time, no number that is
    read as a time or a truth.

    Times with a zone become naive UTC. Lists and objects become JSON text where a text is wanted.

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
    """Raises pa.ArrowException unless every value can be cast."""
    if pa.types.is_timestamp(target) and pa.types.is_string(values.type):
        return _parse_times(values, target)
    if pa.types.is_string(target) and is_nested(values.type):
        return pa.array(json_texts(values), target)
    _require(_may_become(values.type, target), f"a {values.type} is no {target}")
    if pa.types.is_decimal(values.type) and pa.types.is_floating(target):
        # By the text, which gives the nearest double: Arrow's own cast of 23 digits makes 0.0999... of 0.1.
        casted = pc.cast(pc.cast(values, pa.string()), target)
    elif pa.types.is_integer(values.type) and pa.types.is_decimal(target):
        # Arrow asks for room for the greatest integer that there is, and not for these.
        casted = pc.cast(pc.cast(values, pa.decimal256(76, target.scale)), target)
    else:
        casted = pc.cast(values, target)
    _require_same(values, casted)
    return casted.combine_chunks() if isinstance(casted, pa.ChunkedArray) else casted


def _may_become(landed: pa.DataType, target: pa.DataType) -> bool:
    """Arrow takes a number for the time that it counts, a time for that number, and any for a truth."""
    if pa.types.is_string(landed) or pa.types.is_string(target) or pa.types.is_null(landed):
        return True
    kinds = (pa.types.is_temporal, pa.types.is_boolean, pa.types.is_binary)
    return all(is_kind(landed) == is_kind(target) for is_kind in kinds)


def _require_same(values: pa.Array, casted: pa.Array) -> None:
    """What Arrow casts without a word, although the value is another one afterwards."""
    landed, target = values.type, casted.type
    if pa.types.is_string(landed) and pa.types.is_integer(target):
        # 0x10 becomes 16.
        _require(_all(pc.match_substring_regex(values, "^-?[0-9]+$")), "not a decimal integer")
    elif pa.types.is_string(landed) and pa.types.is_floating(target):
        # 1e400 becomes infinite, and 1e-400 zero.
        has_digits = pc.match_substring_regex(values, "^[^eE]*[1-9]")
        lost = pc.and_(has_digits, pc.or_(pc.is_inf(casted), pc.equal(casted, 0)))
        _require(not pc.any(lost).as_py(), f"too large or too small for a {target}")
    elif pa.types.is_floating(landed) and pa.types.is_decimal(target):
        _require(_all(pc.equal(pc.cast(casted, landed), values)), f"rounding would change a {landed}")
    elif pa.types.is_decimal(landed) and pa.types.is_floating(target):
        wide = pa.decimal256(76, landed.scale)
        written = pc.cast(pc.cast(casted, pa.string()), wide)
        _require(_all(pc.equal(written, pc.cast(values, wide))), f"rounding would change a {landed}")
    elif pa.types.is_timestamp(landed) and pa.types.is_date(target):
        _require(_all(pc.equal(pc.cast(casted, landed), values)), "it has a time of day")


def _all(mask: pa.Array) -> bool:
    return bool(pc.all(mask, min_count=0).as_py())


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise pa.ArrowInvalid(otherwise)


def _parse_times(values: pa.Array, target: pa.DataType) -> pa.Array:
    """ISO times as text: those with a zone are brought to UTC, those without are UTC already."""
    zoned = pc.match_substring_regex(values, r"[0-9](Z|[+-][0-9]{2}:?([0-9]{2})?)$")
    has_time = pc.match_substring_regex(values, r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]")
    zoned = pc.and_(zoned, has_time)
    with_zone = pc.cast(pc.if_else(zoned, values, None), pa.timestamp(target.unit, "UTC"))
    without = pc.cast(pc.if_else(zoned, None, values), target)
    return pc.coalesce(pc.cast(with_zone, target), without)
