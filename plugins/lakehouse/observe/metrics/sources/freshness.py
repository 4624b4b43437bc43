"""How old the data in gold is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from lakehouse.observe.facts.freshness import data_age
from lakehouse.observe.metrics.observation import Found, Reading
from lakehouse.platform.database import PostgresConnections


class GoldTables:
    """By table: when its newest business date was published, and how long ago that date began."""

    name = "gold tables"

    def __init__(self, postgres: PostgresConnections, now: Callable[[], datetime] | None = None) -> None:
        self._postgres = postgres
        self._now = now or (lambda: datetime.now(UTC))

    def look(self, position: Mapping[str, Any]) -> Found:
        """As it is now; nothing of a table that was never published."""
        found = Found(position=position)
        for each in data_age(self._postgres, self._now()):
            labels = {"table": each.table}
            if each.age is not None:
                age = each.age.total_seconds()
                found.readings.append(Reading("lakehouse_gold_data_age_seconds", labels, age))
            if each.published_at is not None:
                published = each.published_at.timestamp()
                found.readings.append(
                    Reading("lakehouse_gold_published_timestamp_seconds", labels, published)
                )
        return found
