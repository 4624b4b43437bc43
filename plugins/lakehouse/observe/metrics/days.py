"""Some metrics day by day, in PostgreSQL: growth and the figures of a day, without Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lakehouse.observe.metrics.totals import INFINITE
from lakehouse.platform.sql_files import read_sql

KEPT: Final = (
    "minio_disk_usage_bytes",
    "minio_objects_total",
    "minio_disk_capacity_bytes",
    "dremio_query_duration_seconds",
    "superset_dashboard_load_time",
    "superset_queries_total",
    "airbyte_sync_failures_total",
)
"""The metrics that are kept by day."""


@dataclass(frozen=True)
class Day:
    """A series as it stood at the end of a day, or stands now: a total since ever, or a value."""

    metric: str
    labels: Mapping[str, str]
    day: date
    value: float
    observations: int
    buckets: Mapping[str, int]
    """Observations by the upper bound of their bucket."""


def keep_day(cursor: Any) -> None:
    """Store how the chosen metrics stand as what they say of today (UTC)."""
    cursor.execute(read_sql("postgres/observe/metrics/upsert_metric_days.sql"), {"metrics": list(KEPT)})


def kept_days(cursor: Any, first: date, last: date) -> list[Day]:
    """Every series of those days, each in the order of its days."""
    values = {"metrics": list(KEPT), "first": first, "last": last}
    cursor.execute(read_sql("postgres/observe/metrics/select_metric_days.sql"), values)
    return [Day(*row) for row in cursor.fetchall()]


def quantile(buckets: Mapping[str, int], share: float) -> float | None:
    """The value that this share of the observations does not pass, as Prometheus would estimate it.

    Within a bucket it is interpolated; beyond the last bound it is that bound. None without observations.
    """
    ordered = sorted((_bound(text), count) for text, count in buckets.items() if count > 0)
    wanted = share * sum(count for _, count in ordered)
    if not ordered:
        return None
    bounds = sorted({_bound(text) for text in buckets} - {float("inf")})
    passed = 0.0
    for bound, count in ordered:
        if passed + count >= wanted:
            if bound == float("inf"):
                return bounds[-1] if bounds else None
            below = max((each for each in bounds if each < bound), default=0.0)
            return below + (bound - below) * (wanted - passed) / count
        passed += count
    return ordered[-1][0]


def _bound(text: str) -> float:
    return float("inf") if text == INFINITE else float(text)
