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
from lakehouse.stream.hops import Hop
from lakehouse.stream.lag import HopLag, hop_lags
from lakehouse.stream.newest_tracers import Listing
from lakehouse.stream.plan import IDLE_TRACER_SECONDS
from lakehouse.stream.source_tracer import Committed, SourceTracer
from lakehouse.stream.tracer import MOST_UNSEEN, MarkQueue, TracerMarks

log = logging.getLogger(__name__)

LOST_AFTER_SECONDS: Final = 600.0
MINUTE: Final = 60.0


class TracerChart(Protocol):
    """What shows tracers to people."""

    def read(self) -> Listing: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Pace:
    """How often something is done, in seconds. A tracer costs a micro-batch: an idle source gets few."""

    busy: float = 5.0
    """Between tracers while the source's tables change."""
    idle: float = IDLE_TRACER_SECONDS
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
        marks: makes the marks of the batches' hops.
    """

    def __init__(
        self,
        source: PostgresConnections,
        platform: PostgresConnections,
        chart: TracerChart,
        watched: Sequence[str],
        marks: TracerMarks,
        pace: Pace | None = None,
    ) -> None:
        self._source = SourceTracer(source, watched)
        self._platform = platform
        self._chart = chart
        self._marks = marks
        self.queue = MarkQueue(self.wake)
        """Where the loop says that a batch has passed a hop."""
        self._pace = pace or Pace()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._offset: ClockOffset | None = None
        self._chart_problem: str | None = None
        self._unseen: list[tuple[int, bool]] = []
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
        """There are marks to make."""
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
            self._make_marks()
            self._close()
        with suppress(LakehouseError):
            self._note_state(running=False, paused=on_purpose)

    def turn(self, now: float) -> float:
        """Do what is due; the moment at which something is due again. Both in monotonic seconds."""
        if now >= self._next_look:
            self._look_at_source(now)
        if now >= self._next_tracer:
            self._commit_tracer(now)
        self._woken.clear()
        if self._make_marks():
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
        self._make_marks()
        self._close()

    def _make_marks(self) -> bool:
        """Those that the loop has asked for; true if the hot table has got a tracer."""
        in_hot = 0
        while mark := self.queue.take():
            found = self._marks.mark(mark.batch, mark.hop, mark.at)
            in_hot += found if mark.hop is Hop.HOT else 0
        return in_hot > 0

    def _close(self) -> None:
        self._source.close()
        self._chart.close()

    def _look_at_source(self, now: float) -> None:
        """Busy while the tables' counters move."""
        self._next_look = now + self._pace.look
        changed = self._source.has_changed()
        if changed is None:
            self._next_look = now + self._pace.away
        if changed:
            if now >= self._busy_until:
                self._next_tracer = min(self._next_tracer, now)
            self._busy_until = now + self._pace.busy_for

    def _commit_tracer(self, now: float) -> None:
        self._read_unseen()
        committed = self._source.commit(min((tracer_id for tracer_id, _ in self._unseen), default=None))
        if committed is None:
            self._next_tracer = now + (self._pace.idle if self._source.refused else self._pace.away)
        else:
            self._next_tracer = now + self._every(now)
            self._note_tracer(committed)
        self._note_state(running=True, paused=False)

    def _note_tracer(self, committed: Committed) -> None:
        with transaction(self._platform) as cursor:
            self._offset = offset_between(committed.clock, look_at_clock(cursor))
            tracer = {
                "tracer_ids": [committed.tracer_id],
                "committed": [committed.committed_at],
                "tracer_id": committed.tracer_id,
                "committed_at": committed.committed_at,
                "clock_offset": self._offset.seconds,
            }
            cursor.execute(read_sql("postgres/stream/forget_tracers_of_another_source.sql"), tracer)
            cursor.execute(read_sql("postgres/stream/insert_tracer.sql"), tracer)

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
            "source_problem": self._source.problem,
            "chart_problem": self._chart_problem,
        }
        with transaction(self._platform) as cursor:
            cursor.execute(read_sql("postgres/stream/upsert_tracing.sql"), values)


def _row(hop: HopLag) -> dict[str, Any]:
    row: dict[str, Any] = {"hop": hop.hop}
    for window, found in (("5m", hop.five_minutes), ("1h", hop.hour)):
        row[f"tracers_{window}"] = found.tracers if found else 0
        for name in ("p50", "p95", "p99"):
            row[f"{name}_{window}"] = getattr(found, name) if found else None
    return row
