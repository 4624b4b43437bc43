"""Nights that never ran, as a real platform might have them: for the tests of the forecast.

Seeded. A weekly rhythm and growth of the rows, noise that a whole night shares (a busy machine) and noise of
each stage, now and then a retry or a stage that takes twice as long, and on request a change for good.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from lakehouse.night.plan import NIGHT
from lakehouse.observe.eta.history import PastNight

FIRST = date(2026, 1, 5)


@dataclass(frozen=True)
class Kind:
    """What nights are like."""

    seed: int = 1
    growth: float = 0.002
    """Of the rows, a night."""
    weekend: float = 0.6
    """Rows of a Saturday or Sunday against those of a weekday."""
    shared_noise: float = 0.08
    """Standard deviation of the logarithm of a night's pace."""
    own_noise: float = 0.10
    """The same for each stage alone."""
    retry_share: float = 0.01
    """Stages that are retried."""
    slow_share: float = 0.01
    """Stages that take about twice as long."""
    follows_rows: float = 0.5
    """A stage's time grows with the rows to this power."""
    pace_of_plan: float = 0.5
    """Usual time of a stage, as a share of its plan."""
    shift_at: int | None = None
    shift: float = 1.0
    """From that night on every stage takes so many times as long."""
    started_by: str = "scheduled"


def nights_of(kind: Kind, count: int) -> list[PastNight]:
    """That many nights in a row."""
    source = random.Random(kind.seed)
    return [_night(kind, number, source) for number in range(count)]


def _night(kind: Kind, number: int, source: random.Random) -> PastNight:
    day = FIRST + timedelta(days=number)
    weekly = kind.weekend if day.weekday() >= 5 else 1.0
    share = weekly * (1 + kind.growth) ** number * math.exp(source.gauss(0, 0.1))
    pace = math.exp(source.gauss(0, kind.shared_noise))
    if kind.shift_at is not None and number >= kind.shift_at:
        pace *= kind.shift
    seconds: dict[str, float] = {}
    waits: dict[str, float] = {}
    starts: dict[str, datetime] = {}
    for stage in NIGHT:
        usual = 60 * stage.minutes * kind.pace_of_plan * share**kind.follows_rows
        length = usual * pace * math.exp(source.gauss(0, kind.own_noise))
        if source.random() < kind.slow_share:
            length *= 1 + source.paretovariate(2.5)
        if source.random() < kind.retry_share:
            length += source.choice((30, 90, 210)) + 0.5 * length
        seconds[stage.name] = length
        if not stage.waits_for:
            clock = datetime.combine(day, stage.start, tzinfo=UTC)
            starts[stage.name] = clock + timedelta(seconds=source.uniform(1, 8))
            continue
        waits[stage.name] = math.exp(source.gauss(1.0, 0.6))
        ready = max(starts[name] + timedelta(seconds=seconds[name]) for name in stage.waits_for)
        starts[stage.name] = ready + timedelta(seconds=waits[stage.name])
    return PastNight(day, kind.started_by, round(1_000_000 * share), starts, seconds, waits)
