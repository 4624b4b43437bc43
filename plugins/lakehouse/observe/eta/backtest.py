"""The forecast against nights whose end is known: each is forecast from the nights before it alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from lakehouse.night.plan import NIGHT
from lakehouse.observe.eta.forecast import Forecast, forecast
from lakehouse.observe.eta.history import ROOTS, PastNight
from lakehouse.observe.eta.model import Model, learn
from lakehouse.observe.eta.tonight import Tonight
from lakehouse.observe.facts.nights import RunState, StageRun

WARM_UP: Final = 8
"""Nights that are learnt from before the first one is forecast."""
DRAWS: Final = 300


@dataclass(frozen=True)
class Tested:
    """One night and its first forecast."""

    night: PastNight
    forecast: Forecast

    @property
    def is_inside(self) -> bool:
        """Was it served inside the 90 % band?"""
        first, last = self.forecast.p05, self.forecast.p95
        return first is not None and last is not None and first <= self.night.served_at <= last


@dataclass(frozen=True)
class Coverage:
    """How many of the tested nights the 90 % band held."""

    nights: int
    inside: int
    early: int
    """Served before the band."""
    late: int
    """Served after it."""
    width_seconds: float
    """The middle width of the bands."""

    @property
    def share(self) -> float:
        """Of the nights inside."""
        return self.inside / self.nights if self.nights else 0.0


def backtest(
    nights: Sequence[PastNight], warm_up: int = WARM_UP, draws: int = DRAWS, after: int = 0
) -> list[Tested]:
    """Forecast every night after the first ones.

    Args:
        nights: whole nights, the oldest first.
        warm_up: how many are only learnt from.
        draws: of a forecast.
        after: forecast once that many stages have ended, 0 when the night begins.
    """
    tested = []
    for place in range(warm_up, len(nights)):
        night = nights[place]
        model = learn(nights[:place], night.business_date.weekday())
        at = moment_after(night, after)
        tested.append(Tested(night, forecast(night_at(night, at), model, at, draws)))
    return tested


def coverage(tested: Sequence[Tested]) -> Coverage:
    """The account of a back-test."""
    inside = sum(each.is_inside for each in tested)
    early = sum(bool(each.forecast.p05 and each.night.served_at < each.forecast.p05) for each in tested)
    widths = sorted(
        (each.forecast.p95 - each.forecast.p05).total_seconds()
        for each in tested
        if each.forecast.p05 and each.forecast.p95
    )
    middle = widths[len(widths) // 2] if widths else 0.0
    return Coverage(len(tested), inside, early, len(tested) - inside - early, middle)


def moment_after(night: PastNight, stages: int) -> datetime:
    """When that many of its stages had ended, in the order they did; its beginning for 0."""
    if stages == 0:
        return min(night.starts.values())
    return sorted(night.ended(each.name) for each in NIGHT)[stages - 1]


def night_at(night: PastNight, now: datetime) -> Tonight:
    """The night as its receipt showed it at that time."""
    runs = {}
    for each in NIGHT:
        started = night.starts[each.name]
        if started > now:
            continue
        ended = night.ended(each.name)
        runs[each.name] = StageRun(
            business_date=night.business_date,
            stage=each.name,
            run_id=f"{night.started_by}__1",
            state=RunState.SUCCESS if ended <= now else RunState.RUNNING,
            started_at=started,
            ended_at=ended if ended <= now else None,
            attempts=1,
            retrying=False,
            rows_in=night.rows if each.name == ROOTS[0] else 0,
            rows_out=0,
            rows_quarantined=0,
        )
    return Tonight(night.business_date, night.by_clock, runs)


def followed(night: PastNight, model: Model, every: timedelta, draws: int = DRAWS) -> Iterator[Forecast]:
    """The forecasts that were made while the night ran, one each `every`, and one at its end."""
    now = min(night.starts.values())
    while now < night.served_at:
        yield forecast(night_at(night, now), model, now, draws)
        now += every
    yield forecast(night_at(night, night.served_at), model, night.served_at, draws)


def slowed(night: PastNight, stage_name: str, seconds: float) -> PastNight:
    """The same night, had one of its stages taken so much longer."""
    lengths = dict(night.seconds)
    lengths[stage_name] += seconds
    starts: dict[str, datetime] = {}
    for each in NIGHT:
        if not each.waits_for:
            starts[each.name] = night.starts[each.name]
            continue
        ready = max(starts[name] + timedelta(seconds=lengths[name]) for name in each.waits_for)
        starts[each.name] = ready + timedelta(seconds=night.waits[each.name])
    return replace(night, seconds=lengths, starts=starts)
