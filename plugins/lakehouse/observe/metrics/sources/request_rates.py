"""`api_requests_per_second` for those without Prometheus: by the counter, since the last gathering."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lakehouse.observe.metrics.observation import Found, Reading
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql


class RequestRates:
    """By service. Comes after the sources that count requests."""

    name = "request rates"

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def look(self, position: Mapping[str, Any]) -> Found:
        """The rates; none at the first look, nor when the clock was set back in between."""
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/observe/metrics/select_api_requests.sql"))
            rows = cursor.fetchall()
        counts = {str(service): float(requests) for service, requests, _ in rows}
        now = float(rows[0][2]) if rows else 0.0
        before, since = position.get("counts", {}), position.get("at")
        found = Found(position={"at": now, "counts": counts})
        if since is not None and now > since:
            found.readings = [
                Reading(
                    "api_requests_per_second",
                    {"service": service},
                    max(0.0, count - before.get(service, 0.0)) / (now - since),
                )
                for service, count in counts.items()
            ]
        return found
