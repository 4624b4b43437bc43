"""The request that Superset's frontend makes of a chart's settings: its `query_context`.

It was taken from the requests of Superset 6.1 in a browser. With another request than the browser's, the
warm-up would fill a cache entry that no reader asks for.
"""

from __future__ import annotations

import json
from typing import Any


def query_context(settings: dict[str, Any]) -> str:
    """The `query_context` of a chart with these `params`, as JSON."""
    return json.dumps(
        {
            "datasource": {"id": 1, "type": "table"},
            "force": False,
            "queries": [_query(settings)],
            "form_data": settings,
            "result_format": "json",
            "result_type": "full",
        },
        indent=1,
        ensure_ascii=False,
    )


def _query(settings: dict[str, Any]) -> dict[str, Any]:
    if settings["viz_type"] == "big_number_total":
        return _common(settings) | {"columns": [], "metrics": [settings["metric"]]}
    if settings["viz_type"] == "table":
        return _common(settings) | _table(settings)
    return _common(settings) | _series(settings)


def _common(settings: dict[str, Any]) -> dict[str, Any]:
    grain = settings.get("time_grain_sqla")
    limit = {"row_limit": settings["row_limit"]} if "row_limit" in settings else {}
    return {
        "filters": [
            {"col": each["subject"], "op": each["operator"], "val": each["comparator"]}
            for each in settings["adhoc_filters"]
        ],
        "extras": {**({"time_grain_sqla": grain} if grain else {}), "having": "", "where": ""},
        "applied_time_extras": {},
        "annotation_layers": [],
        **limit,
        "series_limit": 0,
        "group_others_when_limit_reached": False,
        "order_desc": settings.get("order_desc", True),
        "url_params": {},
        "custom_params": {},
        "custom_form_data": {},
    }


def _table(settings: dict[str, Any]) -> dict[str, Any]:
    rest: dict[str, Any] = {"post_processing": [], "time_offsets": []}
    if settings["query_mode"] == "raw":
        order = [json.loads(each) for each in settings["order_by_cols"]]
        return {"columns": settings["all_columns"], "orderby": order, **rest}
    metrics = settings["metrics"]
    return {"columns": settings["groupby"], "metrics": metrics, "orderby": [[metrics[0], False]], **rest}


def _series(settings: dict[str, Any]) -> dict[str, Any]:
    axis, groups, metrics = settings["x_axis"], settings["groupby"], settings["metrics"]
    grain = settings.get("time_grain_sqla")
    base = {
        **({"timeGrain": grain} if grain else {}),
        "columnType": "BASE_AXIS",
        "sqlExpression": axis,
        "label": axis,
        "expressionType": "SQL",
        "isColumnReference": True,
    }
    ranked_by = settings.get("timeseries_limit_metric")
    return {
        "columns": [base, *groups],
        "metrics": metrics,
        "orderby": [[ranked_by or metrics[0], False]],
        "series_columns": groups,
        **({"series_limit_metric": ranked_by} if ranked_by else {}),
        "time_offsets": [],
        "post_processing": list(_post_processing(settings, axis, groups, metrics)),
    }


def _post_processing(
    settings: dict[str, Any], axis: str, groups: list[str], metrics: list[str]
) -> list[dict[str, Any]]:
    means = {metric: {"operator": "mean"} for metric in metrics}
    steps: list[dict[str, Any]] = [
        {
            "operation": "pivot",
            "options": {
                "index": [axis],
                "columns": groups,
                "aggregates": means,
                "drop_missing_columns": not settings["show_empty_columns"],
            },
        }
    ]
    if groups and len(metrics) == 1:
        renamed = {"columns": {metrics[0]: None}, "level": 0, "inplace": True}
        steps.append({"operation": "rename", "options": renamed})
    if not groups and (by := settings.get("x_axis_sort")):
        ascending = settings["x_axis_sort_asc"]
        steps.append({"operation": "sort", "options": {"by": by, "ascending": ascending}})
    return [*steps, {"operation": "flatten"}]
