"""Figures of a day and growth, from what the observer has kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lakehouse.observe.eta.store import NightEta
from lakehouse.observe.eta.tonight import NightState
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.health_page.measured import gathered
from lakehouse.observe.health_page.reading import Asked
from lakehouse.observe.health_page.sections import dashboards, storage
from lakehouse.observe.health_page.sections.tonight import estimate_of
from lakehouse.observe.metrics.catalogue import METRICS
from lakehouse.observe.metrics.days import KEPT, Day, quantile

TODAY = date(2026, 11, 29)
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
USED, CAPACITY = "minio_disk_usage_bytes", "minio_disk_capacity_bytes"
QUERIES, ASKED = "dremio_query_duration_seconds", "superset_queries_total"


def day(
    metric: str, back: int, value: float = 0.0, buckets: Mapping[str, int] | None = None, **labels: str
) -> Day:
    own = {"bucket": "lake"} if metric.startswith("minio") else labels
    return Day(metric, own, TODAY - timedelta(days=back), value, 0, buckets or {})


def bucket(*days: Day) -> storage.Bucket:
    return storage.shaped_buckets(gathered(days, NOW, NOW))[0]


def test_only_metrics_that_exist_are_kept_by_day() -> None:
    assert set(KEPT) <= set(METRICS)


def test_growth_is_told_per_day_and_how_long_the_room_lasts() -> None:
    shown = bucket(*(day(USED, back, 700.0 - back * 10) for back in (9, 7, 3, 0)), day(CAPACITY, 0, 1_000.0))
    assert (shown.growth, shown.share, shown.state) == (10.0, 0.7, "warn")
    assert shown.days_left == pytest.approx(15.0)
    assert shown.trend is not None


@pytest.mark.parametrize(
    ("days", "growth", "state"),
    [
        ([day(USED, 0, 5.0)], None, "success"),
        ([day(USED, 1, 9.0), day(USED, 0, 5.0), day(CAPACITY, 0, 10.0)], -4.0, "success"),
        ([day(USED, 1, 9.0), day(USED, 0, 9.0), day(CAPACITY, 0, 10.0)], 0.0, "failed"),
        ([day(USED, 20, 1.0), day(USED, 0, 9.0)], None, "success"),
        ([day(USED, 1, 1.0), day(USED, 0, 9.0), day(CAPACITY, 0, 0.0)], 8.0, "success"),
    ],
)
def test_a_store_that_shrinks_or_whose_size_nobody_knows_is_not_filling_up(
    days: list[Day], growth: float | None, state: str
) -> None:
    shown = bucket(*days)
    assert (shown.growth, shown.state) == (growth, state)
    assert shown.days_left is None


def test_the_day_s_queries_are_those_counted_since_midnight() -> None:
    labels = {"query_type": "UI_RUN", "outcome": "completed", "accelerated": "yes"}
    refreshes = labels | {"query_type": "ACCELERATOR_CREATE"}
    days = [
        day(QUERIES, 1, buckets={"0.1": 100, "1": 100}, **labels),
        day(QUERIES, 0, buckets={"0.1": 110, "1": 110, "10": 2}, **labels),
        day(QUERIES, 0, buckets={"10": 50}, **refreshes),
        day(ASKED, 1, 500.0, dashboard="d", cached="yes"),
        day(ASKED, 0, 590.0, dashboard="d", cached="yes"),
        day(ASKED, 0, 10.0, dashboard="d", cached="no"),
    ]
    today = dashboards.shaped([], read_lineage(), Asked(TODAY, NOW), gathered(days, NOW, NOW)).today
    assert today.queries.count == 22
    assert today.queries.middle == pytest.approx(0.19)
    assert today.queries.slow == pytest.approx(5.05)
    assert (today.hit_rate, today.chart_queries) == (0.9, 100.0)
    assert today.loads.count == 0
    assert today.loads.middle is None


def test_what_was_not_gathered_today_is_not_today_s() -> None:
    days = [day(ASKED, 1, 500.0, dashboard="d", cached="yes")]
    today = dashboards.shaped([], read_lineage(), Asked(TODAY, NOW), gathered(days, NOW, NOW)).today
    assert (today.hit_rate, today.chart_queries) == (None, 0)


@pytest.mark.parametrize(("minutes", "stale"), [(1, False), (14, False), (16, True), (-30, False)])
def test_values_are_old_after_a_quarter_of_an_hour(minutes: int, stale: bool) -> None:
    assert gathered([], NOW - timedelta(minutes=minutes), NOW).is_stale is stale
    assert gathered([], None, NOW).is_stale


@pytest.mark.parametrize(
    ("buckets", "share", "value"),
    [
        ({}, 0.5, None),
        ({"1": 0}, 0.5, None),
        ({"1": 10}, 0.5, 0.5),
        ({"1": 10, "2": 10}, 0.5, 1.0),
        ({"1": 10, "2": 0, "4": 10}, 0.75, 3.0),
        ({"1": 1, "+Inf": 99}, 0.95, 1.0),
        ({"+Inf": 5}, 0.5, None),
    ],
)
def test_a_quantile_is_what_prometheus_would_estimate(
    buckets: dict[str, int], share: float, value: float | None
) -> None:
    assert quantile(buckets, share) == (None if value is None else pytest.approx(value))


def eta(**values: Any) -> NightEta:
    at = NOW.replace(hour=4)
    plain = NightEta(
        TODAY, NOW, NightState.RUNNING, "load_bronze", at, at, at, at, 0.25, 30, {}, NOW, None, None, None,
        None, None,
    )  # fmt: skip
    return replace(plain, **values)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (None, "once the night runs"),
        (eta(made_at=NOW - timedelta(hours=2)), "the newest is from 10:00"),
        (eta(p05=None, p50=None, p95=None, p_miss=None), "stands at load_bronze"),
    ],
)
def test_without_a_fresh_estimate_the_page_says_why(known: NightEta | None, words: str) -> None:
    found, chance, problem = estimate_of(known, NOW)
    assert (found, chance) == (None, None)
    assert words in str(problem)


def test_a_fresh_estimate_is_shown() -> None:
    found, chance, problem = estimate_of(eta(), NOW)
    assert found is not None
    assert (chance, problem) == (0.25, None)
