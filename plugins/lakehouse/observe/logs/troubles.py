"""What is wrong with the logs themselves, told as incidents like everything else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from lakehouse.observe.incidents.finding import Finding, Severity
from lakehouse.observe.incidents.record import resolve, tell
from lakehouse.observe.logs.cursors import Cursors
from lakehouse.platform.database import PostgresConnections

PATIENCE: Final = timedelta(minutes=10)
"""How long a sink may be away without anybody being told: nothing is lost meanwhile."""
QUIET: Final = timedelta(hours=1)
"""A counter that has not grown for so long tells of something that is over."""
_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "dead_letters": ("logs_refused", "log entries were refused for good; they are kept, and in the lake"),
    "lost_bytes": ("logs_lost", "bytes of logs were deleted before they were sent"),
}
_BOOKMARK: Final = "troubles"


@dataclass(frozen=True)
class SinkState:
    """How one sink is doing."""

    name: str
    away_since: datetime | None
    last_words: str


def tell_troubles(
    postgres: PostgresConnections, cursors: Cursors, sinks: Iterable[SinkState], now: datetime
) -> None:
    """Open an incident for each trouble, and resolve those that are over.

    Raises what the database raises.
    """
    seen: dict[str, Any] = json.loads(cursors.bookmark(_BOOKMARK) or "{}")
    counters = cursors.counters()
    for sink in sinks:
        away = _away(sink)
        if sink.away_since and now - sink.away_since >= PATIENCE:
            tell(postgres, away, now)
            seen[away.key] = True
        elif seen.pop(away.key, None):
            resolve(postgres, away.key, f"{sink.name} takes logs again", now)
        for counted in _COUNTED:
            _tell_counted(postgres, sink.name, counted, counters.get(f"{sink.name}.{counted}", 0), seen, now)
    cursors.set_bookmark(_BOOKMARK, json.dumps(seen))


def _tell_counted(
    postgres: PostgresConnections, sink: str, counted: str, count: int, seen: dict[str, Any], now: datetime
) -> None:
    kind, words = _COUNTED[counted]
    finding = Finding(
        kind=kind,
        root=sink,
        business_date=None,
        severity=Severity.WARN,
        summary=f"{sink}: {count} {words}",
        command="bin/logs status",
        event_id=f"{kind}:{sink}:{count}",
    )
    last = seen.get(finding.key, {"count": 0, "at": None})
    if count > last["count"]:
        tell(postgres, finding, now)
        seen[finding.key] = {"count": count, "at": now.isoformat()}
    elif last["at"] and now - datetime.fromisoformat(last["at"]) >= QUIET:
        resolve(postgres, finding.key, "no further one for an hour", now)
        seen[finding.key] = {"count": count, "at": None}


def _away(sink: SinkState) -> Finding:
    since = f" since {sink.away_since:%Y-%m-%d %H:%M} UTC" if sink.away_since else ""
    return Finding(
        kind="logs_waiting",
        root=sink.name,
        business_date=None,
        severity=Severity.WARN,
        summary=f"{sink.name} takes no logs{since}; nothing is lost, they wait in their files",
        error=sink.last_words or None,
        command="OBSERVE=1 make up",
        cause_group=f"service:{sink.name}",
    )
