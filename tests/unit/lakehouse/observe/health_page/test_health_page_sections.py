"""Sections from what the tables hold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lakehouse.observe.facts.freshness import DataAge
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.health_page.reading import Asked
from lakehouse.observe.health_page.sections import age, dashboards, nights, storage, syncs
from lakehouse.observe.health_page.trend import trend
from testing.lakehouse.planted_nights import PlantedNight, a_year

DAY = date(2026, 11, 29)
ASKED = Asked(DAY, datetime(2026, 11, 29, 6, 0, tzinfo=UTC))
TABLES = ["customers", "orders"]
TITLE = "Customer Analytics"


def sync(connection: str | None, **values: Any) -> dict[str, Any]:
    row = {
        "connection": connection, "business_date": DAY, "stage": "extract_postgres", "run_id": "r",
        "task_id": "sync_new", "state": "success", "attempts": 1, "started_at": ASKED.now,
        "ended_at": ASKED.now + timedelta(seconds=5), "error": None, "rows": 7, "bytes": 9, "reused": False,
    }  # fmt: skip
    return row | values


def test_every_declared_connection_is_shown_and_trouble_first() -> None:
    declared = sorted({stream.connection for stream in read_lineage().streams()})
    if not declared:
        pytest.skip("no source is declared")
    shown = syncs.shaped([sync(declared[-1], state="failed", error="refused")], read_lineage(), ASKED)
    assert [each.connection for each in shown] == [declared[-1], *declared[:-1]]
    assert {each.state for each in shown[1:]} <= {"unknown"}
    assert shown[0].error == "refused"


def test_a_connection_that_has_never_worked_has_the_name_of_its_task() -> None:
    names = [each.connection for each in syncs.shaped([sync(None, state="running")], read_lineage(), ASKED)]
    assert "sync_new" in names


@pytest.mark.needs_shop
@pytest.mark.parametrize(
    ("newest", "clock", "state", "behind"),
    [
        (DAY, "06:00", "success", 0),
        (DAY, "03:00", "success", 0),
        (DAY - timedelta(days=1), "03:00", "success", 0),
        (DAY - timedelta(days=1), "04:46", "late", 1),
        (DAY - timedelta(days=4), "03:00", "late", 3),
        (None, "06:00", "unknown", None),
    ],
)
def test_data_is_late_once_the_night_that_should_have_brought_it_is_over(
    newest: date | None, clock: str, state: str, behind: int | None
) -> None:
    now = datetime.fromisoformat(f"2026-11-29T{clock}:00+00:00")
    ages = age.shaped((DataAge("gold.orders", newest, now, timedelta(hours=1)),), read_lineage(), now)
    assert (ages.tables[0].state, ages.tables[0].nights_behind) == (state, behind)
    assert ages.tables[0].dashboards


@pytest.mark.needs_shop
def test_nights_tell_what_they_published_and_a_failed_one_where_it_stopped() -> None:
    good = PlantedNight(DAY - timedelta(days=1))
    bad = PlantedNight(DAY, fails_at="test_data_quality")
    shown = nights.shaped([*good.records(), *bad.records()], TABLES, ASKED).nights
    assert [each.business_date for each in shown] == [DAY, DAY - timedelta(days=1)]
    assert (shown[0].state, shown[0].failed_stage, shown[0].published) == ("failed", "test_data_quality", {})
    assert shown[0].served_at is None
    assert shown[1].published.keys() == set(TABLES)
    assert shown[1].in_time is True
    assert shown[1].rows > 0


def test_a_night_that_was_late_says_so() -> None:
    slow = PlantedNight(DAY, slow={"transform_marts": 8.0})
    assert nights.shaped(slow.records(), TABLES, ASKED).nights[0].in_time is False


def board(**charts: Any) -> dict[str, Any]:
    return {"dashboard": TITLE, "charts_warmed": 2, "hits": 1, **charts}


def shown_board(
    newest: date, warmed_at: datetime | None, charts: Any, asked: Asked = ASKED
) -> dashboards.Board:
    """The board with this report, beside those of whatever business is declared."""
    boards = dashboards.shaped([(newest, warmed_at, board(charts=charts))], read_lineage(), asked).boards
    return next(each for each in boards if each.title == TITLE)


def test_a_dashboard_tells_its_slowest_chart_and_hit_rate() -> None:
    charts = [{"chart": "A", "cold_ms": 700, "hit_ms": 30}, {"chart": "B", "cold_ms": 5_200, "hit_ms": 90}]
    shown = shown_board(DAY, ASKED.now, charts)
    assert (shown.state, shown.hit_rate, shown.is_slow) == ("success", 0.5, True)
    assert shown.newest is not None
    assert (shown.newest.cold_ms, shown.newest.hit_ms) == (5_200, 90)
    assert shown.slowest_charts[0] == ("B", 5_200.0)


@pytest.mark.parametrize("charts", [None, [], "x", [None, 3], [{"chart": "A"}]])
def test_a_report_without_times_is_no_fault(charts: Any) -> None:
    shown = shown_board(DAY, None, charts)
    assert shown.newest is not None
    assert shown.newest.cold_ms is None
    assert not shown.is_slow


@pytest.mark.parametrize(("clock", "state"), [("03:00", "not_started"), ("05:00", "late")])
def test_a_dashboard_of_an_older_night_is_late_only_when_this_one_is_due(clock: str, state: str) -> None:
    asked = Asked(DAY, datetime.fromisoformat(f"2026-11-29T{clock}:00+00:00"))
    assert shown_board(DAY - timedelta(days=1), ASKED.now, [], asked).state == state


@pytest.mark.needs_shop
def test_a_dashboard_that_was_never_warmed_is_named() -> None:
    boards = dashboards.shaped([], read_lineage(), ASKED).boards
    assert [each.title for each in boards] == [each.title for each in read_lineage().dashboards()]
    assert {each.state for each in boards} == {"unknown"}


def test_bronze_is_summed_over_all_nights_and_drawn_over_the_newest() -> None:
    rows = [(DAY - timedelta(days=back), 100 + back, 3) for back in reversed(range(40))]
    shown = storage.shaped_bronze(rows)
    assert (shown.bytes, shown.rows, shown.newest, shown.newest_bytes) == (4_780, 120, DAY, 100)
    assert shown.trend is not None
    assert len(shown.trend.values) == storage.NIGHTS
    assert storage.shaped_bronze([]).newest is None


def test_a_trend_starts_at_zero_and_leaves_out_what_is_missing() -> None:
    line = trend([("a", 10.0), ("b", None), ("c", 20.0)])
    assert line is not None
    assert line.points == "2.0,12.0 98.0,2.0"
    assert line.change == 1.0
    assert trend([("a", 10.0), ("b", None)]) is None
    assert trend([("a", 0.0), ("b", 0.0)]) is not None


def test_planted_nights_are_the_same_each_time() -> None:
    assert [each.records() for each in a_year(DAY, 3)] == [each.records() for each in a_year(DAY, 3)]
