"""How fast the dashboards answer, and how much of it the cache does: by each night's warm-up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from lakehouse.night.plan import NIGHT, night_window
from lakehouse.observe.facts.lineage import Lineage, read_lineage
from lakehouse.observe.health_page.measured import (
    NOTHING_MEASURED,
    Measured,
    Spread,
    grown_on,
    measured,
    spread_of,
)
from lakehouse.observe.health_page.reading import Asked
from lakehouse.observe.health_page.trend import Trend, trend
from lakehouse.platform.database import LedgerMissingError, PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

NIGHTS: Final = 14
"""How many nights the trend shows."""
LONGEST_MILLISECONDS: Final = 5_000
"""The specification allows a dashboard five seconds in all."""


@dataclass(frozen=True)
class Warming:
    """What the warm-up of one night saw of a dashboard. Times are of its slowest chart, in milliseconds."""

    business_date: date
    at: datetime | None
    charts: int
    hits: int
    """Charts that the cache answered when they were asked for again."""
    cold_ms: float | None
    """Without the cache: what the queries cost."""
    hit_ms: float | None
    """From the cache: what a reader waits for."""


@dataclass(frozen=True)
class Board:
    """One dashboard."""

    title: str
    state: str
    """success; not_started: warmed for an older night, and this one is not due; late: it is due; or unknown:
    never warmed."""
    newest: Warming | None
    hit_rate: float | None
    is_slow: bool
    cold_trend: Trend | None
    hit_trend: Trend | None
    slowest_charts: list[tuple[str, float]] = field(default_factory=list)
    """The charts whose queries took longest, with milliseconds."""


@dataclass(frozen=True)
class Today:
    """What readers and queries saw since midnight, by the observer."""

    queries: Spread
    """Dremio's, without the refreshes of reflections."""
    loads: Spread
    """Of dashboards, in readers' browsers."""
    hit_rate: float | None
    """Share of chart queries that the cache answered."""
    chart_queries: float


@dataclass(frozen=True)
class Dashboards:
    """What the section shows."""

    boards: list[Board]
    today: Today
    measured_at: datetime | None
    is_stale: bool


def read(postgres: PostgresConnections, asked: Asked) -> Dashboards:
    """Every dashboard of the repository, and any other that was warmed."""
    values = {"stage": NIGHT[-1].name, "night": asked.night, "nights": NIGHTS}
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/health_page/select_health_dashboards.sql"), values)
        rows = cursor.fetchall()
    try:
        with transaction(postgres) as cursor:
            found = measured(cursor, asked.now)
    except LedgerMissingError:  # the warm-ups are in the receipts all the same
        found = NOTHING_MEASURED
    return shaped(rows, read_lineage(), asked, found)


def shaped(
    rows: Iterable[tuple[Any, ...]], lineage: Lineage, asked: Asked, found: Measured = NOTHING_MEASURED
) -> Dashboards:
    """The section's data from the reports (date, time, report's detail) of the warm-ups, oldest first."""
    by_title: dict[str, list[tuple[date, datetime | None, dict[str, Any]]]] = defaultdict(list)
    for business_date, at, detail in rows:
        by_title[str(detail["dashboard"])].append((business_date, at, detail))
    titles = dict.fromkeys([*(board.title for board in lineage.dashboards()), *sorted(by_title)])
    boards = [_board(title, by_title.get(title, []), asked) for title in titles]
    return Dashboards(boards, _today(found, asked.now.date()), found.at, found.is_stale)


def _today(found: Measured, day: date) -> Today:
    queries = [
        each
        for each in found.series.get("dremio_query_duration_seconds", [])
        if not each.labels["query_type"].startswith("ACCELERATOR")
    ]
    loads = [
        each
        for each in found.series.get("superset_dashboard_load_time", [])
        if each.labels["seen_by"] == "reader"
    ]
    asked = found.series.get("superset_queries_total", [])
    count = grown_on(asked, day)
    hits = grown_on([each for each in asked if each.labels["cached"] == "yes"], day)
    return Today(spread_of(queries, day), spread_of(loads, day), hits / count if count else None, count)


def _board(title: str, reports: list[tuple[date, datetime | None, dict[str, Any]]], asked: Asked) -> Board:
    if not reports:
        return Board(title, "unknown", None, None, False, None, None)
    warmings = [_warming(*each) for each in reports]
    newest = warmings[-1]
    late = "late" if asked.now > night_window(asked.night)[1] else "not_started"
    charts = [(str(each.get("chart")), each.get("cold_ms")) for each in _charts(reports[-1][2])]
    slowest = sorted(((name, float(ms)) for name, ms in charts if ms is not None), key=lambda each: -each[1])
    return Board(
        title=title,
        state="success" if newest.business_date == asked.night else late,
        newest=newest,
        hit_rate=newest.hits / newest.charts if newest.charts else None,
        is_slow=max(newest.cold_ms or 0, newest.hit_ms or 0) > LONGEST_MILLISECONDS,
        cold_trend=trend([(str(each.business_date), each.cold_ms) for each in warmings]),
        hit_trend=trend([(str(each.business_date), each.hit_ms) for each in warmings]),
        slowest_charts=slowest[:3],
    )


def _warming(business_date: date, at: datetime | None, detail: dict[str, Any]) -> Warming:
    charts = _charts(detail)
    cold = [float(each["cold_ms"]) for each in charts if each.get("cold_ms") is not None]
    hit = [float(each["hit_ms"]) for each in charts if each.get("hit_ms") is not None]
    return Warming(
        business_date=business_date,
        at=at,
        charts=int(detail.get("charts_warmed") or len(charts)),
        hits=int(detail.get("hits") or 0),
        cold_ms=max(cold, default=None),
        hit_ms=max(hit, default=None),
    )


def _charts(detail: dict[str, Any]) -> list[dict[str, Any]]:
    charts = detail.get("charts")
    return [each for each in charts if isinstance(each, dict)] if isinstance(charts, list) else []
