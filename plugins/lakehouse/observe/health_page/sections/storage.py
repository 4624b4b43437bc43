"""How much the lake holds and how fast it grows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from lakehouse.observe.health_page.measured import NOTHING_MEASURED, Measured, Series, measured
from lakehouse.observe.health_page.reading import Asked
from lakehouse.observe.health_page.trend import Trend, trend
from lakehouse.platform.database import LedgerMissingError, PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

NIGHTS: Final = 30
FULL: Final = 0.85
"""The share at which the alert DiskFull (include/observe/rules.yml) fires."""
GROWTH_DAYS: Final = 7
"""Growth is told from so many days, or from those there are."""


@dataclass(frozen=True)
class Bronze:
    """What the nights have written to bronze, by its accounts."""

    bytes: int
    rows: int
    newest_bytes: int
    """Of the newest night."""
    trend: Trend | None
    """Bytes per night."""
    newest: date | None


@dataclass(frozen=True)
class Bucket:
    """One bucket, as the observer measured it."""

    name: str
    bytes: float
    objects: float | None
    capacity: float | None
    share: float | None
    """Of the capacity, that is used."""
    growth: float | None
    """Bytes per day."""
    days_left: float | None
    """Until the store counts as full, at this growth; None if it does not grow or nobody knows its size."""
    state: str
    """success, warn: full within a month, or failed: full."""
    trend: Trend | None


@dataclass(frozen=True)
class Storage:
    """What the section shows."""

    bronze: Bronze
    buckets: list[Bucket]
    measured_at: datetime | None
    is_stale: bool


def read(postgres: PostgresConnections, asked: Asked) -> Storage:
    """What is stored now, and what the nights up to the asked one wrote."""
    with transaction(postgres) as cursor:
        cursor.execute(
            read_sql("postgres/observe/health_page/select_health_bronze.sql"), {"night": asked.night}
        )
        bronze = shaped_bronze(cursor.fetchall())
    try:
        with transaction(postgres) as cursor:
            found = measured(cursor, asked.now)
    except LedgerMissingError:  # bronze's own accounts are there all the same
        found = NOTHING_MEASURED
    return Storage(bronze, shaped_buckets(found), found.at, found.is_stale)


def shaped_bronze(rows: Iterable[tuple[Any, ...]]) -> Bronze:
    """Bronze's part of the section from (date, bytes, rows) per night, oldest first."""
    nights = [(day, int(size), int(count)) for day, size, count in rows]
    newest = nights[-1] if nights else (None, 0, 0)
    return Bronze(
        bytes=sum(size for _, size, _ in nights),
        rows=sum(count for _, _, count in nights),
        newest_bytes=newest[1],
        trend=trend([(str(day), size) for day, size, _ in nights[-NIGHTS:]]),
        newest=newest[0],
    )


def shaped_buckets(found: Measured) -> list[Bucket]:
    """The buckets' part of the section from what was measured."""
    objects = _by_bucket(found, "minio_objects_total")
    capacities = _by_bucket(found, "minio_disk_capacity_bytes")
    used = found.series.get("minio_disk_usage_bytes", [])
    return [_bucket(each, objects, capacities) for each in used]


def _bucket(used: Series, objects: dict[str, float], capacities: dict[str, float]) -> Bucket:
    name = used.labels["bucket"]
    size = used.newest.value
    capacity = capacities.get(name) or None
    share = size / capacity if capacity else None
    growth = _growth(used)
    left = None
    if capacity and growth and growth > 0:
        left = max(capacity * FULL - size, 0.0) / growth
    state = "success"
    if share is not None and share > FULL:
        state = "failed"
    elif left is not None and left < 30:
        state = "warn"
    return Bucket(
        name=name,
        bytes=size,
        objects=objects.get(name),
        capacity=capacity,
        share=share,
        growth=growth,
        days_left=left,
        state=state,
        trend=trend([(str(each.day), each.value) for each in used.days]),
    )


def _growth(used: Series) -> float | None:
    newest = used.newest
    recent = [each for each in used.days if 0 < (newest.day - each.day).days <= GROWTH_DAYS]
    if not recent:
        return None
    return (newest.value - recent[0].value) / (newest.day - recent[0].day).days


def _by_bucket(found: Measured, metric: str) -> dict[str, float]:
    return {each.labels["bucket"]: each.newest.value for each in found.series.get(metric, [])}
