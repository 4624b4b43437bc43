"""Counters and histograms in PostgreSQL: what is told twice counts once, and nothing ever goes back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from lakehouse.observe.metrics.catalogue import DROPPED, METRICS, OTHER, Labels, Metric
from lakehouse.observe.metrics.observation import Increment, Observation
from lakehouse.platform.database import Lock
from lakehouse.platform.sql_files import read_sql

LONGEST_VALUE: Final = 120
INFINITE: Final = "+Inf"
EVENTS_KEPT: Final = "35 days"
"""How long it is remembered which events were counted; what is told again after that is known to be old."""
_LOCK: Final = Lock("metrics", "totals")

Series = tuple[tuple[str, str], ...]


@dataclass
class Total:
    """What has been counted of one series."""

    observations: int = 0
    total: float = 0.0
    buckets: dict[str, int] = field(default_factory=dict)

    def add(self, value: float, bounds: Sequence[float]) -> None:
        """Count one value."""
        self.observations += 1
        self.total += value
        if bounds:
            bound = next((format(each, "g") for each in bounds if value <= each), INFINITE)
            self.buckets[bound] = self.buckets.get(bound, 0) + 1


def observe(cursor: Any, told: Iterable[Observation]) -> int:
    """Count the events that are new, in the caller's transaction; how many these were.

    Writers take turns until they commit. Series beyond a label's room are counted as `other`.
    """
    events = {(each.metric, each.event_id): each for each in told}
    if not events:
        return 0
    take_turns(cursor)
    ordered = [events[key] for key in sorted(events)]
    columns = {
        "metrics": [each.metric for each in ordered],
        "event_ids": [each.event_id for each in ordered],
        "moments": [each.at for each in ordered],
    }
    cursor.execute(read_sql("postgres/observe/metrics/insert_metric_events.sql"), columns)
    new = [events[metric, event_id] for metric, event_id in cursor.fetchall()]
    room = LabelRoom(cursor, {each.metric for each in new})
    totals: dict[tuple[str, Series], Total] = defaultdict(Total)
    for each in sorted(new, key=lambda event: (event.metric, event.event_id)):
        metric = METRICS[each.metric]
        totals[each.metric, room.series(metric, each.labels)].add(each.value, metric.bounds)
    _add(cursor, totals)
    room.store()
    return len(new)


def increase(cursor: Any, increments: Iterable[Increment]) -> None:
    """Let counters and histograms grow, in the transaction that stores how far the source was read."""
    grown = list(increments)
    if not grown:
        return
    take_turns(cursor)
    room = LabelRoom(cursor, {each.metric for each in grown})
    totals: dict[tuple[str, Series], Total] = defaultdict(Total)
    for each in grown:
        metric = METRICS[each.metric]
        totals[each.metric, room.series(metric, each.labels)].add(each.value, metric.bounds)
    _add(cursor, totals)
    room.store()


def begin_at_zero(cursor: Any, series: Iterable[tuple[str, Labels]]) -> None:
    """Have these counters there, at 0 until something happens."""
    wanted = [(METRICS[name], labels) for name, labels in series]
    if not wanted:
        return
    take_turns(cursor)
    room = LabelRoom(cursor, {metric.name for metric, _ in wanted})
    _add(cursor, {(metric.name, room.series(metric, labels)): Total() for metric, labels in wanted})
    room.store()


def stored_totals(cursor: Any) -> list[tuple[Metric, dict[str, str], Total]]:
    """Everything that has been counted; metrics that no longer exist are left out."""
    cursor.execute(read_sql("postgres/observe/metrics/select_metric_totals.sql"))
    return [
        (METRICS[name], labels, Total(observations, total, buckets))
        for name, labels, observations, total, buckets in cursor.fetchall()
        if name in METRICS and set(labels) == set(METRICS[name].labels)
    ]


def prune(cursor: Any, keep: str = EVENTS_KEPT) -> None:
    """Forget which old events were counted. Totals stay; an old event that is told again does not count."""
    take_turns(cursor)
    cursor.execute(read_sql("postgres/observe/metrics/prune_metric_events.sql"), {"keep": keep})


class LabelRoom:
    """How many values a label may have, and which it has; the caller holds the lock of the totals."""

    def __init__(self, cursor: Any, metrics: Iterable[str]) -> None:
        self._cursor = cursor
        cursor.execute(
            read_sql("postgres/observe/metrics/select_metric_label_values.sql"), {"metrics": sorted(metrics)}
        )
        self._known: dict[tuple[str, str], set[str]] = defaultdict(set)
        for metric, label, value in cursor.fetchall():
            self._known[metric, label].add(value)
        self._new: list[dict[str, str]] = []
        self._dropped: dict[tuple[str, Series], Total] = defaultdict(Total)

    def series(self, metric: Metric, labels: Labels) -> Series:
        """The labels under which something is counted: sorted, clean, and `other` where there is no room."""
        return tuple((label, self._value(metric, label, labels[label])) for label in sorted(metric.labels))

    def store(self) -> None:
        """Keep the values that were new, and count those that found no room."""
        for value in self._new:
            self._cursor.execute(read_sql("postgres/observe/metrics/insert_metric_label_value.sql"), value)
        _add(self._cursor, self._dropped)

    def _value(self, metric: Metric, label: str, given: str) -> str:
        value = " ".join("".join(c if c.isprintable() else " " for c in given).split())[:LONGEST_VALUE]
        known = self._known[metric.name, label]
        if value in known or value == OTHER:
            return value
        if len(known) < metric.labels[label]:
            known.add(value)
            self._new.append({"metric": metric.name, "label": label, "value": value})
            return value
        self._dropped[DROPPED.name, (("label", label), ("metric", metric.name))].add(1.0, ())
        return OTHER


def take_turns(cursor: Any) -> None:
    """Be the only writer of metrics until the transaction ends."""
    cursor.execute(read_sql("postgres/locks/lock_until_commit.sql"), asdict(_LOCK))


def _add(cursor: Any, totals: dict[tuple[str, Series], Total]) -> None:
    for (metric, series), total in sorted(totals.items(), key=lambda item: item[0]):
        key = {"metric": metric, "labels": json.dumps(dict(series))}
        values = key | {"observations": total.observations, "total": total.total}
        cursor.execute(read_sql("postgres/observe/metrics/upsert_metric_total.sql"), values)
        for bound, observations in sorted(total.buckets.items()):
            counted = key | {"bound": bound, "observations": observations}
            cursor.execute(read_sql("postgres/observe/metrics/upsert_metric_bucket.sql"), counted)
