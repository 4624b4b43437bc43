"""The request a reader's browser really sends for each chart of a dashboard.

Superset's own warm-up replays a chart's stored query and forgets the default values of the dashboard's
native filters (apache/superset#43024), so it fills a cache entry nobody ever reads. Here the defaults are
merged into the query the way the browser does it (superset-ui-core's buildQueryObject, watched at work in
Superset 6.1), so that the cache key comes out the same.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lakehouse.superset.errors import UnsupportedFilterError

_MERGED: Final = frozenset({"filters", "time_range", "time_grain_sqla", "granularity_sqla"})
"""What a filter's default may set; another key would have us warm an entry the browser does not ask for."""


@dataclass(frozen=True)
class Chart:
    """A chart as Superset holds it."""

    id: int
    name: str
    query_context: Mapping[str, Any] | None
    """The stored request of the chart; None for one that was never saved in a browser."""


def read_chart(result: Mapping[str, Any]) -> Chart:
    """From the ``result`` of ``GET chart/<id>``."""
    stored = result.get("query_context")
    return Chart(result["id"], result["slice_name"], json.loads(stored) if stored else None)


def browser_request(chart: Chart, filters: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The body of ``POST chart/data`` for a chart that is drawn under those filter defaults.

    Args:
        filters: ``extraFormData`` of each native filter that reaches the chart, in the dashboard's order.

    Raises:
        ValueError: the chart has no stored request.
    """
    if chart.query_context is None:
        raise ValueError(f"chart {chart.name!r} has no stored request")
    body = copy.deepcopy(dict(chart.query_context))
    defaults = list(filters)
    for query in body["queries"]:
        for default in defaults:
            _override(query, default)
        added = [each for default in defaults for each in default.get("filters", [])]
        query["filters"] = [*added, *query.get("filters", [])]
    return {**body, "force": False}


def filter_defaults(metadata: Mapping[str, Any], chart_id: int) -> list[Mapping[str, Any]]:
    """``extraFormData`` of the native filters whose scope holds that chart and that have a default.

    Args:
        metadata: the dashboard's ``json_metadata``.

    Raises:
        UnsupportedFilterError: a default does more than filter, set the period or the time grain.
    """
    found = []
    for each in metadata.get("native_filter_configuration") or []:
        default = (each.get("defaultDataMask") or {}).get("extraFormData") or {}
        if not default or chart_id in (each.get("scope") or {}).get("excluded", []):
            continue
        if unknown := set(default) - _MERGED:
            raise UnsupportedFilterError(
                f"the default of the native filter {each.get('name')!r} sets {', '.join(sorted(unknown))}: "
                "the warm-up cannot reproduce it; use a plain value or period as default"
            )
        found.append(default)
    return found


def _override(query: dict[str, Any], default: Mapping[str, Any]) -> None:
    """The parts of a default that replace a part of the query; the last filter wins."""
    if "time_range" in default:
        query["time_range"] = default["time_range"]
    if "granularity_sqla" in default:
        query["granularity"] = default["granularity_sqla"]
    if grain := default.get("time_grain_sqla"):
        query.setdefault("extras", {})["time_grain_sqla"] = grain
        for column in query.get("columns", []):
            if isinstance(column, dict) and column.get("columnType") == "BASE_AXIS":
                column["timeGrain"] = grain
