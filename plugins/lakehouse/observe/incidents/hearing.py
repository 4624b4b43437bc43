"""From Airflow's events to findings: read at once what the event says, then work in a thread of its own."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from lakehouse.night.business_date import business_date_or_none
from lakehouse.observe.incidents.delivery import deliver_alerts
from lakehouse.observe.incidents.evidence import evidence_of
from lakehouse.observe.incidents.failure import FailedTask, failed_task, run_type_of
from lakehouse.observe.incidents.here import postgres_here
from lakehouse.observe.incidents.home import is_stage
from lakehouse.observe.incidents.last_words import say_last_words
from lakehouse.observe.incidents.record import resolve_dag, resolve_stage
from lakehouse.observe.incidents.spool import drain, tell_or_keep
from lakehouse.platform.database import (
    LedgerMissingError,
    PlatformDatabaseUnavailableError,
    PostgresConnections,
)
from lakehouse.receipts.callbacks import one_line

log = logging.getLogger(__name__)

TASK_SECONDS: Final = 12.0
"""How long a task that has failed waits for its incident to be told: then its process ends all the same."""
MOST_WAITING: Final = 1000
"""Events of a server process that wait for PostgreSQL; what comes on top is left to the reconciliation."""
_FINAL: Final = "failed"


def task_failed(task_instance: Any, error: Any) -> None:
    """Tell a task's last failure; and say at the end of the log of each attempt what to do."""
    task = _failed(task_instance, error)
    in_task = _is_in_task(task_instance)
    another_follows = str(getattr(task_instance.state, "value", task_instance.state) or _FINAL) != _FINAL
    # run_night fails with its night, whose tasks have told why.
    if not another_follows and not getattr(error, "told_by_others", False):
        _do(lambda: _told(task), wait_seconds=TASK_SECONDS if in_task else 0)
    if in_task:
        say_last_words(task, another_follows)


def task_succeeded(task_instance: Any) -> None:
    """A DAG that is not a stage is fixed by the task that had failed: its run may succeed by skipping it."""
    dag_id, task_id, run_id = task_instance.dag_id, task_instance.task_id, task_instance.run_id
    if is_stage(dag_id):
        return
    in_task = _is_in_task(task_instance)
    _do(
        lambda: _fixed(lambda postgres: resolve_dag(postgres, dag_id, run_id, task_id)),
        wait_seconds=TASK_SECONDS if in_task else 0,
    )


def run_succeeded(dag_run: Any, msg: str) -> None:
    """A run succeeded; `msg` tells whether by itself."""
    dag_id, run_id = dag_run.dag_id, dag_run.run_id
    night = business_date_or_none(dag_run.partition_key) if is_stage(dag_id) else None
    by_hand = "manually" in (msg or "")
    fixed_by = f"run {run_id} of {dag_id}" + (", marked as success by hand" if by_hand else "")
    if night is not None:
        # Its start says nothing about which failure it has fixed: a cleared run keeps its first one.
        _do(lambda: _fixed(lambda postgres: resolve_stage(postgres, dag_id, night, fixed_by)))
    elif by_hand and not is_stage(dag_id):
        _do(lambda: _fixed(lambda postgres: resolve_dag(postgres, dag_id, fixed_by)))


def run_failed(dag_run: Any, msg: str) -> None:
    """A run failed. Its tasks have told why, unless none failed: out of time, deadlocked, marked by hand."""
    if msg == "task_failure":
        return
    task = FailedTask(
        dag_id=dag_run.dag_id,
        run_id=dag_run.run_id,
        task_id="the run",
        map_index=-1,
        try_number=0,
        partition_key=dag_run.partition_key,
        run_type=_word(dag_run.run_type),
        queued_at=dag_run.queued_at or dag_run.start_date or datetime.now(UTC),
        error=f"RunEnded: Airflow says: {msg}",
    )
    _do(lambda: _told(task))


def _told(task: FailedTask) -> None:
    postgres = postgres_here()
    if tell_or_keep(postgres, failed_task(task, evidence_of(postgres))):
        drain(postgres)
        deliver_alerts(postgres)


def _fixed(resolution: Callable[[PostgresConnections], list[Any]]) -> None:
    postgres = postgres_here()
    if resolution(postgres):
        deliver_alerts(postgres)


def _failed(task_instance: Any, error: Any) -> FailedTask:
    run = _run_of(task_instance)
    return FailedTask(
        dag_id=task_instance.dag_id,
        run_id=task_instance.run_id,
        task_id=task_instance.task_id,
        map_index=-1 if task_instance.map_index is None else int(task_instance.map_index),
        try_number=int(task_instance.try_number or 0),
        partition_key=getattr(run, "partition_key", None),
        run_type=_word(getattr(run, "run_type", None)) or run_type_of(task_instance.run_id),
        queued_at=getattr(run, "queued_at", None) or getattr(run, "start_date", None) or datetime.now(UTC),
        error=None if error is None else one_line(error),
    )


def _run_of(task_instance: Any) -> Any:
    """In a task's process the run as its server told it, elsewhere the row of the database."""
    if (told := getattr(task_instance, "_ti_context_from_server", None)) is not None:
        return told.dag_run
    return getattr(task_instance, "dag_run", None)


def _is_in_task(task_instance: Any) -> bool:
    return hasattr(task_instance, "_ti_context_from_server")


def _word(value: Any) -> str | None:
    return None if value is None else str(getattr(value, "value", value))


def _do(work: Callable[[], None], wait_seconds: float = 0) -> None:
    """Do it in a thread. A task's process waits for it, since nothing outlives that."""

    def carefully() -> None:
        try:
            work()
        except LedgerMissingError:
            log.info("incidents are told once provision_platform has created their tables")
        except PlatformDatabaseUnavailableError as error:
            log.warning("not resolved yet, the next reconciliation does it: %s", error)
        except Exception:
            log.exception("an incident was not told by this process; the next reconciliation tells it")

    if wait_seconds:
        thread = threading.Thread(target=carefully, name="incidents", daemon=True)
        thread.start()
        thread.join(wait_seconds)
        if thread.is_alive():
            log.warning("the incident was not told within %.0f s; this process does not wait", wait_seconds)
        return
    _Server.of_this_process().add(carefully)


class _Server:
    """The one thread of a server process; a process that is forked from it gets one of its own."""

    _made: _Server | None = None

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._waiting: queue.Queue[Callable[[], None]] = queue.Queue(MOST_WAITING)
        threading.Thread(target=self._work, name="incidents", daemon=True).start()

    @classmethod
    def of_this_process(cls) -> _Server:
        if cls._made is None or cls._made.pid != os.getpid():
            cls._made = cls()
        return cls._made

    def add(self, work: Callable[[], None]) -> None:
        try:
            self._waiting.put_nowait(work)
        except queue.Full:
            log.warning("more than %d events wait: the next reconciliation tells this one", MOST_WAITING)

    def _work(self) -> None:
        while True:
            self._waiting.get()()
