"""The stream, once somebody has started it: its source, its loop, its lag, the edge and the seam."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from typing import Final

from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.observe.doctor.connections import source_postgres
from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, error, note, warn
from lakehouse.observe.doctor.slots import publications, slot_of
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.stream.lag import read_lag
from lakehouse.stream.ledger import StreamLedger
from lakehouse.stream.loop_state import Loop, LoopRecord, LoopState, Outcome
from lakehouse.stream.plan import CONNECTION, DAG_ID, GIVE_UP_AFTER, NOT_DECLARED, is_declared

HELD_FOR: Final = GIVE_UP_AFTER
"""A batch that has been in flight for longer is one that somebody should know of."""
UNCHECKED_FOR: Final = timedelta(hours=2)
"""The seam is checked every hour while the stream runs."""

_LAST_CHECK: Final = "select checked_at, outcome, reason from seam_checks order by check_id desc limit 1"
_SLOT: Final = "select count(*) from pg_replication_slots where slot_name = %s"


def source_look(conn_id: str) -> Callable[[Surroundings], Iterator[Finding]]:
    """The look at what the stream needs of its source, the database behind that Airflow connection."""

    def look(around: Surroundings) -> Iterator[Finding]:
        declared = read_connection_file(CONNECTION)
        if declared.source.airflow_connection != conn_id:
            raise NotConfiguredError(f"{CONNECTION} does not read {conn_id}")
        _require_started(around)
        postgres = around.postgres(conn_id)
        yield from source_postgres(around, conn_id, [declared])
        yield from publications(postgres, [declared], conn_id, around)
        if postgres.rows(_SLOT, (slot_of(declared),)) == [(0,)]:
            what = f"the replication slot {slot_of(declared)} of {CONNECTION} is gone: changes were lost"
            command = around.library_command("airbyte", f"refresh {CONNECTION}")
            yield error(what, f"{conn_id}: pg_replication_slots", command)

    return look


def loop_look(around: Surroundings) -> Iterator[Finding]:
    """A loop that is silent, waits, fails, or holds a batch for too long. A stream that is paused is well."""
    _require_started(around)
    postgres = around.postgres()
    paused = bool(around.airflow().read(f"dags/{DAG_ID}")["is_paused"])
    record, start = LoopRecord(postgres), around.library_command("stream", "start")
    loop = record.read()
    held = StreamLedger(postgres).in_flight()
    if loop is None:
        return
    since = f"since {loop.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if paused:
        if held is not None and loop.now - held.started_at > HELD_FOR:
            what = f"the stream is paused with micro-batch {held.id} half done: its rows are in no hot table"
            yield warn(what, f"{held.state.value}, started {held.started_at.isoformat()}", start)
        return
    yield from _state_of(around, loop, since, start)
    last = record.last_ended(but="")
    if last is not None and last.outcome is Outcome.FAILED and last.noticed_at is None:
        what = f"the last run of the stream failed: {_first_words(last.error)}"
        yield error(what, f"run {last.run_id}, ended {last.ended_at}", start)
    if held is not None and loop.now - held.started_at > HELD_FOR:
        minutes = (loop.now - held.started_at).total_seconds() / 60
        what = f"micro-batch {held.id} has been {held.state.value} for {minutes:.0f} min"
        seen = f"attempt {held.attempts}; {held.last_error or 'no error is known'}"
        yield error(what, seen, around.library_command("stream", "status"))


def lag_look(around: Surroundings) -> Iterator[Finding]:
    """A hop that keeps changes back, and a lag that nobody can measure."""
    _require_started(around)
    _require_table(around, "stream_tracing")
    lag, command = read_lag(around.postgres()), around.library_command("stream", "lag")
    if lag.paused or lag.since is None:
        return
    if (stalled := lag.stalled) is not None:
        what = f"the stream keeps changes back at the hop {stalled.hop} for {stalled.waiting_seconds:.0f} s"
        yield error(what, f"{stalled.waiting} tracers wait there", command)
    for place, problem in (("the source", lag.source_problem), ("the chart", lag.chart_problem)):
        if problem:
            yield warn(f"the stream's lag is not measured: {place} gives no answer", problem, command)
    if lag.silent_seconds is not None and stalled is None and lag.source_problem is None:
        what = f"no tracer was committed for {lag.silent_seconds:.0f} s: the stream's lag is not known"
        yield warn(what, f"one is due every {lag.every_seconds:.0f} s", command)


def seam_look(around: Surroundings) -> Iterator[Finding]:
    """A view of hot and cold that is not what a recomputation gives, or that nobody has compared of late."""
    _require_started(around)
    _require_table(around, "seam_checks")
    found, verify = around.postgres().rows(_LAST_CHECK), around.library_command("stream", "verify")
    if not found:
        yield note(
            "serving.orders has never been compared with a recomputation", "seam_checks is empty", verify
        )
        return
    [(checked_at, outcome, reason)] = found
    seen = f"checked {checked_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if outcome == "different":
        yield error("serving.orders differs from its recomputation", f"{seen}: {reason}", verify)
    loop = LoopRecord(around.postgres()).read()
    runs = loop is not None and loop.state is not LoopState.ENDED
    if runs and around.now() - checked_at.astimezone(UTC) > UNCHECKED_FOR:
        yield warn("serving.orders was not compared with a recomputation for two hours", seen, verify)


def _state_of(around: Surroundings, loop: Loop, since: str, start: str) -> Iterator[Finding]:
    if loop.is_silent:
        minutes = loop.silent_for.total_seconds() / 60
        what = f"the stream is switched on and has been silent for {minutes:.0f} min"
        command = around.airflow_command(f"dags list-runs {DAG_ID}")
        yield error(what, f"{loop.state.value} in run {loop.run_id}, {since}", command)
    elif loop.state in (LoopState.BACKING_OFF, LoopState.WAITING):
        yield warn(f"the stream is {loop.state.value.replace('_', ' ')}", f"{since}: {loop.why}", start)
    elif loop.state is LoopState.YIELDING:
        command = around.library_command("stream", "status")
        yield note("the stream waits for tonight's late stages", f"{since}: {loop.why}", command)
    if loop.failing_chore:
        what = "the stream's batches go on, but not what is done beside them"
        yield warn(what, loop.failing_chore, around.library_command("stream", "status"))


def _require_started(around: Surroundings) -> None:
    if not is_declared():
        raise NotConfiguredError(NOT_DECLARED)
    _require_table(around, "stream_batches")
    has_one = "select exists (select from stream_batches where connection = %s)"
    if around.postgres().rows(has_one, (CONNECTION,)) != [(True,)]:
        raise NotConfiguredError("the stream was never started (bin/stream start)")


def _require_table(around: Surroundings, table: str) -> None:
    if around.postgres().rows("select to_regclass(%s)", (table,)) == [(None,)]:
        raise NotConfiguredError(f"there is no table {table} yet")


def _first_words(text: str | None) -> str:
    return (text or "it gave no reason").split(". ")[0][:200]
