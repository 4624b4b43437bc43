"""Texts of landing become the value that they say, or none."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from lakehouse.bronze.casting import cast_column


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
