"""The bars of a night: plan and actual on one axis, whatever the clock did."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lakehouse.night.plan import NIGHT
from lakehouse.observe.health_page.gantt import Estimate, Gantt, gantt
from lakehouse.receipts.render import receipt
from testing.lakehouse.planted_nights import PlantedNight

DAY = date(2026, 11, 29)


def at(clock: str, day: date = DAY) -> datetime:
    return datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), tzinfo=UTC)


def chart(night: PlantedNight, now: datetime, estimate: Estimate | None = None) -> Gantt:
    return gantt(receipt(NIGHT, night.business_date, night.records()), night.business_date, now, estimate)


@pytest.mark.needs_shop
def test_plan_and_actual_share_the_axis_of_a_night_by_the_clock() -> None:
    done = chart(PlantedNight(DAY), at("06:00"))
    assert done.follows_clock
    assert [row.state for row in done.rows] == ["success"] * 9
    first = done.rows[0]
    # The axis runs from 01:00 to 05:00 in half hours.
    assert [tick.label for tick in done.ticks][::8] == ["01:00", "05:00"]
    assert first.plan is not None
    assert (first.plan.left, first.plan.width) == (0.0, 12.5)
    assert first.actual is not None
    assert first.actual.left == pytest.approx(0.0, abs=0.1)
    assert done.deadline == 93.75
    assert done.now is None


@pytest.mark.needs_shop
def test_a_running_night_shows_the_present_and_the_expected_end() -> None:
    estimate = Estimate(at("04:10"), at("04:25"), at("05:20"))
    running = chart(PlantedNight(DAY, until=at("02:08")), at("02:08"), estimate)
    assert [row.state for row in running.rows][:4] == ["success", "success", "success", "running"]
    assert {row.state for row in running.rows[4:]} == {"not_started"}
    staging = running.rows[3].actual
    assert staging is not None
    assert running.now is not None
    assert staging.right == pytest.approx(running.now, abs=0.01)
    assert running.estimate is not None
    assert running.likely is not None
    assert running.estimate.left < running.likely < running.estimate.right <= 100


def test_a_stage_that_has_not_started_in_time_is_late_and_says_by_how_much() -> None:
    stuck = chart(PlantedNight(DAY, fails_at="load_bronze"), at("03:00"))
    states = {row.name: row.state for row in stuck.rows}
    assert states["load_bronze"] == "failed"
    assert states["transform_staging"] == "late"
    assert states["transform_marts"] == "not_started"
    behind = {row.name: row.behind_minutes for row in stuck.rows}
    assert behind["transform_staging"] == 10
    assert behind["extract_postgres"] is None


def test_a_night_that_never_started_is_late_from_its_first_planned_start() -> None:
    assert chart(PlantedNight(DAY, until=at("00:30")), at("00:30")).rows[0].state == "not_started"
    never = gantt(receipt(NIGHT, DAY, []), DAY, at("01:10"))
    assert never.rows[0].state == "late"
    assert never.now is not None


def test_a_night_by_hand_has_an_axis_of_its_own() -> None:
    old = date(2025, 10, 16)
    records = [
        record.__class__(**(record.__dict__ | {"business_date": old}))
        for record in PlantedNight(DAY).records()
    ]
    shown = gantt(receipt(NIGHT, old, records), old, at("09:00"))
    assert not shown.follows_clock
    assert shown.deadline is None
    assert {row.plan for row in shown.rows} == {None}
    assert all(row.actual for row in shown.rows)
    assert {row.behind_minutes for row in shown.rows} == {None}


def test_no_bar_leaves_the_axis_or_is_too_small_to_be_seen() -> None:
    for night, now in (
        (PlantedNight(DAY), at("12:00")),
        (PlantedNight(DAY, slow={"transform_marts": 9.0}), at("12:00")),
        (PlantedNight(DAY, until=at("01:00")), at("01:00")),
        (PlantedNight(DAY, fails_at="extract_apis"), at("04:00")),
    ):
        shown = chart(night, now)
        spans = [span for row in shown.rows for span in (row.plan, row.actual) if span]
        assert spans
        assert all(span.left >= 0 and span.right <= 100.001 and span.width >= 0.499 for span in spans)
        assert 2 <= len(shown.ticks) <= 10


@pytest.mark.parametrize("shift", [timedelta(hours=-3), timedelta(days=-400)])
def test_a_clock_that_was_set_back_makes_no_bar_negative(shift: timedelta) -> None:
    """The night's times lie in the future of whoever looks."""
    running = PlantedNight(DAY, until=at("02:40"))
    shown = chart(running, at("02:40") + shift)
    assert all(row.seconds is None or row.seconds >= 0 for row in shown.rows)
    assert all(row.actual is None or row.actual.width > 0 for row in shown.rows)


def test_a_stage_of_no_seconds_and_an_end_before_its_start_are_drawn() -> None:
    told: dict[str, Any] = receipt(NIGHT, DAY, PlantedNight(DAY).records())
    stage = told["stages"]["load_bronze"]
    stage["ended_at"] = (datetime.fromisoformat(stage["started_at"]) - timedelta(minutes=3)).isoformat()
    row = gantt(told, DAY, at("06:00")).rows[2]
    assert row.seconds == 0
    assert row.actual is not None
    assert row.actual.width == pytest.approx(0.5)
