"""How many incidents are open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from lakehouse.observe.incidents.finding import Severity
from lakehouse.observe.incidents.reading import open_incidents
from lakehouse.observe.metrics.observation import Found, Reading
from lakehouse.platform.database import PostgresConnections


class OpenIncidents:
    """By severity, 0 where there is none."""

    name = "incidents"

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def look(self, position: Mapping[str, Any]) -> Found:
        """As it is now."""
        counts = Counter(each.severity for each in open_incidents(self._postgres))
        readings = [
            Reading("lakehouse_open_incidents", {"severity": str(severity.value)}, counts[severity])
            for severity in Severity
        ]
        return Found(position=position, readings=readings)
