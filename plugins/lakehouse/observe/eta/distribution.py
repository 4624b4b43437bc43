"""What is known of a length of time: a level that follows the newest nights, and how far nights miss it.

Everything is in logarithms of seconds (or of rows), because a slow night is slow by a factor. The level
is the forecast that the nights before would have given; what each night missed it by is kept, so the spread
holds all that a forecast cannot know: noise, growth, retries, a busy machine.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

SLOWEST_GAIN: Final = 0.12
"""How much of its newest error a level follows at least: about sixteen nights are remembered."""
CLIP: Final = 3.0
"""An error of more than this many spreads moves the level no further: one odd night is not a new level."""
SHIFT: Final = 3
"""So many nights in a row, all off to the same side by two spreads, are a new level."""
FADING: Final = 0.98
"""Weight of a night's error against that of the night after it."""
REGRESSED: Final = 25
"""Nights that the growth with the rows is learnt from."""
PRIOR_MASS: Final = 1.0
"""The prior counts as so many nights."""
PRIOR_SPREAD: Final = 0.45
"""Spread of the prior without any night: nine nights in ten lie within a factor of four of its middle."""
LEARNT_SPREAD: Final = 0.25
"""Spread of the prior after the first night; it narrows with every further one."""


@dataclass
class Level:
    """Follows one series of logarithms, night by night."""

    prior: float
    """The first forecast."""
    level: float = field(init=False)
    spread: float = PRIOR_SPREAD
    errors: list[float] = field(default_factory=list)
    """What the forecasts missed, the oldest first; the first night only sets the level."""
    _nights: int = 0

    def __post_init__(self) -> None:
        self.level = self.prior

    def learn(self, value: float) -> float | None:
        """Take in a night; what the forecast missed it by, None for the first."""
        self._nights += 1
        if self._nights == 1:
            self.level, self.spread = value, LEARNT_SPREAD
            return None
        error = value - self.level
        self.errors.append(error)
        gain = max(1.0 / self._nights, SLOWEST_GAIN)
        clipped = max(-CLIP * self.spread, min(CLIP * self.spread, error))
        self.level += gain * clipped
        # 1.25 times the mean distance is the standard deviation of a normal distribution.
        self.spread = max((1 - gain) * self.spread + gain * 1.25 * abs(clipped), 1e-3)
        self._follow_a_shift(value)
        return error

    def _follow_a_shift(self, value: float) -> None:
        recent = self.errors[-SHIFT:]
        usual = max(_middle_distance(self.errors[:-SHIFT]), 0.03)
        if len(self.errors) < 2 * SHIFT or min(map(abs, recent)) < 2 * usual:
            return
        if len({error > 0 for error in recent}) > 1:
            return
        middle = sorted(recent)[SHIFT // 2]
        # The level has moved since by a part of each error: what is left of the middle one is made up for.
        self.level = value - self.errors[-1] + middle
        self.errors[-SHIFT:] = [error - middle for error in recent]


@dataclass(frozen=True)
class Errors:
    """A distribution of errors: the nights' own, joined by a prior that fades, with tails beyond them."""

    points: tuple[float, ...]
    survivals: tuple[float, ...]
    """Probability of an error above each point, falling."""
    tail: float
    """Beyond the last point the probability falls by a factor of e with each such step: a Pareto tail."""

    @classmethod
    def learnt(cls, errors: Sequence[float], nights: int, scale: float = 1.0) -> Errors:
        """From the errors of past nights, the oldest first."""
        spread = PRIOR_SPREAD if nights == 0 else LEARNT_SPREAD / (1 + nights / 6)
        weighted = [(error * scale, FADING ** (len(errors) - 1 - i)) for i, error in enumerate(errors)]
        # The prior: seven points of a logistic distribution of that spread.
        for step in range(1, 8):
            share = step / 8
            weighted.append((spread * 0.55 * math.log(share / (1 - share)), PRIOR_MASS / 7))
        weighted.sort()
        total = sum(weight for _, weight in weighted)
        # As if one more night lay beyond each end: what was never seen is not impossible.
        mean = total / max(len(errors) + PRIOR_MASS, 1.0)
        survivals, reached = [], 0.0
        for _, weight in weighted:
            reached += weight
            survivals.append(max(1 - (reached + 0.5 * mean - 0.5 * weight) / (total + mean), 1e-9))
        points = [point for point, _ in weighted]
        above = [abs(point) for point in points if point > 0]
        tail = max(0.5 * spread, 0.5 * (sum(above) / len(above)) if above else 0.0, 0.02)
        return cls(tuple(points), tuple(survivals), tail)

    def log_survival(self, error: float) -> float:
        """The logarithm of the probability of a larger error."""
        points, survivals = self.points, self.survivals
        if error >= points[-1]:
            return math.log(survivals[-1]) - (error - points[-1]) / self.tail
        if error <= points[0]:
            below = (1 - survivals[0]) * math.exp((error - points[0]) / self.tail)
            return math.log1p(-below)
        right = bisect_left(points, error)
        left = right - 1
        width = points[right] - points[left]
        share = (error - points[left]) / width if width > 0 else 1.0
        return math.log(survivals[left] + share * (survivals[right] - survivals[left]))

    def at(self, log_survival: float) -> float:
        """The error that is exceeded with that probability, given by its logarithm."""
        points, survivals = self.points, self.survivals
        if log_survival <= math.log(survivals[-1]):
            return points[-1] + self.tail * (math.log(survivals[-1]) - log_survival)
        survival = math.exp(log_survival)
        if survival >= survivals[0]:
            below = max(1 - survival, 1e-12)
            return points[0] + self.tail * math.log(below / (1 - survivals[0]))
        lower, upper = 0, len(points) - 1
        while upper - lower > 1:
            middle = (lower + upper) // 2
            if survivals[middle] >= survival:
                lower = middle
            else:
                upper = middle
        width = survivals[lower] - survivals[upper]
        share = (survivals[lower] - survival) / width if width > 0 else 1.0
        return points[lower] + share * (points[upper] - points[lower])


def slope_of(pairs: Iterable[tuple[float, float]]) -> float:
    """How y grows with x: the middle of the slopes between all pairs (Theil and Sen), drawn towards zero.

    Never below 0 nor above 1: more rows do not make a stage faster, and none takes more than its share.
    """
    known = list(pairs)[-REGRESSED:]
    slopes = [
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for i, earlier in enumerate(known)
        for later in known[i + 1 :]
        if abs(later[0] - earlier[0]) > 0.05
    ]
    if len(slopes) < 10:
        return 0.0
    slopes.sort()
    trust = len(known) / (len(known) + 10)
    return max(0.0, min(1.0, slopes[len(slopes) // 2] * trust))


def _middle_distance(errors: Sequence[float]) -> float:
    distances = sorted(map(abs, errors))
    return distances[len(distances) // 2] if distances else 0.0
