"""Gauges in PostgreSQL: the values of each source as they were when it was last read."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from lakehouse.observe.metrics.catalogue import METRICS, Metric
from lakehouse.observe.metrics.observation import Reading
from lakehouse.observe.metrics.totals import LabelRoom, Series, take_turns
from lakehouse.platform.sql_files import read_sql

FRESH_SECONDS: Final = 15 * 60
"""A value that is older is not shown: no value says more than a wrong one."""


def replace_readings(cursor: Any, source: str, readings: Iterable[Reading]) -> None:
    """Store what a source says now instead of what it said before; values without room are summed up."""
    found = list(readings)
    take_turns(cursor)
    cursor.execute(read_sql("postgres/observe/metrics/delete_metric_readings.sql"), {"source": source})
    room = LabelRoom(cursor, {each.metric for each in found})
    values: dict[tuple[str, Series], float] = defaultdict(float)
    for each in sorted(found, key=lambda reading: (reading.metric, sorted(reading.labels.items()))):
        values[each.metric, room.series(METRICS[each.metric], each.labels)] += each.value
    room.store()
    for (metric, series), value in sorted(values.items()):
        row = {"metric": metric, "labels": json.dumps(dict(series)), "source": source, "value": value}
        cursor.execute(read_sql("postgres/observe/metrics/insert_metric_reading.sql"), row)


def stored_readings(cursor: Any) -> list[tuple[Metric, dict[str, str], float]]:
    """Every value that is fresh."""
    cursor.execute(read_sql("postgres/observe/metrics/select_metric_readings.sql"))
    return [
        (METRICS[name], labels, value)
        for name, labels, _, value, age in cursor.fetchall()
        if age is not None and age < FRESH_SECONDS and name in METRICS
    ]
