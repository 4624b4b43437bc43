"""Timing several ways to the same answer, side by side.

The ways take turns within one run, each round in another order, so that whatever else the machine does meets
all of them alike; their ratio then means something even where the times do not. pyperf and pytest-benchmark
measure one way after the other, each in its own run: good for following a figure over time, not for a ratio.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 15
LEAST_ROUNDS = 3


@dataclass(frozen=True)
class Times:
    """Seconds of each round."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def least(self) -> float:
        return min(self.seconds)

    def over(self, other: Times) -> Ratio:
        """How many times longer this took than the other."""
        return Ratio(self.median / other.median, self.least / other.least)


@dataclass(frozen=True)
class Ratio:
    """Of the medians, and of the minima: the second is what the machine can do when nothing disturbs it."""

    of_medians: float
    of_minima: float

    def __str__(self) -> str:
        return f"{self.of_medians:.2f} / {self.of_minima:.2f}"


def take_turns(
    ways: Mapping[str, Callable[[], object]],
    seconds: float,
    rounds: int = ROUNDS,
    warm: int = 1,
    before: Callable[[], object] = lambda: None,
) -> dict[str, Times]:
    """Call every way in turn until the rounds are done or the seconds are over (but three rounds at least).

    The first `warm` rounds do not count: caches fill in them, on every side. `before` is called before each
    way, and is not timed.
    """
    names = list(ways)
    found: dict[str, list[float]] = {name: [] for name in names}
    deadline = time.monotonic() + seconds
    for number in range(warm + rounds):
        if number >= warm + LEAST_ROUNDS and time.monotonic() > deadline:
            break
        for position in range(len(names)):
            name = names[(number + position) % len(names)]
            before()
            began = time.perf_counter()
            ways[name]()
            taken = time.perf_counter() - began
            if number >= warm:
                found[name].append(taken)
    return {name: Times(tuple(taken)) for name, taken in found.items()}
