"""Finding rows by their position among all landing rows of a date."""

from __future__ import annotations

import pyarrow as pa
import pytest

from lakehouse.bronze.ordinals import Ordinals

SOME = Ordinals.of([pa.array([2, 3]), pa.array([7, 8, 9])])


@pytest.mark.parametrize(
    ("first", "rows", "found"),
    [
        (0, 2, []),
        (0, 3, [2]),
        (3, 4, [3]),
        (3, 5, [3, 7]),
        (4, 3, []),
        (7, 3, [7, 8, 9]),
        (9, 1, [9]),
        (10, 5, []),
        (0, 100, [2, 3, 7, 8, 9]),
    ],
)
def test_the_rows_of_a_range_are_found_and_none_beside_it(first: int, rows: int, found: list[int]) -> None:
    within = SOME.within(first, rows)
    assert within.values.to_pylist() == found
    assert within.counted_from(first).to_pylist() == [ordinal - first for ordinal in found]
    assert bool(within) is bool(found)


def test_of_no_rows_there_are_none_anywhere() -> None:
    nothing = Ordinals.of([])
    assert len(nothing) == 0
    assert len(nothing.within(0, 10)) == 0
