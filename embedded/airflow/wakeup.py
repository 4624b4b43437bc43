"""Airflow's other components notify the scheduler that there is something to schedule.

The scheduler finds by asking the database what a user has triggered or cleared and which deferred task may go
on. It, the API server and the triggerer are forked from one process (`components`), so one pipe reaches it: a
component writes when it has committed a run or a task that is to be scheduled, and the executor, in the
scheduler, waits for that too. A notification that is lost costs the executor's longest pause, nothing else.
"""

from __future__ import annotations

import contextlib
import os
from typing import Any, Final

NOT_LOADED: Final = object()
_pipe: tuple[int, int] | None = None
"""One for all that are forked from the process that made it."""


def create() -> None:
    """Make the pipe, in the process that the components are forked from."""
    global _pipe
    _pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)


def readers() -> list[int]:
    """What to wait for beside everything else: the pipe's end, or nothing where no pipe was made."""
    return [] if _pipe is None else [_pipe[0]]


def drain() -> None:
    """Empty the pipe, so that the next wait waits again."""
    for reader in readers():
        with contextlib.suppress(BlockingIOError):
            os.read(reader, 65_536)


def notify() -> None:
    """Tell the scheduler that there is something to schedule."""
    if _pipe is not None:
        # A full pipe wakes the scheduler just as well.
        with contextlib.suppress(BlockingIOError):
            os.write(_pipe[1], b".")


def notify_on_commits() -> None:
    """Have this process notify the scheduler of every commit that leaves a run or a task to be scheduled.

    Not of those that a task makes on its way: the executor hears of its end, and each round of the
    scheduler's loop costs 70 ms of processor time.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import DagRunState, TaskInstanceState
    from sqlalchemy import event
    from sqlalchemy.orm import Session

    def is_to_be_scheduled(row: object) -> bool:
        # What is not loaded has not been changed; asking for it would be another query.
        loaded = vars(row)
        if isinstance(row, DagRun):  # its `state` is a property of this column
            return loaded.get("_state") == DagRunState.QUEUED
        states = (None, TaskInstanceState.SCHEDULED)
        return isinstance(row, TaskInstance) and loaded.get("state", NOT_LOADED) in states

    @event.listens_for(Session, "after_flush")
    def note(session: Session, _: Any) -> None:
        if any(is_to_be_scheduled(row) for row in (*session.new, *session.dirty)):
            session.info[__name__] = True

    @event.listens_for(Session, "after_commit")
    def send(session: Session) -> None:
        if session.info.pop(__name__, False):
            notify()

    @event.listens_for(Session, "after_rollback")
    def forget(session: Session) -> None:
        session.info.pop(__name__, None)
