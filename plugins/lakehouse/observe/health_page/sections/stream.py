"""The stream: what its loop does, how far it is behind, the last batch, the edge and the seam."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.health_page.reading import Asked
from lakehouse.platform.database import LedgerMissingError, PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.lag import Lag, read_lag
from lakehouse.stream.ledger import Batch, StreamLedger
from lakehouse.stream.loop_state import Loop, LoopRecord, LoopState
from lakehouse.stream.plan import DAG_ID

_MARKS: Final = {
    LoopState.STARTING: ("running", "starting"),
    LoopState.RUNNING: ("running", "reading"),
    LoopState.IDLE: ("success", "nothing to read"),
    LoopState.YIELDING: ("late", "waits for the night"),
    LoopState.BACKING_OFF: ("up_for_retry", "trying again"),
    LoopState.WAITING: ("failed", "waits after a failed run"),
    LoopState.ENDED: ("running", "between two runs"),
}
"""The page's sign and word for what a loop does."""


@dataclass(frozen=True)
class HopSeconds:
    """How long tracers took to one hop; seconds over the last hour."""

    hop: str
    tracers: int
    p50: float | None
    p95: float | None
    p99: float | None
    waiting_seconds: float
    """Of the tracer that waits longest to come further; 0 if none does."""


@dataclass(frozen=True)
class Seam:
    """The last comparison of serving.orders with a recomputation."""

    state: str
    outcome: str
    checked_at: datetime
    reason: str | None


@dataclass(frozen=True)
class Stream:
    """What the section shows."""

    state: str
    """A state of the page's marks."""
    word: str
    why: str | None
    since: datetime | None
    dag_id: str
    run_id: str | None
    dashboards: list[str]
    batch: dict[str, Any] | None
    """The last batch that the dashboards show: id, merged_at, rows, seconds."""
    held: dict[str, Any] | None
    """The batch in flight: id, state, started_at, attempts, error."""
    lag_seconds: float | None
    lag_problem: str | None
    stalled: str | None
    hops: list[HopSeconds]
    edge_date: date | None
    edge_moved_at: datetime | None
    seam: Seam | None
    not_read: list[str]
    """Parts that could not be read; the others are shown."""


def read(postgres: PostgresConnections, asked: Asked) -> Stream:
    """The stream as it is now, whatever night the page shows."""
    ledger = StreamLedger(postgres)
    loop, last, held = LoopRecord(postgres).read(), ledger.last_merged(), ledger.in_flight()
    not_read: list[str] = []

    def part(name: str, look: Callable[[PostgresConnections], Any]) -> Any:
        try:
            return look(postgres)
        except LedgerMissingError:
            not_read.append(name)
            return None

    lag, edge, seam = part("lag", read_lag), part("edge", _edge), part("seam", _seam)
    boards = [each.title for each in read_lineage().live_dashboards()]
    return shaped(loop, last, held, lag, edge, seam, not_read, boards)


def shaped(
    loop: Loop | None,
    last: Batch | None,
    held: Batch | None,
    lag: Lag | None,
    edge: tuple[date, datetime] | None,
    seam: tuple[str, datetime, str | None] | None,
    not_read: list[str],
    dashboards: list[str],
) -> Stream:
    """The section's data from what was read; None for what is not there."""
    state, word = _mark_of(loop, held)
    return Stream(
        state=state,
        word=word,
        why=loop.why if loop else None,
        since=loop.since if loop else None,
        dag_id=DAG_ID,
        run_id=loop.run_id if loop else None,
        dashboards=dashboards,
        batch=_shown(last) if last else None,
        held=_held(held) if held else None,
        lag_seconds=lag.seconds if lag and lag.measured else None,
        lag_problem=_problem(lag) if lag else None,
        stalled=lag.stalled.hop if lag and lag.stalled else None,
        hops=_hops(lag) if lag else [],
        edge_date=edge[0] if edge else None,
        edge_moved_at=edge[1] if edge else None,
        seam=Seam(_SEAM.get(seam[0], "unknown"), seam[0].replace("_", " "), seam[1], seam[2])
        if seam
        else None,
        not_read=not_read,
    )


_SEAM: Final = {"equal": "success", "different": "failed", "not_ready": "unknown"}


def _mark_of(loop: Loop | None, held: Batch | None) -> tuple[str, str]:
    if loop is None:
        return "not_started", "never started"
    if loop.is_silent and (loop.state is not LoopState.ENDED or held is not None):
        return "failed", "silent"
    return ("unknown", "stopped") if loop.is_silent else _MARKS[loop.state]


def _shown(batch: Batch) -> dict[str, Any]:
    seconds = (batch.merged_at - batch.started_at).total_seconds() if batch.merged_at else None
    return {"id": batch.id, "merged_at": batch.merged_at, "rows": batch.rows_landed, "seconds": seconds}


def _held(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "state": batch.state.value,
        "started_at": batch.started_at,
        "attempts": batch.attempts,
        "error": batch.last_error,
    }


def _problem(lag: Lag) -> str | None:
    if lag.paused:
        return "not measured while the stream is paused"
    return lag.source_problem or lag.chart_problem


def _hops(lag: Lag) -> list[HopSeconds]:
    return [
        HopSeconds(
            each.hop,
            each.hour.tracers if each.hour else 0,
            each.hour.p50 if each.hour else None,
            each.hour.p95 if each.hour else None,
            each.hour.p99 if each.hour else None,
            each.waiting_seconds,
        )
        for each in lag.hops
    ]


def _edge(postgres: PostgresConnections) -> tuple[date, datetime] | None:
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/health_page/select_health_edge.sql"))
        row = cursor.fetchone()
        return None if row is None else (row[0], row[1])


def _seam(postgres: PostgresConnections) -> tuple[str, datetime, str | None] | None:
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/health_page/select_health_seam.sql"))
        row = cursor.fetchone()
        return None if row is None else (row[0], row[1], row[2])
