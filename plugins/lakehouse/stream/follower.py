"""Commits a tracer at the source every few seconds and watches the chart for it, beside the stream's work."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.clocks import ClockOffset, look_at_clock, offset_between
from lakehouse.stream.lag import HopLag, hop_lags
from lakehouse.stream.newest_tracers import Listing
from lakehouse.stream.tracer import MOST_UNSEEN

log = logging.getLogger(__name__)

SOURCE_KEEPS_SECONDS: Final = 3600.0
"""How long a tracer stays at the source after the chart has shown it."""
PRUNED_AT_ONCE: Final = 20
"""With each new tracer: more than one, so that what a pause has left goes; few: batches stay small."""
LOST_AFTER_SECONDS: Final = 600.0
MINUTE: Final = 60.0
_REFUSED: Final = {"42501": "has no right to write to it", "42P01": "there is no such table"}
_NO_TRACER: Final = 2**62


class TracerChart(Protocol):
    """What shows tracers to people."""

    def read(self) -> Listing: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Pace:
    """How often something is done, in seconds. A tracer costs a micro-batch: an idle source gets few."""

    busy: float = 5.0
    """Between tracers while the source's tables change."""
    idle: float = 60.0
    """Between tracers while they do not, or while many tracers wait already."""
    look: float = 1.0
    """Between looks at whether the source's tables change."""
    chart: float = 0.5
    """Between questions to the chart while it owes a tracer."""
    away: float = 5.0
    """Between questions to a chart that does not answer."""
    busy_for: float = 15.0
    """How long the source counts as busy after its last change."""
    most_waiting: int = 60
    """Tracers under way; beyond that no more are needed to tell the lag."""


class LagFollower:
    """Runs in a thread of its own from start to stop. What it knows is in PostgreSQL, for the next one.

    Args:
        source: the database whose tables are streamed. Needs insert, select and delete on `stream_tracer`.
        platform: the platform's database.
        chart: what shows the tracers.
        watched: the source's tables whose changes make it busy.
    """

    def __init__(
        self,
        source: PostgresConnections,
        platform: PostgresConnections,
        chart: TracerChart,
        watched: Sequence[str],
        pace: Pace | None = None,
    ) -> None:
        self._source = source
        self._platform = platform
        self._chart = chart
        self._watched = list(watched)
        self._pace = pace or Pace()
        self._connection: Any = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._offset: ClockOffset | None = None
        self._source_problem: str | None = None
        self._chart_problem: str | None = None
        self._unseen: list[tuple[int, bool]] = []
        self._changes: int | None = None
        self._busy_until = 0.0
        self._next_tracer = 0.0
        self._next_look = 0.0
        self._next_chart = 0.0
        self._next_minute = time.monotonic() + MINUTE

    def start(self) -> None:
        """Begin; a second call does nothing."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=self._run, name="lag-follower", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Tell that something has come to the hot table: the chart is asked at once."""
        self._woken.set()

    def stop(self, on_purpose: bool = False, seconds: float = 15.0) -> None:
        """End, and note that the stream stands still.

        Args:
            on_purpose: a person paused it: nobody is to be told that the lag grows.
            seconds: how long to wait for a question that is under way.
        """
        self._stopping.set()
        self._woken.set()
        if self._thread is not None:
            self._thread.join(seconds)
            self._thread = None
        else:
            self._close()
        with suppress(LakehouseError):
            self._note_state(running=False, paused=on_purpose)

    def turn(self, now: float) -> float:
        """Do what is due; the moment at which something is due again. Both in monotonic seconds."""
        if now >= self._next_look:
            self._look_at_source(now)
        if now >= self._next_tracer:
            self._commit_tracer(now)
        if self._woken.is_set():
            self._woken.clear()
            self._read_unseen()
            self._next_chart = now
        if any(is_hot for _, is_hot in self._unseen) and now >= self._next_chart:
            self._ask_chart(now)
        if now >= self._next_minute:
            self._keep_minute()
            self._next_minute = now + MINUTE
        due = [self._next_look, self._next_tracer, self._next_minute]
        if any(is_hot for _, is_hot in self._unseen):
            due.append(self._next_chart)
        return min(due)

    def _run(self) -> None:
        while not self._stopping.is_set():
            now = time.monotonic()
            try:
                due = self.turn(now)
            except Exception as error:  # noqa: BLE001  the platform's database is away, and comes back
                log.warning("the lag cannot be followed for now: %s", error)
                due = now + self._pace.away
            self._woken.wait(max(0.0, due - time.monotonic()))
        self._close()

    def _close(self) -> None:
        self._drop_connection()
        self._chart.close()

    def _look_at_source(self, now: float) -> None:
        """Busy while the tables' counters move."""
        self._next_look = now + self._pace.look
        try:
            with self._cursor() as cursor:
                values = {"tables": self._watched}
                cursor.execute(read_sql("postgres/stream/source_count_changes.sql"), values)
                changes = int(cursor.fetchone()[0])
        except Exception as error:  # noqa: BLE001  whatever the driver says, the stream goes on
            self._source_away(error, now)
            return
        if self._changes is not None and changes != self._changes:
            if now >= self._busy_until:
                self._next_tracer = min(self._next_tracer, now)
            self._busy_until = now + self._pace.busy_for
        self._changes = changes

    def _commit_tracer(self, now: float) -> None:
        self._read_unseen()
        self._next_tracer = now + self._every(now)
        oldest = min((tracer_id for tracer_id, _ in self._unseen), default=_NO_TRACER)
        values = {"keep_from": oldest, "keep_seconds": SOURCE_KEEPS_SECONDS, "most": PRUNED_AT_ONCE}
        try:
            with self._cursor() as at_source:
                source = look_at_clock(at_source)
                at_source.execute(read_sql("postgres/stream/source_write_tracer.sql"), values)
                tracer_id, committed_at = at_source.fetchone()
        except Exception as error:  # noqa: BLE001  whatever the driver says, the stream goes on
            self._source_away(error, now)
            self._note_state(running=True, paused=False)
            return
        with transaction(self._platform) as cursor:
            self._offset = offset_between(source, look_at_clock(cursor))
            tracer = {
                "tracer_ids": [tracer_id],
                "committed": [committed_at],
                "tracer_id": tracer_id,
                "committed_at": committed_at,
                "clock_offset": self._offset.seconds,
            }
            cursor.execute(read_sql("postgres/stream/forget_tracers_of_another_source.sql"), tracer)
            cursor.execute(read_sql("postgres/stream/insert_tracer.sql"), tracer)
        self._source_problem = None
        self._note_state(running=True, paused=False)

    def _every(self, now: float) -> float:
        crowded = len(self._unseen) >= self._pace.most_waiting
        return self._pace.busy if now < self._busy_until and not crowded else self._pace.idle

    def _read_unseen(self) -> None:
        with transaction(self._platform) as cursor:
            cursor.execute(read_sql("postgres/stream/select_unseen_tracers.sql"), {"most": MOST_UNSEEN})
            self._unseen = [(int(tracer_id), bool(is_hot)) for tracer_id, is_hot in cursor.fetchall()]

    def _ask_chart(self, now: float) -> None:
        try:
            listing = self._chart.read()
        except LakehouseError as error:
            self._next_chart = now + self._pace.away
            if self._chart_problem is None:
                log.warning("the chart does not show tracers for now: %s", error)
            self._chart_problem = str(error)
            return
        self._chart_problem = None
        self._next_chart = now + self._pace.chart
        shown = listing.shown(self._unseen)
        if shown:
            with transaction(self._platform) as cursor:
                cursor.execute(read_sql("postgres/stream/chart_tracers.sql"), {"tracer_ids": shown})
            self._unseen = [each for each in self._unseen if each[0] not in set(shown)]

    def _keep_minute(self) -> None:
        with transaction(self._platform) as cursor:
            lost = {"after_seconds": LOST_AFTER_SECONDS}
            cursor.execute(read_sql("postgres/stream/lose_tracers.sql"), lost)
            for (tracer_id,) in cursor.fetchall():
                log.error("tracer %s has not come, although later ones have: a change may be lost", tracer_id)
            for hop in hop_lags(cursor):
                if hop.five_minutes or hop.hour:
                    cursor.execute(read_sql("postgres/stream/keep_lag_minute.sql"), _row(hop))

    def _note_state(self, *, running: bool, paused: bool) -> None:
        values = {
            "running": running,
            "paused": paused,
            "every_seconds": self._every(time.monotonic()),
            "clock_offset": self._offset.seconds if self._offset else None,
            "clock_error": self._offset.error if self._offset else None,
            "source_problem": self._source_problem,
            "chart_problem": self._chart_problem,
        }
        with transaction(self._platform) as cursor:
            cursor.execute(read_sql("postgres/stream/upsert_tracing.sql"), values)

    def _cursor(self) -> Any:
        """A cursor at the source, on a connection that is kept while it works."""
        if self._connection is None:
            self._connection = self._source.get_conn()
            self._connection.autocommit = True
        return self._connection.cursor()

    def _source_away(self, error: Exception, now: float) -> None:
        self._drop_connection()
        state = getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)
        said = " ".join(str(error).split())
        problem = (
            f"no tracer can be committed to stream_tracer: the source's user {_REFUSED[state]} ({said})"
            if state in _REFUSED
            else f"no tracer can be committed, the source does not answer: {said}"
        )
        if self._source_problem is None:
            log.warning("the lag is not measured: %s", problem)
        self._source_problem = problem
        self._next_look = max(self._next_look, now + self._pace.away)
        self._next_tracer = now + (self._pace.idle if state in _REFUSED else self._pace.away)

    def _drop_connection(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
        self._connection = None


def _row(hop: HopLag) -> dict[str, Any]:
    row: dict[str, Any] = {"hop": hop.hop}
    for window, found in (("5m", hop.five_minutes), ("1h", hop.hour)):
        row[f"tracers_{window}"] = found.tracers if found else 0
        for name in ("p50", "p95", "p99"):
            row[f"{name}_{window}"] = getattr(found, name) if found else None
    return row
