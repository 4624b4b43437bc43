"""The chart of the newest tracers: what a viewer sees, and what is told when it is not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lakehouse.stream.newest_tracers import (
    CHART,
    Listing,
    NewestTracersChart,
    TracerChartBrokenError,
    TracerChartMissingError,
)
from lakehouse.superset.errors import SupersetNotFoundError, SupersetUnavailableError

CONTEXT = {"datasource": {"id": 3, "type": "table"}, "queries": [{"columns": ["tracer_id"], "row_limit": 3}]}


class Superset:
    """Answers as Superset 6.1 does; `rows` is what the chart's query finds."""

    def __init__(self, rows: list[dict[str, Any]], name: str = CHART) -> None:
        self.rows = rows
        self.name = name
        self.error: str | None = None
        self.away = False
        self.gets: list[str] = []
        self.posted: list[Mapping[str, Any]] = []
        self.has_dashboard = True

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        self.gets.append(path)
        if not self.has_dashboard:
            raise SupersetNotFoundError("no such dashboard", 404)
        found: dict[str, Any] = {
            "dashboard/live-orders": {"json_metadata": "{}", "dashboard_title": "Live Orders"},
            "dashboard/live-orders/charts": [{"id": 7}, {"id": 8}],
            "chart/7": {"id": 7, "slice_name": "Orders", "query_context": json.dumps(CONTEXT)},
            "chart/8": {"id": 8, "slice_name": self.name, "query_context": json.dumps(CONTEXT)},
        }
        return {"result": found[path]}

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        assert path == "chart/data"
        if self.away:
            raise SupersetUnavailableError("away")
        self.posted.append(body)
        return {"result": [{"data": self.rows, "error": self.error, "is_cached": True}]}

    def close(self) -> None:
        pass


def chart(superset: Superset) -> NewestTracersChart:
    return NewestTracersChart(lambda: superset)  # type: ignore[arg-type,return-value]


def test_the_chart_is_asked_as_a_viewer_asks_it_and_its_request_is_kept() -> None:
    superset = Superset([{"tracer_id": 9}, {"tracer_id": 8}])
    reading = chart(superset)
    assert reading.read() == Listing(frozenset({8, 9}), full=False)
    assert reading.read().tracer_ids == {8, 9}
    assert [body["force"] for body in superset.posted] == [False, False]
    assert len(superset.gets) == 4, "found once"


def test_a_listing_is_full_when_it_has_as_many_rows_as_it_may() -> None:
    assert chart(Superset([{"tracer_id": n} for n in (9, 8, 7)])).read().full


def test_an_empty_chart_shows_no_tracer() -> None:
    assert chart(Superset([])).read() == Listing(frozenset(), full=False)


def test_a_chart_that_was_replaced_is_found_again_after_one_failure() -> None:
    superset = Superset([{"tracer_id": 9}])
    reading = chart(superset)
    reading.read()
    superset.away = True
    with pytest.raises(SupersetUnavailableError):
        reading.read()
    superset.away = False
    reading.read()
    assert superset.gets.count("chart/8") == 2


def test_a_missing_dashboard_or_chart_is_named_with_what_to_do() -> None:
    superset = Superset([])
    superset.has_dashboard = False
    with pytest.raises(TracerChartMissingError, match=r"live-orders.*provision_platform"):
        chart(superset).read()
    with pytest.raises(TracerChartMissingError, match=r"Newest tracers.*provision_platform"):
        chart(Superset([], name="Another")).read()


def test_a_chart_that_cannot_be_drawn_or_shows_something_else_is_named() -> None:
    superset = Superset([])
    superset.error = "Table hot.stream_tracer not found"
    with pytest.raises(TracerChartBrokenError, match=r"hot\.stream_tracer not found"):
        chart(superset).read()
    with pytest.raises(TracerChartBrokenError, match="order_id, not tracer_id"):
        chart(Superset([{"order_id": 1}])).read()


@pytest.mark.parametrize(
    ("listed", "full", "unseen", "shown"),
    [
        ({5, 6}, False, [(4, True), (5, True), (7, True)], [5]),
        ({5, 6}, True, [(4, True), (3, False), (6, False)], [4, 6]),
        (set(), True, [(4, True)], []),
        ({5, 7}, True, [(6, True)], []),
    ],
    ids=["room left", "no room for older ones", "nothing shown", "a gap is a gap"],
)
def test_a_tracer_counts_as_shown_when_it_is_listed_or_has_made_room_for_newer_ones(
    listed: set[int], full: bool, unseen: list[tuple[int, bool]], shown: list[int]
) -> None:
    assert Listing(frozenset(listed), full).shown(unseen) == shown
