"""What the past nights teach: for every stage, its wait and its rows a level and how far nights miss it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

from lakehouse.night.plan import NIGHT
from lakehouse.observe.eta.distribution import Errors, Level, slope_of
from lakehouse.observe.eta.history import PastNight, planned_seconds

PLANNED_SHARE: Final = 0.5
"""Without any history a stage is expected to take this share of its planned minutes."""
PRIOR_WAIT_SECONDS: Final = 5.0
PRIOR_ROWS: Final = 10_000.0
PRIOR_TOGETHER: Final = 0.2
"""How much of its error a stage shares with the others of its night, as long as few nights are known."""
PRIOR_TOGETHER_NIGHTS: Final = 10
MOST_TOGETHER: Final = 0.85
UNSURE: Final = 6.0
"""What few nights teach is itself unsure: after n nights, errors count as 1 + UNSURE / n times as large."""
_NORMAL: Final = NormalDist()


@dataclass(frozen=True)
class Series:
    """One length of time, ready to be forecast: `log1p(seconds) = level + slope * log1p(rows) + error`."""

    level: float
    slope: float
    errors: Errors

    def seconds(self, log_survival: float, log_rows: float) -> float:
        """The length that is exceeded with that probability."""
        # The exponent is bounded: nothing in a night takes 10^13 seconds.
        return math.expm1(min(self.level + self.slope * log_rows + self.errors.at(log_survival), 30.0))

    def log_survival(self, seconds: float, log_rows: float) -> float:
        """The logarithm of the probability that it takes longer."""
        return self.errors.log_survival(math.log1p(max(seconds, 0.0)) - self.level - self.slope * log_rows)


@dataclass(frozen=True)
class Model:
    """All that a forecast needs."""

    nights: int
    durations: Mapping[str, Series]
    waits: Mapping[str, Series]
    rows: Series
    """Of rows, not seconds."""
    together: float
    """Correlation of the stages of one night, 0 to 1."""


def learn(nights: Sequence[PastNight], weekday: int | None = None, scale: float = 1.0) -> Model:
    """Learn from the nights, the oldest first. Few nights, or none, give a wide forecast.

    Args:
        nights: whole nights.
        weekday: of the night to be forecast, Monday 0; None if its weekday is not to count.
        scale: stretches the errors; the back-test finds it.
    """
    scale *= 1 + UNSURE / max(len(nights), UNSURE)
    log_rows = [math.log1p(each.rows) for each in nights]
    durations: dict[str, Series] = {}
    ranks: dict[str, list[float]] = {}
    for planned in NIGHT:
        lengths = [math.log1p(each.seconds[planned.name]) for each in nights]
        prior = math.log1p(PLANNED_SHARE * planned_seconds(planned.name))
        durations[planned.name], errors = _series(prior, lengths, log_rows, scale)
        ranks[planned.name] = _normal_scores(errors)
    waits = {}
    for planned in NIGHT:
        if planned.waits_for:
            waited = [math.log1p(each.waits[planned.name]) for each in nights]
            waits[planned.name], _ = _series(math.log1p(PRIOR_WAIT_SECONDS), waited, None, scale)
    rows = _rows(nights, weekday, scale)
    return Model(len(nights), durations, waits, rows, _together(list(ranks.values())))


def _series(
    prior: float, values: Sequence[float], log_rows: Sequence[float] | None, scale: float
) -> tuple[Series, list[float]]:
    slope = 0.0 if log_rows is None else slope_of(zip(log_rows, values, strict=True))
    follower = Level(prior)
    for index, value in enumerate(values):
        follower.learn(value - (slope * log_rows[index] if log_rows is not None else 0.0))
    errors = Errors.learnt(follower.errors, len(values), scale)
    return Series(follower.level, slope, errors), follower.errors


def _rows(nights: Sequence[PastNight], weekday: int | None, scale: float) -> Series:
    """The rows of a night of that weekday: a level that all nights share, and an offset of each weekday."""
    follower = Level(math.log1p(PRIOR_ROWS))
    offsets, known = [0.0] * 7, [0] * 7
    for each in nights:
        day = each.business_date.weekday()
        error = follower.learn(math.log1p(each.rows) - offsets[day])
        known[day] += 1
        if error is not None:
            offsets[day] += error / (known[day] + 1)
    offset = 0.0 if weekday is None else offsets[weekday]
    return Series(follower.level + offset, 0.0, Errors.learnt(follower.errors, len(nights), scale))


def _normal_scores(errors: Sequence[float]) -> list[float]:
    ordered = sorted(range(len(errors)), key=errors.__getitem__)
    scores = [0.0] * len(errors)
    for rank, index in enumerate(ordered):
        scores[index] = _NORMAL.inv_cdf((rank + 1) / (len(errors) + 1))
    return scores


def _together(scores: Sequence[Sequence[float]]) -> float:
    """The mean correlation between the stages' errors of the same night, drawn towards the prior."""
    nights = list(zip(*scores, strict=True))
    found, weight = PRIOR_TOGETHER * PRIOR_TOGETHER_NIGHTS, float(PRIOR_TOGETHER_NIGHTS)
    size = max(
        sum(each * each for night in nights for each in night) / max(len(nights) * len(scores), 1), 1e-9
    )
    for night in nights:
        total, squares = sum(night), sum(each * each for each in night)
        found += (total * total - squares) / (len(night) * (len(night) - 1)) / size
        weight += 1
    return max(0.0, min(MOST_TOGETHER, found / weight))
