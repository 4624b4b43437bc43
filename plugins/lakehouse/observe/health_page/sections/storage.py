"""How much the lake holds and how fast it grows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from lakehouse.observe.health_page.reading import Asked
from lakehouse.observe.health_page.trend import Trend, trend
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

NIGHTS: Final = 30


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
class Storage:
    """What the section shows."""

    bronze: Bronze


def read(postgres: PostgresConnections, asked: Asked) -> Storage:
    """What is stored up to the asked night."""
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/select_health_bronze.sql"), {"night": asked.night})
        rows = cursor.fetchall()
    return Storage(shaped_bronze(rows))


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
