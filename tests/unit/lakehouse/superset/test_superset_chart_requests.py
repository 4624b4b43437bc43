"""Native-filter defaults merged into a chart's query, as the browser was seen to do it."""

from __future__ import annotations

from typing import Any

import pytest

from lakehouse.superset.chart_requests import Chart, browser_request, filter_defaults, read_chart
from lakehouse.superset.errors import UnsupportedFilterError

COMPLETED = {"col": "status", "op": "==", "val": "completed"}
BOOKS = {"col": "category", "op": "IN", "val": ["Books"]}


def chart(**query: Any) -> Chart:
    queries = [{"filters": [COMPLETED], "metrics": ["revenue"], **query}]
    return Chart(7, "Revenue", {"datasource": {"id": 1, "type": "table"}, "queries": queries})


def native_filter(default: dict[str, Any], excluded: tuple[int, ...] = ()) -> dict[str, Any]:
    scope = {"rootPath": ["ROOT_ID"], "excluded": list(excluded)}
    return {"name": "Category", "defaultDataMask": {"extraFormData": default}, "scope": scope}


def test_without_defaults_the_stored_query_is_sent_unchanged() -> None:
    stored = chart()
    assert stored.query_context is not None
    assert browser_request(stored, []) == {**stored.query_context, "force": False}


def test_a_default_value_stands_before_the_charts_own_filters() -> None:
    """The order is part of the cache key."""
    (query,) = browser_request(chart(), [{"filters": [BOOKS]}])["queries"]
    assert query["filters"] == [BOOKS, COMPLETED]


def test_a_default_period_is_set_beside_the_charts_own_period() -> None:
    own = {"col": "order_date", "op": "TEMPORAL_RANGE", "val": "No filter"}
    (query,) = browser_request(chart(filters=[own]), [{"time_range": "Last week"}])["queries"]
    assert query["time_range"] == "Last week"
    assert query["filters"] == [own]


def test_a_default_time_grain_reaches_the_axis() -> None:
    axis = {"columnType": "BASE_AXIS", "sqlExpression": "order_date", "timeGrain": "P1D"}
    stored = chart(columns=[axis, "status"], extras={"time_grain_sqla": "P1D", "where": ""})
    (query,) = browser_request(stored, [{"time_grain_sqla": "P1W"}])["queries"]
    assert query["extras"] == {"time_grain_sqla": "P1W", "where": ""}
    assert query["columns"] == [{**axis, "timeGrain": "P1W"}, "status"]


def test_the_stored_query_itself_is_not_touched() -> None:
    stored = chart()
    assert stored.query_context is not None
    browser_request(stored, [{"filters": [BOOKS], "time_range": "Last week"}])
    assert stored.query_context["queries"] == [{"filters": [COMPLETED], "metrics": ["revenue"]}]


def test_every_query_of_a_chart_is_filtered() -> None:
    stored = Chart(7, "Two series", {"queries": [{"filters": []}, {"filters": [COMPLETED]}]})
    first, second = browser_request(stored, [{"filters": [BOOKS]}])["queries"]
    assert (first["filters"], second["filters"]) == ([BOOKS], [BOOKS, COMPLETED])


def test_filters_out_of_scope_and_filters_without_default_do_not_count() -> None:
    metadata = {
        "native_filter_configuration": [
            native_filter({"filters": [BOOKS]}, excluded=(7,)),
            native_filter({}),
            native_filter({"time_range": "Last week"}),
        ]
    }
    assert filter_defaults(metadata, 7) == [{"time_range": "Last week"}]


@pytest.mark.parametrize("metadata", [{}, {"native_filter_configuration": None}])
def test_a_dashboard_without_native_filters_has_no_defaults(metadata: dict[str, Any]) -> None:
    assert filter_defaults(metadata, 7) == []


def test_a_default_that_cannot_be_reproduced_is_named() -> None:
    metadata = {"native_filter_configuration": [native_filter({"custom_form_data": {"a": 1}})]}
    with pytest.raises(UnsupportedFilterError, match=r"'Category' sets custom_form_data"):
        filter_defaults(metadata, 7)


def test_a_chart_never_saved_in_a_browser_has_no_request() -> None:
    unsaved = read_chart({"id": 7, "slice_name": "Revenue", "query_context": None})
    with pytest.raises(ValueError, match="'Revenue' has no stored request"):
        browser_request(unsaved, [])
