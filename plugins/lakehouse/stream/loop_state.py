"""What the loop is doing, and how its runs ended: for people, and for the run that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.plan import CONNECTION, GIVE_UP_AFTER


class LoopState(StrEnum):
    """What a loop does."""

    STARTING = "starting"
    RUNNING = "running"
    """A batch is in flight."""
    IDLE = "idle"
    """There is nothing to read."""
    YIELDING = "yielding"
    """A stage of tonight is late and needs the machine."""
    BACKING_OFF = "backing_off"
    """A step failed and is tried again."""
    WAITING = "waiting"
    """The run before failed for good; this one waits before it tries."""
    ENDED = "ended"


SILENCE: Final = timedelta(minutes=2)
"""A loop speaks every ten seconds; between two of its runs a scheduler may be busy for a minute."""
BUSY_SILENCE: Final = GIVE_UP_AFTER
"""It does not speak while a batch is in flight, and a burst may take minutes."""


class Outcome(StrEnum):
    """How a run of the loop ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNTIDY = "untidy"
    """All batches were merged, but not all was done that is done beside them."""
    STOPPED = "stopped"
    """Told to end at once."""


@dataclass(frozen=True)
class Loop:
    """The loop of a connection, as it was when it last said so; times by the platform database's clock."""

    state: LoopState
    why: str | None
    run_id: str
    since: datetime
    beaten_at: datetime
    failing_chore: str | None
    """What the loop does beside its batches and could not do the last time, with the reason."""
    now: datetime
    """When this was read."""

    @property
    def silent_for(self) -> timedelta:
        """Since it last said something."""
        return self.now - self.beaten_at

    @property
    def is_silent(self) -> bool:
        """Has it said nothing for so long that it is gone, or its next run does not start?"""
        return self.silent_for > (BUSY_SILENCE if self.state is LoopState.RUNNING else SILENCE)


@dataclass(frozen=True)
class Run:
    """A run of the loop that has ended."""

    run_id: str
    outcome: Outcome
    error: str | None
    batches: int
    started_at: datetime
    ended_at: datetime | None
    noticed_at: datetime | None
    """When somebody had the next run start at once (`bin/stream start`)."""


class LoopRecord:
    """`stream_loops` and `stream_runs` of one connection."""

    def __init__(self, postgres: PostgresConnections, connection: str = CONNECTION) -> None:
        self._postgres = postgres
        self._connection = connection

    def read(self) -> Loop | None:
        """The loop; None if there has never been one."""
        rows = self._all("select_loop", {})
        if not rows:
            return None
        state, *rest = rows[0]
        return Loop(LoopState(state), *rest)

    def say(self, run_id: str, state: LoopState, why: str | None, failing_chore: str | None = None) -> None:
        """The loop lives, and does this."""
        values = {"run_id": run_id, "state": state.value, "why": why, "failing_chore": failing_chore}
        self._do("upsert_loop", values)

    def begin(self, run_id: str) -> None:
        """A run of the loop has started; an attempt that follows a killed one goes on with its row."""
        self._do("upsert_run", {"run_id": run_id})

    def end(self, run_id: str, outcome: Outcome, error: str | None, batches: int) -> None:
        """The run is over."""
        values = {"run_id": run_id, "outcome": outcome.value, "error": error, "batches": batches}
        self._do("update_run_ended", values)

    def last_ended(self, but: str) -> Run | None:
        """The newest run that has ended, but for this one."""
        rows = self._all("select_last_run", {"run_id": but})
        if not rows:
            return None
        run_id, outcome, *rest = rows[0]
        return Run(run_id, Outcome(outcome), *rest)

    def notice(self) -> bool:
        """Somebody has seen to what failed: the run that waits starts at once. False: none had failed."""
        return bool(self._all("update_runs_noticed", {}))

    def _all(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        with transaction(self._postgres) as cursor:
            cursor.execute(
                read_sql(f"postgres/stream/{statement}.sql"), {"connection": self._connection, **values}
            )
            return list(cursor.fetchall())

    def _do(self, statement: str, values: Mapping[str, Any]) -> None:
        with transaction(self._postgres) as cursor:
            cursor.execute(
                read_sql(f"postgres/stream/{statement}.sql"), {"connection": self._connection, **values}
            )
