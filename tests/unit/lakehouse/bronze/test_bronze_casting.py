"""A value is cast to itself or not at all."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from lakehouse.bronze.casting import cast_column

NOON = datetime(2025, 10, 16, 12)


@pytest.mark.parametrize(
    ("target", "texts", "values"),
    [
        (pa.int64(), ["16", "0x10", "-7", None, "0X1F"], [16, None, -7, None, None]),
        (pa.int32(), ["1_000", "1,000", "٣", "0x1"], [None] * 4),
        (
            pa.float64(),
            ["0.5", "1e400", "1e-400", "0e-400", "-1E999", None, "0.0"],
            [0.5, None, None, 0.0, None, None, 0.0],
        ),
        (pa.float64(), ["1,234.56", "0x10", "1_0.5"], [None] * 3),
    ],
)
def test_a_text_becomes_the_number_it_says_or_fails(
    target: pa.DataType, texts: list[str | None], values: list[Any]
) -> None:
    """Arrow made 0x10 a 16, and 1e400 infinite."""
    casted, failed = cast_column(pa.array(texts, pa.string()), target)
    assert casted.to_pylist() == values
    assert failed is not None
    expected = [text is not None and value is None for text, value in zip(texts, values, strict=True)]
    assert failed.to_pylist() == expected


def test_good_texts_are_cast_without_a_mask() -> None:
    casted, failed = cast_column(pa.array(["1", None, "-2"]), pa.int64())
    assert casted.to_pylist() == [1, None, -2]
    assert failed is None


@pytest.mark.parametrize(
    ("values", "target", "expected"),
    [
        (pa.array(["16", "-0", "0x10", "0X1f", " 1", "1e3", "1,234"]), pa.int64(), [16, 0, *[None] * 5]),
        (pa.array(["1.5", "1e400", "-1e400", "1,234.56"]), pa.float64(), [1.5, None, None, None]),
        (pa.array(["inf", "-Infinity"]), pa.float64(), [math.inf, -math.inf]),
        (pa.array(["1.25", "1.255", "0x10", "nan"]), pa.decimal128(12, 2), [Decimal("1.25"), *[None] * 3]),
        (pa.array(["1,234.56"]), pa.decimal128(12, 2), [None]),
        (pa.array([1.25, 1.255, math.nan]), pa.decimal128(12, 2), [Decimal("1.25"), None, None]),
        (pa.array([Decimal("0.1"), Decimal("0.12345678901234567890123")]), pa.float64(), [0.1, None]),
        (pa.array([7, -(10**10), 10**9]), pa.decimal128(12, 2), [Decimal(7), None, Decimal(10**9)]),
        (pa.array([2**63 - 1]), pa.decimal128(38, 10), [Decimal(2**63 - 1)]),
        (pa.array([time(1, 2, 3)], pa.time64("us")), pa.string(), ["01:02:03.000000"]),
        (pa.array([2**53, 2**53 + 1]), pa.float64(), [2.0**53, None]),
        (pa.array([2.0, 2.5, math.nan]), pa.int64(), [2, None, None]),
        (pa.array([0, 1, 2]), pa.bool_(), [None] * 3),
        (pa.array([0.0, 0.5]), pa.bool_(), [None] * 2),
        (pa.array([True]), pa.int64(), [None]),
        (pa.array(["true", "0", "yes"]), pa.bool_(), [True, False, None]),
        (pa.array([1_760_000_000]), pa.timestamp("us"), [None]),
        (pa.array([20_000], pa.int32()), pa.date32(), [None]),
        (pa.array([datetime(2025, 10, 16)]), pa.int64(), [None]),
        (pa.array([date(2025, 10, 16)]), pa.int32(), [None]),
        (pa.array([datetime(2025, 10, 16), NOON]), pa.date32(), [date(2025, 10, 16), None]),
        (pa.array([datetime(2025, 10, 16, 1, tzinfo=UTC)]), pa.timestamp("us"), [datetime(2025, 10, 16, 1)]),
        (pa.array([b"a", b"\xff"]), pa.string(), ["a", None]),
    ],
)  # fmt: skip
def test_a_value_of_any_type_is_cast_to_itself_or_not_at_all(
    values: pa.Array, target: pa.DataType, expected: list[Any]
) -> None:
    casted, failed = cast_column(values, target)
    assert casted.to_pylist() == expected
    wrong = [value is None for value in expected]
    assert (failed.to_pylist() if failed is not None else [False] * len(wrong)) == wrong
