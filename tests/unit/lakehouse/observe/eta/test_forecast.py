"""What a forecast owes whoever reads it: order, patience, and no surprise when a stage ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from lakehouse.night.plan import NIGHT, night_window
from lakehouse.observe.eta.backtest import moment_after, night_at, slowed
from lakehouse.observe.eta.forecast import Forecast, forecast
from lakehouse.observe.eta.history import PastNight
from lakehouse.observe.eta.model import Model, learn
from lakehouse.observe.eta.tonight import NightState, Tonight, tonight_of
from lakehouse.observe.facts.nights import RunState, StageRun
from testing.lakehouse.made_up_nights import Kind, nights_of

NIGHTS = nights_of(Kind(), 31)
TONIGHT = NIGHTS[-1]
LEARNT = learn(NIGHTS[:-1], TONIGHT.business_date.weekday())
DRAWS = 200
FIRST_STAGE = NIGHT[0].name


def made(night: PastNight, now: datetime, model: Model = LEARNT) -> Forecast:
    return forecast(night_at(night, now), model, now, DRAWS)


def quantiles(told: Forecast) -> tuple[datetime, datetime, datetime]:
    assert told.p05 is not None
    assert told.p50 is not None
    assert told.p95 is not None
    return told.p05, told.p50, told.p95


def ticks(night: PastNight, minutes: int = 15) -> list[datetime]:
    begins = min(night.starts.values())
    count = int((night.served_at - begins) / timedelta(minutes=minutes))
    return [begins + timedelta(minutes=minutes * number) for number in range(count + 1)]


def test_quantiles_are_ordered_and_never_before_now() -> None:
    for now in ticks(TONIGHT):
        p05, p50, p95 = quantiles(made(TONIGHT, now))
        assert now <= p05 <= p50 <= p95


def test_the_same_knowledge_gives_the_same_forecast() -> None:
    now = ticks(TONIGHT)[3]
    assert made(TONIGHT, now) == made(TONIGHT, now)


@pytest.mark.parametrize("stage", [each.name for each in NIGHT])
def test_a_stage_that_ends_makes_the_forecast_no_later(stage: str) -> None:
    """At every stage's end: had it gone on running, all quantiles would be the same or later."""
    ended_at = TONIGHT.ended(stage)
    ended = night_at(TONIGHT, ended_at)
    running = dict(ended.runs)
    running[stage] = replace(running[stage], state=RunState.RUNNING, ended_at=None)
    still = replace(ended, runs=running)
    # The day's rows are known once the extracts have ended, which is news of another kind.
    model = replace(LEARNT, durations={n: replace(s, slope=0.0) for n, s in LEARNT.durations.items()})
    after = quantiles(forecast(ended, model, ended_at, DRAWS))
    before = quantiles(forecast(still, model, ended_at, DRAWS))
    assert all(x <= y for x, y in zip(after, before, strict=True))


def test_while_a_stage_runs_the_forecast_never_gets_earlier() -> None:
    slow = slowed(TONIGHT, "transform_marts", 3 * 3600)
    begun = slow.starts["transform_marts"]
    told = [quantiles(made(slow, begun + timedelta(minutes=10 * number))) for number in range(12)]
    for earlier, later in pairwise(told):
        assert all(x <= y for x, y in zip(earlier, later, strict=True))
    assert told[-1][1] > told[0][1]


def test_the_band_narrows_as_the_night_goes_on() -> None:
    widths = []
    for stages in (0, 3, 6, 8):
        p05, _, p95 = quantiles(made(TONIGHT, moment_after(TONIGHT, stages)))
        widths.append(p95 - p05)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < widths[0] / 4


def test_a_night_that_is_served_is_a_fact() -> None:
    told = made(TONIGHT, TONIGHT.served_at + timedelta(hours=1))
    assert told.state is NightState.SERVED
    assert quantiles(told) == (TONIGHT.served_at,) * 3
    assert told.p_miss == 0.0


def test_a_failed_stage_stops_the_night_and_there_is_no_forecast() -> None:
    now = moment_after(TONIGHT, 3)
    standing = night_at(TONIGHT, now)
    runs = dict(standing.runs)
    failed = replace(runs[FIRST_STAGE], state=RunState.FAILED)
    told = forecast(replace(standing, runs={**runs, FIRST_STAGE: failed}), LEARNT, now, DRAWS)
    assert (told.state, told.p05, told.p50, told.p95, told.p_miss) == (NightState.STOPPED, *[None] * 4)


def test_a_task_that_waits_for_its_next_attempt_costs_the_stage_again() -> None:
    now = TONIGHT.ended("load_bronze") - timedelta(seconds=1)
    plain = night_at(TONIGHT, now)
    again = dict(plain.runs)
    again["load_bronze"] = replace(again["load_bronze"], retrying=True, attempts=2)
    usual = quantiles(forecast(plain, LEARNT, now, DRAWS))
    retried = quantiles(forecast(replace(plain, runs=again), LEARNT, now, DRAWS))
    assert retried[1] - usual[1] > timedelta(minutes=3)


def test_more_rows_than_usual_make_the_night_longer() -> None:
    now = moment_after(TONIGHT, 2)
    many = replace(TONIGHT, rows=TONIGHT.rows * 4)
    assert quantiles(made(many, now))[1] > quantiles(made(TONIGHT, now))[1] + timedelta(minutes=10)


def test_a_clock_that_jumps_back_brings_nothing_before_what_has_ended() -> None:
    now = moment_after(TONIGHT, 5)
    jumped = forecast(night_at(TONIGHT, now), LEARNT, now - timedelta(days=2), DRAWS)
    p05, p50, p95 = quantiles(jumped)
    assert now <= p05 <= p50 <= p95


def test_a_clock_that_jumps_forward_by_years_still_gives_a_forecast() -> None:
    now = moment_after(TONIGHT, 5) + timedelta(days=3000)
    p05, p50, p95 = quantiles(forecast(night_at(TONIGHT, moment_after(TONIGHT, 5)), LEARNT, now, DRAWS))
    assert now <= p05 <= p50 <= p95


def test_a_stage_of_no_seconds_is_learnt_and_forecast() -> None:
    nights = [replace(each, seconds=dict.fromkeys(each.seconds, 0.0)) for each in NIGHTS[:10]]
    at = moment_after(nights[-1], 0)
    told = forecast(night_at(nights[-1], at), learn(nights[:-1]), at, DRAWS)
    p05, p50, p95 = quantiles(told)
    assert at <= p05 <= p50 <= p95 < night_window(nights[-1].business_date)[1]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_nights_give_a_wide_band(count: int) -> None:
    """Without any night the plan's own minutes are the measure, and a night on its plan misses nothing."""
    day = date(2026, 3, 2)
    opens, closes = night_window(day)
    told = forecast(Tonight(day, True, {}), learn(NIGHTS[:count]), opens, DRAWS)
    p05, p50, p95 = quantiles(told)
    assert opens < p05 <= p50 <= p95
    assert p95 - p05 > timedelta(minutes=30)
    assert p50 < closes
    assert told.p_miss is not None
    assert told.p_miss < 0.5
    assert told.nights == count


def test_nothing_started_is_forecast_from_the_planned_starts() -> None:
    day = TONIGHT.business_date
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    told = forecast(Tonight(day, True, {}), LEARNT, midnight, DRAWS)
    assert told.state is NightState.WAITING
    assert quantiles(told)[0] > NIGHT[0].starts_at(day)


def test_a_night_that_does_not_start_gets_later_with_the_clock() -> None:
    day = TONIGHT.business_date
    opens, closes = night_window(day)
    misses = [
        forecast(Tonight(day, True, {}), LEARNT, opens + timedelta(minutes=30 * number), DRAWS).p_miss
        for number in range(8)
    ]
    assert misses == sorted(misses)  # type: ignore[type-var]
    assert misses[0] == 0.0
    assert misses[-1] == 1.0
    assert opens + timedelta(minutes=30 * 7) < closes


def test_a_night_by_hand_has_no_deadline() -> None:
    told = made(replace(TONIGHT, started_by="manual"), moment_after(TONIGHT, 3))
    assert (told.deadline, told.p_miss) == (None, None)
    assert told.p50 is not None


def run_of(stage: str, minute: int, minutes: int | None = 1, run_id: str = "scheduled__1") -> StageRun:
    begun = NIGHT[0].starts_at(TONIGHT.business_date) + timedelta(minutes=minute)
    ended = None if minutes is None else begun + timedelta(minutes=minutes)
    state = RunState.RUNNING if minutes is None else RunState.SUCCESS
    return StageRun(TONIGHT.business_date, stage, run_id, state, begun, ended, 1, False, 10, 10, 0)


def test_a_stage_run_before_its_input_was_run_again_has_not_started() -> None:
    runs = [
        run_of("extract_postgres", 0),
        run_of("extract_apis", 0),
        run_of("load_bronze", 2),
        run_of("extract_apis", 4, None),
    ]
    standing = tonight_of(TONIGHT.business_date, runs)
    assert set(standing.runs) == {"extract_postgres", "extract_apis"}
    assert (standing.state, standing.at_work, standing.rows) == (NightState.RUNNING, "extract_apis", None)


@pytest.mark.parametrize(
    ("run_id", "minute", "by_clock"),
    [
        ("scheduled__1", 0, True),
        ("manual__1", 0, False),
        ("backfill__1", 0, False),
        ("scheduled__1", 12 * 60, False),
    ],
)
def test_only_a_night_that_the_clock_started_in_its_window_has_a_deadline(
    run_id: str, minute: int, by_clock: bool
) -> None:
    runs = [run_of("extract_postgres", minute, run_id=run_id), run_of("extract_apis", minute, run_id=run_id)]
    standing = tonight_of(TONIGHT.business_date, runs)
    assert standing.by_clock is by_clock
    assert (standing.deadline is not None) is by_clock
