"""What the observer measures, as the page tells it: how fresh it is, and what it was over the last days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from lakehouse.observe.metrics.days import Day, kept_days, quantile
from lakehouse.platform.sql_files import read_sql

STALE: Final = timedelta(minutes=15)
"""As old as a value may be that the exporter shows (`metrics.readings`)."""
DAYS: Final = 30


@dataclass(frozen=True)
class Series:
    """One series over days, oldest first."""

    labels: Mapping[str, str]
    days: list[Day]

    @property
    def newest(self) -> Day:
        return self.days[-1]

    def before(self, day: date) -> Day | None:
        """As it stood when that day began, if it was measured then."""
        return next((each for each in reversed(self.days) if each.day < day), None)


@dataclass(frozen=True)
class Spread:
    """Durations of one day, in seconds."""

    count: int
    middle: float | None
    """Half of them took no longer."""
    slow: float | None
    """19 of 20 took no longer."""


@dataclass(frozen=True)
class Measured:
    """The kept metrics, and when they were last read."""

    at: datetime | None
    """When the newest source was read; None if none ever was."""
    is_stale: bool
    series: Mapping[str, list[Series]]


NOTHING_MEASURED: Final = Measured(None, True, {})


def measured(cursor: Any, now: datetime) -> Measured:
    """Everything that is kept by day, of the last month."""
    cursor.execute(read_sql("postgres/observe/health_page/select_health_sources.sql"))
    read = [at for _, at, _ in cursor.fetchall() if at is not None]
    days = kept_days(cursor, now.date() - timedelta(days=DAYS), now.date())
    return gathered(days, max(read, default=None), now)


def gathered(days: Iterable[Day], at: datetime | None, now: datetime) -> Measured:
    """The days sorted into series."""
    found: dict[str, dict[tuple[tuple[str, str], ...], list[Day]]] = defaultdict(lambda: defaultdict(list))
    for day in days:
        found[day.metric][tuple(sorted(day.labels.items()))].append(day)
    series = {
        metric: [Series(dict(labels), own) for labels, own in sorted(by_labels.items())]
        for metric, by_labels in found.items()
    }
    return Measured(at, at is None or now - at > STALE, series)


def spread_of(series: Iterable[Series], day: date) -> Spread:
    """The durations that were counted on that day, of all the series together."""
    counts: dict[str, int] = defaultdict(int)
    for each in series:
        if each.newest.day != day:
            continue
        earlier = each.before(day)
        for bound, count in each.newest.buckets.items():
            counts[bound] += max(count - (earlier.buckets.get(bound, 0) if earlier else 0), 0)
    return Spread(sum(counts.values()), quantile(counts, 0.5), quantile(counts, 0.95))


def grown_on(series: Iterable[Series], day: date) -> float:
    """How much the counters grew on that day."""
    return sum(
        max(each.newest.value - (earlier.value if (earlier := each.before(day)) else 0.0), 0.0)
        for each in series
        if each.newest.day == day
    )
