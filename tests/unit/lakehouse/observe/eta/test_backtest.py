"""The promise of the forecast: its band holds about nine nights in ten; pages come in time or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lakehouse.night.plan import NIGHT, night_window
from lakehouse.observe.eta.backtest import backtest, coverage, followed, slowed
from lakehouse.observe.eta.estimate import will_be_late
from lakehouse.observe.eta.forecast import Forecast
from lakehouse.observe.eta.history import PastNight, past_nights
from lakehouse.observe.eta.model import learn
from lakehouse.observe.facts.nights import RunState, StageRun
from testing.lakehouse.made_up_nights import Kind, nights_of

DRAWS = 60
LENGTH = 60


@pytest.mark.parametrize(
    ("kind", "after"),
    [
        (Kind(), 0),
        (Kind(shared_noise=0.2, own_noise=0.2), 5),
        (Kind(slow_share=0.02, retry_share=0.03, growth=0.01), 5),
    ],
    ids=["usual", "noisy, after five stages", "retries and growth, after five stages"],
)
def test_the_band_holds_nine_nights_in_ten(kind: Kind, after: int) -> None:
    tested = [
        each
        for seed in (11, 12)
        for each in backtest(nights_of(replace(kind, seed=seed), LENGTH), draws=DRAWS, after=after)
    ]
    account = coverage(tested)
    assert account.nights == 2 * (LENGTH - 8)
    assert 0.85 <= account.share <= 0.95, account


def test_a_platform_that_is_slower_for_good_is_followed_after_a_few_nights() -> None:
    shift_at, surprised = 30, 5
    nights = nights_of(Kind(seed=12, shift_at=shift_at, shift=1.5), 80)
    tested = backtest(nights, draws=DRAWS)
    new = {each.business_date for each in nights[shift_at : shift_at + surprised]}
    missed = [each for each in tested if each.night.business_date in new and not each.is_inside]
    assert 1 <= len(missed) <= surprised, "the first slow nights are news"
    account = coverage([each for each in tested if each.night.business_date not in new])
    assert 0.85 <= account.share <= 0.96, account


def deadline(night: PastNight) -> datetime:
    return night_window(night.business_date)[1]


def page_of(night: PastNight, history: list[PastNight], minutes: int) -> Forecast | None:
    model = learn(history, night.business_date.weekday())
    told = followed(night, model, timedelta(minutes=minutes), DRAWS)
    return next((each for each in told if will_be_late(each)), None)


def test_a_normal_night_never_pages() -> None:
    nights = nights_of(Kind(seed=21), 40)
    for place in range(20, 40):
        assert nights[place].served_at < deadline(nights[place])
        assert page_of(nights[place], nights[:place], 15) is None


@pytest.mark.parametrize("count", [0, 1, 3, 8])
def test_a_normal_night_does_not_page_when_few_are_known(count: int) -> None:
    nights = nights_of(Kind(seed=22), count + 1)
    assert page_of(nights[-1], nights[:-1], 5) is None


@pytest.mark.parametrize("stage", [each.name for each in NIGHT])
def test_a_slowed_stage_pages_before_the_deadline_is_missed(stage: str) -> None:
    nights = nights_of(Kind(seed=23), 31)
    slow = slowed(nights[-1], stage, 5 * 3600)
    assert slow.served_at > deadline(slow)
    page = page_of(slow, nights[:-1], 4)
    assert page is not None
    assert page.at < deadline(slow)
    # The more there is left to do, the sooner.
    if stage == NIGHT[0].name:
        assert deadline(slow) - page.at > timedelta(hours=1)


def run_of(night: PastNight, stage: str, **more: object) -> StageRun:
    started = night.starts[stage]
    plain = StageRun(
        night.business_date, stage, "scheduled__1", RunState.SUCCESS, started, night.ended(stage), 1, False,
        night.rows if stage == NIGHT[0].name else 0, 0, 0,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


def runs_of(night: PastNight) -> list[StageRun]:
    return [run_of(night, each.name) for each in NIGHT]


def test_history_has_whole_nights_only() -> None:
    nights = nights_of(Kind(seed=31), 3)
    runs = [run for night in nights for run in runs_of(night)]
    assert [each.business_date for each in past_nights(runs)] == [each.business_date for each in nights]
    without_the_last = [
        run for run in runs if run.stage != NIGHT[-1].name or run.business_date != nights[1].business_date
    ]
    assert len(past_nights(without_the_last)) == 2
    assert past_nights([]) == []


def test_of_a_date_that_was_replayed_the_first_run_counts() -> None:
    [night] = nights_of(Kind(seed=32), 1)
    again = [
        replace(
            run,
            run_id="manual__2",
            started_at=run.started_at + timedelta(hours=9),
            ended_at=run.started_at + timedelta(hours=9, seconds=1),
        )
        for run in runs_of(night)
    ]
    [learnt] = past_nights([*again, *runs_of(night)])
    assert learnt.seconds == pytest.approx(night.seconds)
    assert learnt.rows == night.rows


def test_a_night_that_somebody_repaired_in_the_morning_is_no_example() -> None:
    [night] = nights_of(Kind(seed=33), 1)
    morning = night.ended("load_bronze") + timedelta(hours=5)
    cleared = [
        run_of(night, "load_bronze", attempts=5, ended_at=morning) if run.stage == "load_bronze" else run
        for run in runs_of(night)
    ]
    assert past_nights(cleared) == []
    restarted = [
        replace(
            run,
            started_at=run.started_at + timedelta(hours=4),
            ended_at=night.ended(run.stage) + timedelta(hours=4),
        )
        if run.stage in ("refresh_reflections", "warm_dashboards")
        else run
        for run in runs_of(night)
    ]
    assert past_nights(restarted) == []


def test_nights_by_the_clock_are_learnt_from_alone_once_there_are_enough() -> None:
    nights = nights_of(Kind(seed=34), 14)
    runs = [run for night in nights for run in runs_of(night)]
    by_hand = [
        replace(run, run_id="manual__1")
        if run.business_date in {each.business_date for each in nights[:4]}
        else run
        for run in runs
    ]
    assert len(past_nights(by_hand)) == 10
    few = [run for run in by_hand if run.business_date <= nights[6].business_date]
    assert len(past_nights(few)) == 4, "those that people started, rather than three by the clock"
