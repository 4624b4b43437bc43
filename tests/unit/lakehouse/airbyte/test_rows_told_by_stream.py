"""What Airbyte says that a job committed of each stream: 0 of an empty one, nothing of one not read."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse.airbyte.job import rows_by_stream


def attempt(**rows: int | None) -> dict[str, Any]:
    stats = [{"streamName": name, "stats": {"recordsCommitted": count}} for name, count in rows.items()]
    return {"attempt": {"streamStats": stats}}


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"attempts": []}, {}),
        ({"attempts": [attempt(orders=3, seats=0)]}, {"orders": 3, "seats": 0}),
        ({"attempts": [attempt(orders=3), attempt(orders=4, seats=None)]}, {"orders": 7, "seats": 0}),
        (
            {"job": {"enabledStreams": [{"name": "orders"}, {"name": "seats", "namespace": "public"}]}}
            | {"attempts": [attempt(orders=3)]},
            {"orders": 3, "seats": 0},
        ),
        ({"job": {"enabledStreams": None}, "attempts": None}, {}),
    ],
)
def test_rows_are_summed_over_attempts_and_an_empty_stream_has_none(
    answer: dict[str, Any], told: dict[str, int]
) -> None:
    assert rows_by_stream(answer) == told
