"""The settings of a chart (`params`): what Superset 6.1 stores when such a chart is saved in the browser."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

ROWS: Final = 10_000
"""How many points a line or a bar chart over time asks for: Superset's own default."""
CATEGORIES: Final = 10
PAGE: Final = 25


class Kind(StrEnum):
    """The kinds of charts that can be written here."""

    BIG_NUMBER = "big_number"
    TABLE = "table"
    LINE = "line"
    BAR = "bar"


class Grain(StrEnum):
    """Spans of time that a point stands for, as ISO 8601 writes them."""

    HOUR = "PT1H"
    DAY = "P1D"
    WEEK = "P1W"
    MONTH = "P1M"
    QUARTER = "P3M"
    YEAR = "P1Y"


@dataclass(frozen=True)
class Shown:
    """What a chart shows of its dataset."""

    kind: Kind
    metrics: tuple[str, ...] = ()
    time: str | None = None
    """The column of the time axis; of a number or a table the one that a filter for a period is about."""
    grain: Grain = Grain.DAY
    by: tuple[str, ...] = ()
    """Columns by which the metrics are grouped."""
    columns: tuple[str, ...] = ()
    """Of a table without metrics: the columns of its rows."""
    number_format: str = ",d"


def settings_of(shown: Shown) -> dict[str, Any]:
    """The chart's `params`."""
    match shown.kind:
        case Kind.BIG_NUMBER:
            own = _big_number(shown)
        case Kind.TABLE:
            own = _table(shown)
        case Kind.LINE:
            own = _series(shown, "echarts_timeseries_line") | _line()
        case Kind.BAR:
            own = _series(shown, "echarts_timeseries_bar") | _bar(shown)
    return {"datasource": "1__table", **own, "extra_form_data": {}, "dashboards": []}


def _big_number(shown: Shown) -> dict[str, Any]:
    return {
        "viz_type": "big_number_total",
        "metric": shown.metrics[0],
        "adhoc_filters": _period(shown),
        "y_axis_format": shown.number_format,
        "subtitle": "",
        "header_font_size": 0.4,
        "subtitle_font_size": 0.15,
        "show_metric_name": False,
        "time_format": "%d %b %Y",
    }


def _table(shown: Shown) -> dict[str, Any]:
    rows_or_groups = (
        {
            "query_mode": "aggregate",
            "groupby": list(shown.by),
            "metrics": list(shown.metrics),
            "all_columns": [],
            "order_by_cols": [],
        }
        if shown.metrics
        else {
            "query_mode": "raw",
            "groupby": [],
            "metrics": [],
            "all_columns": list(shown.columns),
            "order_by_cols": [f'["{shown.columns[0]}", true]'],
        }
    )
    return {
        "viz_type": "table",
        **rows_or_groups,
        "percent_metrics": [],
        "adhoc_filters": _period(shown),
        "order_desc": True,
        "row_limit": 1000,
        "server_pagination": False,
        "server_page_length": 10,
        "table_timestamp_format": "%d %b %Y",
        "show_cell_bars": True,
        "color_pn": False,
        "align_pn": False,
        "allow_render_html": False,
        "page_length": PAGE,
        "column_config": {},
    }


def _series(shown: Shown, viz_type: str) -> dict[str, Any]:
    """What line and bar charts have in common. Without a time their axis is the first of `by`."""
    axis: dict[str, Any]
    if shown.time:
        axis = {"x_axis": shown.time, "time_grain_sqla": shown.grain.value, "groupby": list(shown.by)}
    else:
        axis = {"x_axis": shown.by[0], "groupby": list(shown.by[1:])}
    legend = bool(axis["groupby"]) or len(shown.metrics) > 1
    return {
        "viz_type": viz_type,
        **axis,
        "x_axis_sort_asc": True,
        "x_axis_sort_series": "name",
        "x_axis_sort_series_ascending": True,
        "metrics": list(shown.metrics),
        "adhoc_filters": _period(shown),
        "order_desc": True,
        "row_limit": ROWS if shown.time else CATEGORIES,
        "truncate_metric": True,
        "show_empty_columns": True,
        "comparison_type": "values",
        "annotation_layers": [],
        "forecastPeriods": 10,
        "forecastInterval": 0.8,
        "sort_series_type": "sum",
        "only_total": True,
        "color_scheme": "supersetColors",
        "show_legend": legend,
        "legendType": "scroll",
        "legendOrientation": "top",
        "minorTicks": False,
        "x_axis_time_format": "smart_date",
        "rich_tooltip": True,
        "showTooltipTotal": False,
        "tooltipTimeFormat": "smart_date",
        "truncateXAxis": True,
        "y_axis_bounds": [None, None],
        "y_axis_format": shown.number_format,
        "x_axis_title_margin": 15,
        "y_axis_title_margin": 30,
        "y_axis_title_position": "Left",
        "show_value": False,
    }


def _line() -> dict[str, Any]:
    return {
        "seriesType": "line",
        "area": False,
        # A day alone between two without rows would not show as a line.
        "markerEnabled": True,
        "markerSize": 6,
        "opacity": 0.2,
        "zoomable": False,
        "truncateYAxis": False,
        "stack": None,
    }


def _bar(shown: Shown) -> dict[str, Any]:
    if shown.time:
        return {"orientation": "vertical", "stack": "Stack" if shown.by else None}
    # The categories with the highest values, highest first.
    highest_first = {"timeseries_limit_metric": shown.metrics[0], "x_axis_sort": shown.metrics[0]}
    return {"orientation": "horizontal", "stack": None, "show_value": True, **highest_first}


def _period(shown: Shown) -> list[dict[str, Any]]:
    """A filter for a period, set to none: it is what a dashboard's own filter for the period replaces."""
    if not shown.time:
        return []
    return [
        {
            "clause": "WHERE",
            "expressionType": "SIMPLE",
            "subject": shown.time,
            "operator": "TEMPORAL_RANGE",
            "comparator": "No filter",
        }
    ]
