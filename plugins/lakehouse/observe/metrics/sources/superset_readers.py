"""How long readers waited for a dashboard: what their browsers told Superset, chart by chart.

A browser tells of each `load_chart` with its start and duration in milliseconds since the page was opened, in
batches over some seconds, under an id of that one visit (`impression_id`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

SETTLED: Final = timedelta(minutes=1)
"""Without a further chart for so long, the dashboard was there."""
MOST: Final = 500
"""Visits that are waited for at a time."""


@dataclass(frozen=True)
class Load:
    """A visit whose last chart has come."""

    impression: str
    dashboard: str
    seconds: float
    at: datetime


class Readers:
    """Visits that are not settled yet; kept between two looks at the log."""

    def __init__(self, visits: dict[str, dict[str, Any]]) -> None:
        self._visits = visits

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Readers:
        """What an earlier look has kept."""
        return cls({impression: dict(visit) for impression, visit in kept.items()})

    def take(self, dashboard: str, at: datetime, event: Mapping[str, Any]) -> None:
        """A log entry; others than a chart's first load, or the dashboard's mount, say nothing here."""
        impression, name = event.get("impression_id"), event.get("event_name")
        start, duration = _number(event.get("start_offset")), _number(event.get("duration"))
        if not isinstance(impression, str) or start is None:
            return
        if name == "mount_dashboard":
            visit = self._visit(impression, dashboard, at)
            visit["begin"] = start
        elif name == "load_chart" and duration is not None and not event.get("force_refresh"):
            visit = self._visit(impression, dashboard, at)
            visit["first"] = min(start, visit.get("first", start))
            charts = visit.setdefault("charts", {})
            # A later load of the same chart is a reader's filter, not the dashboard's loading.
            charts.setdefault(str(event.get("slice_id")), start + duration)
            visit["at"] = at.isoformat()

    def finished(self, newest: datetime | None) -> Iterator[Load]:
        """The visits without news for a minute, by Superset's clock; they are forgotten."""
        if newest is None:
            return
        for impression, visit in list(self._visits.items()):
            at = datetime.fromisoformat(visit["at"])
            if newest - at < SETTLED:
                continue
            del self._visits[impression]
            if charts := visit.get("charts"):
                begin = visit.get("begin", visit["first"])
                waited = max(0.0, max(charts.values()) - begin) / 1000
                yield Load(impression, visit["dashboard"], waited, at)

    def kept(self) -> dict[str, dict[str, Any]]:
        """What the next look needs, the youngest visits."""
        newest = sorted(self._visits.items(), key=lambda item: str(item[1]["at"]))[-MOST:]
        return dict(newest)

    def _visit(self, impression: str, dashboard: str, at: datetime) -> dict[str, Any]:
        return self._visits.setdefault(impression, {"dashboard": dashboard, "at": at.isoformat()})


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
