"""What the observer counts is kept by day, once per series, and goes with the newest gathering."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lakehouse.observe.metrics.days import keep_day, kept_days
from lakehouse.observe.metrics.observation import Observation
from lakehouse.observe.metrics.totals import observe
from lakehouse.platform.database import transaction
from tests.observe.health_page.conftest import OwnSchema

DASHBOARD = "kept by day"


def load(number: int, seconds: float) -> Observation:
    labels = {"dashboard": DASHBOARD, "seen_by": "reader"}
    return Observation("superset_dashboard_load_time", f"load {number}", labels, seconds, datetime.now(UTC))


def test_a_series_has_one_row_a_day_that_says_how_it_stands(year: OwnSchema) -> None:
    with transaction(year) as cursor:
        observe(cursor, [load(1, 0.2)])
        keep_day(cursor)
        keep_day(cursor)
        observe(cursor, [load(2, 4.0), load(3, 4.0)])
        keep_day(cursor)
    today = datetime.now(UTC).date()
    with transaction(year) as cursor:
        days = kept_days(cursor, today - timedelta(days=1), today)
        cursor.execute("delete from metric_days")
    own = [each for each in days if each.labels.get("dashboard") == DASHBOARD]
    assert [(each.day, each.observations) for each in own] == [(today, 3)]
    assert own[0].value == 8.2
    assert sum(own[0].buckets.values()) == 3
