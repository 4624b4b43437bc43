"""A dashboard warmed, and proven warm: the next reader gets every chart from the cache, with tonight's data.

In this order: forget what was cached of the dashboard's datasets; have every chart computed by Superset's own
warm-up, which finds the broken ones; then send each chart's real request as a reader's browser would. Only an
answer that says it came from the cache, and was put there after the start, counts.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from lakehouse.superset.chart_requests import Chart, browser_request, filter_defaults, read_chart
from lakehouse.superset.client import SupersetClient
from lakehouse.superset.errors import (
    BrokenChartsError,
    CacheNotWarmError,
    NothingDrawnError,
    SupersetRequestError,
)
from lakehouse.superset.states import QueryStatus

log = logging.getLogger(__name__)

CONCURRENT_CHARTS: Final = 3
"""Charts asked for at a time. A reader's browser asks for six; one dashboard is not to fill the engine."""


@dataclass(frozen=True)
class WarmChart:
    """One chart, proven warm."""

    name: str
    rows: int
    """Rows of its first query, as drawn."""
    cold_ms: int
    """What the computation took, as Superset's warm-up saw it from here."""
    hit_ms: int
    """What the next reader waits for Superset."""
    cached_at: datetime
    """When the cached answer was computed, by Superset's clock."""


@dataclass(frozen=True)
class WarmDashboard:
    """One dashboard, proven warm, chart by chart."""

    slug: str
    title: str
    charts: tuple[WarmChart, ...]
    milliseconds: int
    """From forgetting the old answers to the last proof."""


def warm_dashboard(client: SupersetClient, slug: str) -> WarmDashboard:
    """Warms the dashboard of that slug (or uuid) for the client's user and proves it.

    Raises:
        SupersetNotFoundError: no such dashboard.
        BrokenChartsError: some charts cannot be drawn; the message names each with Superset's error.
        NothingDrawnError: none can be drawn, so the lake is away rather than the charts broken.
        CacheNotWarmError: a chart is computed again although it was just cached.
        SupersetUnavailableError: Superset is away.
    """
    began = time.monotonic()
    dashboard = client.get(f"dashboard/{slug}")["result"]
    metadata = json.loads(dashboard["json_metadata"] or "{}")
    charts = [
        read_chart(client.get(f"chart/{each['id']}")["result"])
        for each in client.get(f"dashboard/{slug}/charts")["result"]
    ]
    if not charts:
        raise BrokenChartsError(f"dashboard {dashboard['dashboard_title']!r} has no charts: import it again")
    start = _forget(client, slug)
    with ThreadPoolExecutor(CONCURRENT_CHARTS) as threads:
        cold = _compute(client, dashboard, charts, threads)
        warm = tuple(threads.map(lambda each: _prove(client, each, metadata, cold[each.id], start), charts))
    return WarmDashboard(slug, dashboard["dashboard_title"], warm, _since(began))


def _forget(client: SupersetClient, slug: str) -> datetime:
    """Drops every cached answer of the dashboard's datasets; gives the time of it by Superset's clock."""
    datasets = client.get(f"dashboard/{slug}/datasets")["result"]
    uids = [f"{each['id']}__table" for each in datasets]
    client.post("cachekey/invalidate", {"datasource_uids": uids})
    return client.server_time or datetime.now(UTC).replace(microsecond=0)


def _compute(
    client: SupersetClient, dashboard: Mapping[str, Any], charts: list[Chart], threads: Executor
) -> dict[int, int]:
    """Has Superset compute and cache every chart; milliseconds by chart id. Raises on charts that fail."""
    computed = list(threads.map(lambda each: _computed(client, dashboard["id"], each), charts))
    broken = {chart.name: error for chart, (_, error) in zip(charts, computed, strict=True) if error}
    if broken:
        listed = "; ".join(f"{name!r}: {error}" for name, error in sorted(broken.items()))
        title = dashboard["dashboard_title"]
        message = f"{len(broken)} of {len(charts)} charts of {title!r} cannot be drawn. {listed}"
        raise NothingDrawnError(message) if len(broken) == len(charts) else BrokenChartsError(message)
    return {chart.id: took for chart, (took, _) in zip(charts, computed, strict=True)}


def _computed(client: SupersetClient, dashboard_id: int, chart: Chart) -> tuple[int, str | None]:
    """The milliseconds that one chart took, and what is wrong with it."""
    began = time.monotonic()
    if chart.query_context is None:
        return 0, "has no stored query: open it in Superset, save it, and export it again"
    body = {"chart_id": chart.id, "dashboard_id": dashboard_id}
    # A broken chart is answered with 200 as well: only what the body says counts.
    result = client.put("chart/warm_up_cache", body)["result"][0]
    if result["viz_error"] is not None or QueryStatus.of(result["viz_status"]) is not QueryStatus.SUCCESS:
        return _since(began), str(result["viz_error"] or f"status {result['viz_status']}")
    return _since(began), None


def _prove(
    client: SupersetClient, chart: Chart, metadata: Mapping[str, Any], cold_ms: int, start: datetime
) -> WarmChart:
    request = browser_request(chart, filter_defaults(metadata, chart.id))
    answers, hit_ms = _read(client, chart, request)
    if not _is_hit(answers, start):
        # Filter defaults made it another query than the stored one: this read computes it, forced because an
        # older answer may have survived in a store that was not invalidated, and the next one is the proof.
        _read(client, chart, {**request, "force": True})
        answers, hit_ms = _read(client, chart, request)
    if not _is_hit(answers, start):
        raise CacheNotWarmError(
            f"chart {chart.name!r} was computed, but the next reader does not get that from the cache: "
            f"cached at {[each['cached_dttm'] for each in answers]}, wanted since {start.isoformat()}. "
            "Are CACHE_CONFIG and DATA_CACHE_CONFIG one real store with one prefix?"
        )
    cached_at = min(_cached_at(each) for each in answers)
    log.info("chart %r: %s ms to compute, %s ms from the cache", chart.name, cold_ms, hit_ms)
    return WarmChart(chart.name, int(answers[0]["rowcount"]), cold_ms, hit_ms, cached_at)


def _read(
    client: SupersetClient, chart: Chart, request: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], int]:
    """The answers of a chart's queries and the milliseconds they took.

    Raises:
        BrokenChartsError: Superset refuses the request, or an answer carries an error.
    """
    began = time.monotonic()
    try:
        answers: list[dict[str, Any]] = client.post("chart/data", request)["result"]
    except SupersetRequestError as error:
        raise BrokenChartsError(f"chart {chart.name!r} cannot be drawn: {error}") from error
    for each in answers:
        if each.get("error"):
            raise BrokenChartsError(f"chart {chart.name!r} cannot be drawn: {each['error']}")
    return answers, _since(began)


def _is_hit(answers: list[dict[str, Any]], start: datetime) -> bool:
    """True when every answer comes from the cache and was computed after `start`."""
    return all(each["is_cached"] and _cached_at(each) >= start for each in answers)


def _cached_at(answer: Mapping[str, Any]) -> datetime:
    """Superset writes it in UTC, to the second, without saying so."""
    return datetime.fromisoformat(answer["cached_dttm"]).replace(tzinfo=UTC)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
