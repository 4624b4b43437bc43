"""Airflow tells here what failed and what succeeded. Registered in plugins/airflow_plugin.py.

Every Airflow process imports this module, so it imports nothing but the hook's marker. A hook runs in the
task's own process, in the scheduler or in the API server; it never fails them and hardly delays them:
the servers hand over to a thread, a task waits a few seconds at most. What is lost on the way,
`lakehouse.observe.incidents.reconcile` finds in the receipts.
"""

from __future__ import annotations

import logging
from typing import Any

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)


@hookimpl
def on_task_instance_failed(previous_state: Any, task_instance: Any, error: Any) -> None:
    """A task's attempt failed; only the last attempt counts."""
    _hear("task_failed", task_instance, error)


@hookimpl
def on_task_instance_success(previous_state: Any, task_instance: Any) -> None:
    """A task succeeded: what its DAG was told for is fixed. A stage is fixed when its run succeeds."""
    _hear("task_succeeded", task_instance)


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """A run succeeded, or was marked so by hand."""
    _hear("run_succeeded", dag_run, msg)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """A run failed: a task of it did, or it ran out of time, or somebody marked it so."""
    _hear("run_failed", dag_run, msg)


def _hear(what: str, *arguments: Any) -> None:
    try:
        from lakehouse.observe.incidents import hearing

        getattr(hearing, what)(*arguments)
    except Exception:
        log.exception("an incident was not told by this process; the next reconciliation tells it")
