"""How far the chart is behind the source, and which hop it waits for: read from PostgreSQL alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.hops import EVERY_HOP

STALLED_SECONDS: Final = 60.0
"""A hop that has kept a tracer for longer is named. By then, SPEC.md wants a change on the chart."""
SILENT_TRACERS: Final = 3
"""So many tracers in a row that were not even committed: whoever commits them is gone."""
LEAST_SILENCE_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Percentiles:
    """Seconds, over `tracers` tracers."""

    tracers: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True)
class HopLag:
    """One hop, or the whole way (`total`)."""

    hop: str
    five_minutes: Percentiles | None
    hour: Percentiles | None
    waiting: int = 0
    """Tracers that have come this far and not further; 0 for the whole way."""
    waiting_since: datetime | None = None
    waiting_seconds: float = 0.0
    """Of the one that waits longest."""
    waiting_tracer: int | None = None


@dataclass(frozen=True)
class Lag:
    """The lag as it is known now; times by the platform database's clock."""

    running: bool
    """The stream says that it runs; also true after it was killed."""
    paused: bool
    """It was stopped by somebody who meant it."""
    since: datetime | None
    """Of running or paused; None when the stream never ran."""
    seconds: float | None
    """From the commit at the source to the chart; None when it was never measured."""
    source_problem: str | None
    """Why no tracer can be committed: lag is not measured until that is put right."""
    chart_problem: str | None
    clock_offset: float | None
    clock_error: float | None
    newest_seen: int | None
    newest_seen_committed_at: datetime | None
    newest_seen_charted_at: datetime | None
    every_seconds: float | None
    """Between two tracers at present."""
    silent_seconds: float | None
    """Since the newest tracer, if that is so long that nothing is known; else None."""
    lost: int
    """Tracers of the last day that have not come, although later ones have."""
    hops: tuple[HopLag, ...]

    @property
    def measured(self) -> bool:
        """False while the lag cannot be known, for whichever reason."""
        known = self.source_problem is None and self.silent_seconds is None
        return self.seconds is not None and known and not self.paused

    @property
    def stalled(self) -> HopLag | None:
        """The hop that keeps a tracer for too long; the one that has kept one longest."""
        waiting = [hop for hop in self.hops if hop.waiting_seconds > STALLED_SECONDS]
        return max(waiting, key=lambda hop: hop.waiting_seconds, default=None)


def read_lag(postgres: PostgresConnections, now: datetime | None = None) -> Lag:
    """The lag now, or at another moment.

    Raises:
        LedgerMissingError: the platform was not provisioned since the stream is part of it.
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    with transaction(postgres) as cursor:
        values = {"now": now}
        cursor.execute(read_sql("postgres/stream/select_lag.sql"), values)
        names = [column[0] for column in cursor.description]
        state = dict(zip(names, cursor.fetchone(), strict=True))
        return _lag(state, hop_lags(cursor, now))


def hop_lags(cursor: Any, now: datetime | None = None) -> tuple[HopLag, ...]:
    """Each hop in the order of the way, then the whole way."""
    values = {"now": now}
    cursor.execute(read_sql("postgres/stream/select_hop_lags.sql"), values)
    passed = {
        (hop, minutes): Percentiles(int(tracers), p50, p95, p99)
        for hop, minutes, tracers, p50, p95, p99 in cursor.fetchall()
    }
    cursor.execute(read_sql("postgres/stream/select_hop_queues.sql"), values)
    queues = {hop: queue for hop, *queue in cursor.fetchall()}
    found = []
    for hop in EVERY_HOP:
        waiting, since, seconds, tracer = queues.get(hop, (0, None, 0.0, None))
        windows = passed.get((hop, 5)), passed.get((hop, 60))
        found.append(HopLag(str(hop), *windows, int(waiting), since, float(seconds), tracer))
    return tuple(found)


def _lag(state: dict[str, Any], hops: tuple[HopLag, ...]) -> Lag:
    paused = bool(state["paused"])
    silent = None if paused else _silent(state["newest_age"], state["every_seconds"])
    known = [state["oldest_unseen_seconds"], state["newest_seen_seconds"]]
    if silent is not None:
        # Everything up to the newest tracer has been seen: of what came after it, nobody knows.
        known.append(state["newest_seen_age"])
    seconds = [max(0.0, each) for each in known if each is not None]
    return Lag(
        running=bool(state["running"]),
        paused=paused,
        since=state["changed_at"],
        seconds=max(seconds, default=None),
        source_problem=state["source_problem"],
        chart_problem=state["chart_problem"],
        clock_offset=state["clock_offset_seconds"],
        clock_error=state["clock_error_seconds"],
        newest_seen=state["tracer_id"],
        newest_seen_committed_at=state["committed_at"],
        newest_seen_charted_at=state["charted_at"],
        every_seconds=state["every_seconds"],
        silent_seconds=silent,
        lost=int(state["lost"]),
        hops=hops,
    )


def _silent(newest_age: float | None, every_seconds: float | None) -> float | None:
    if newest_age is None or every_seconds is None:
        return None
    return newest_age if newest_age > max(LEAST_SILENCE_SECONDS, SILENT_TRACERS * every_seconds) else None
