"""From a live dashboard to a verdict: is the stream running, and which hop keeps changes back?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from lakehouse.observe.facts.lineage import Lineage
from lakehouse.observe.why_stale.hops import Hop, HopState, Verdict, clock
from lakehouse.observe.why_stale.stages import Scheduling
from lakehouse.platform.database import (
    LedgerMissingError,
    PlatformDatabaseUnavailableError,
    PostgresConnections,
)
from lakehouse.stream.lag import STALLED_SECONDS, HopLag, Lag, read_lag
from lakehouse.stream.loop_state import Loop, LoopRecord, LoopState
from lakehouse.stream.plan import DAG_ID

_START: Final = "bin/stream start"
_STATUS: Final = "bin/stream status"
_LAG: Final = "bin/stream lag"
_WHOLE_WAY: Final = "total"


def live_name(lineage: Lineage, name: str) -> str | None:
    """How the live dashboard or serving view of that name is shown; None if it is neither."""
    wanted = name.strip().casefold()
    for board in lineage.live_dashboards():
        if wanted in (board.slug.casefold(), board.title.casefold()):
            return f"dashboard {board.title} ({board.slug})"
        if wanted in board.serving_views:
            return f"view {wanted}"
    return None


def why_live_is_stale(
    subject: str, postgres: PostgresConnections, scheduling: Scheduling, now: datetime
) -> Verdict:
    """Which hop of the stream holds changes back.

    Args:
        subject: how it is called in the verdict.
        postgres: the platform's database; if it is away, all hops are unseen.
        scheduling: Airflow.
        now: the time, UTC.
    """
    today = now.astimezone(UTC).date()
    try:
        loop, lag = LoopRecord(postgres).read(), read_lag(postgres)
    except (PlatformDatabaseUnavailableError, LedgerMissingError) as error:
        unseen = Hop("stream", HopState.UNSEEN, "PostgreSQL cannot be asked")
        return Verdict(subject, today, (unseen,), (f"PostgreSQL cannot be asked: {error}",))
    return Verdict(subject, today, judged(loop, lag, scheduling.is_paused(DAG_ID)), tuple(_notes(lag)))


def judged(loop: Loop | None, lag: Lag, paused: bool | None) -> tuple[Hop, ...]:
    """The loop, then each hop of a change.

    Args:
        loop: what it said last; None: it never ran.
        lag: as it is known now.
        paused: is the DAG? None: Airflow does not answer.
    """
    ways = [each for each in lag.hops if each.hop != _WHOLE_WAY]
    return (_of_loop(loop, paused), *map(_of_hop, ways))


def _of_loop(loop: Loop | None, paused: bool | None) -> Hop:
    """What the loop says, unless Airflow says that somebody has switched it off."""

    def stale(summary: str, command: str, evidence: Sequence[str] = ()) -> Hop:
        return Hop("stream", HopState.STALE, summary, tuple(evidence), command)

    if loop is None:
        return stale(f"{DAG_ID} has never run", _START)
    told = [f"{loop.state.value} since {clock(loop.since)}", *([loop.why] if loop.why else [])]
    if paused:
        return stale(f"{DAG_ID} is paused", _START, told)
    if loop.is_silent:
        words = f"{DAG_ID} has been silent for {loop.silent_for.total_seconds() / 60:.0f} min"
        return stale(words, f"bin/airflow dags list-runs {DAG_ID}", told)
    if loop.state in (LoopState.BACKING_OFF, LoopState.WAITING):
        return stale("a batch fails and is tried again", _STATUS, told)
    if loop.state is LoopState.YIELDING:
        return Hop("stream", HopState.RUNNING, "it waits for tonight's late stages", tuple(told))
    return Hop("stream", HopState.FRESH, "it runs", (), None, loop.beaten_at)


def _of_hop(each: HopLag) -> Hop:
    usual = [f"p95 of the last hour: {each.hour.p95:.1f} s"] if each.hour else []
    if each.waiting_seconds > STALLED_SECONDS:
        seen = [f"since {clock(each.waiting_since)}", *usual]
        summary = f"{each.waiting} tracers have waited there, the first for {each.waiting_seconds:.0f} s"
        return Hop(each.hop, HopState.STALE, summary, tuple(seen), _LAG)
    if each.hour is None and not each.waiting:
        return Hop(each.hop, HopState.UNSEEN, "no tracer has come this way in the last hour")
    return Hop(each.hop, HopState.FRESH, "it passes changes on", tuple(usual))


def _notes(lag: Lag) -> list[str]:
    notes = []
    if lag.paused:
        notes.append("the lag is not measured while the stream is paused")
    elif lag.seconds is not None:
        notes.append(f"the newest change is {lag.seconds:.0f} s behind")
    for problem in (lag.source_problem, lag.chart_problem):
        if problem:
            notes.append(f"the lag is not measured: {problem}")
    return notes
