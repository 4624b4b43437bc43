"""What a source found: events to count, and values as they are now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lakehouse.observe.metrics.catalogue import METRICS, Labels


@dataclass(frozen=True)
class Observation:
    """One event. The same `event_id` of the same metric is counted once, whoever tells it, however often.

    `at` is when it happened, by the clock of whoever it happened to.
    """

    metric: str
    event_id: str
    labels: Labels
    value: float
    at: datetime

    def __post_init__(self) -> None:
        """Raises ValueError for a value that a counter cannot take."""
        _check_labels(self.metric, self.labels)
        if METRICS[self.metric].kind == "gauge":
            raise ValueError(f"{self.metric} is a gauge: it has no events")
        if not (math.isfinite(self.value) and self.value >= 0):
            raise ValueError(f"{self.metric} cannot count {self.value!r} of event {self.event_id!r}")


@dataclass(frozen=True)
class Reading:
    """The value of a gauge."""

    metric: str
    labels: Labels
    value: float

    def __post_init__(self) -> None:
        _check_labels(self.metric, self.labels)


@dataclass(frozen=True)
class Increment:
    """What a counter grows by, or one value of a histogram: of a source whose position says what is new."""

    metric: str
    labels: Labels
    value: float

    def __post_init__(self) -> None:
        _check_labels(self.metric, self.labels)
        if METRICS[self.metric].kind == "gauge" or not (math.isfinite(self.value) and self.value >= 0):
            raise ValueError(f"{self.metric} cannot grow by {self.value!r}")


@dataclass
class Found:
    """What one look at a source gave. `position` is where its next look begins, in the source's own terms."""

    observations: list[Observation] = field(default_factory=list)
    increments: list[Increment] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    series: list[tuple[str, Labels]] = field(default_factory=list)
    """Counters that must be there before their first event: `increase()` misses a series that begins at 1."""
    position: Mapping[str, Any] = field(default_factory=dict)
    more: bool = False
    """The source has more than one look takes."""


def seconds_between(begin: datetime, end: datetime) -> float:
    """A duration; 0 where a clock was set back between the two."""
    return max(0.0, (end - begin).total_seconds())


def _check_labels(metric: str, labels: Labels) -> None:
    if set(labels) != set(METRICS[metric].labels):
        raise ValueError(f"{metric} has the labels {sorted(METRICS[metric].labels)}, not {sorted(labels)}")
