"""The callbacks behind the receipt: every DAG's arguments carry them.

They never fail a task: Airflow logs what they raise and goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lakehouse.night.business_date import BusinessDateError, parse_business_date
from lakehouse.night.plan import NIGHT
from lakehouse.receipts.log_path import log_path
from lakehouse.receipts.render import write_receipt
from lakehouse.receipts.store import PLATFORM_CONNECTION, TaskRecord, recorded, run_ended

log = logging.getLogger(__name__)

_PRODUCES = {stage.name: stage.produces for stage in NIGHT}


def record_start(context: Mapping[str, Any]) -> None:
    """The task began, or came back from being deferred."""
    _record(context, "running")


def record_success(context: Mapping[str, Any]) -> None:
    """The task succeeded: keep its report."""
    task_instance = context["ti"]
    returned = task_instance.xcom_pull(task_ids=task_instance.task_id, map_indexes=task_instance.map_index)
    _record(context, "success", report=returned if _is_report(returned) else None)


def record_retry(context: Mapping[str, Any]) -> None:
    """The attempt failed and another one follows."""
    log.warning("%s", failure_line(context, "RETRY"))
    _record(context, "up_for_retry", error=one_line(context.get("exception")))


def record_failure(context: Mapping[str, Any]) -> None:
    """The task failed for good: one line that says all, and the receipt."""
    log.error("%s", failure_line(context, "FAILED"))
    _record(context, "failed", error=one_line(context.get("exception")))


def record_run_failure(context: Mapping[str, Any]) -> None:
    """A stage's run failed: close what it left open. Runs in the DAG processor.

    Airflow calls no task callback for a deferred task that is ended by hand, nor for tasks of a run that
    is out of time; without this the receipt would show them running for ever.
    """
    dag_run = context.get("dag_run")
    if dag_run is None or dag_run.dag_id not in _PRODUCES:
        return
    try:
        night = parse_business_date(dag_run.partition_key)
    except BusinessDateError:
        return

    from airflow.providers.postgres.hooks.postgres import PostgresHook

    error = f"ended from outside, by hand or out of time; Airflow says: {context.get('reason')}"
    with run_ended(
        PostgresHook(PLATFORM_CONNECTION), night, dag_run.dag_id, dag_run.run_id, error
    ) as records:
        write_receipt(night, records)


def failure_line(context: Mapping[str, Any], verdict: str) -> str:
    """Stage, date, task, error and log of a failed attempt, in one line."""
    task_instance = context["ti"]
    return (
        f"{verdict} stage={task_instance.dag_id} date={context['dag_run'].partition_key} "
        f"task={task_instance.task_id} attempt={task_instance.try_number} "
        f"error={one_line(context.get('exception'))} log={_log_of(task_instance)}"
    )


def one_line(error: object) -> str:
    """The error's class and own words, on one line."""
    if error is None:
        return "unknown: the task's process ended without saying why"
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}" if isinstance(error, BaseException) else words


def _log_of(task_instance: Any) -> str:
    return log_path(
        task_instance.dag_id,
        task_instance.run_id,
        task_instance.task_id,
        _map_index(task_instance),
        task_instance.try_number,
    )


def _map_index(task_instance: Any) -> int:
    return -1 if task_instance.map_index is None else int(task_instance.map_index)


def _is_report(returned: object) -> bool:
    return isinstance(returned, dict) and {"rows_in", "rows_out", "detail"} <= returned.keys()


def _record(context: Mapping[str, Any], state: str, **outcome: Any) -> None:
    task_instance, dag_run = context["ti"], context["dag_run"]
    produces = _PRODUCES.get(task_instance.dag_id)
    if produces is None:
        return
    try:
        night = parse_business_date(dag_run.partition_key)
    except BusinessDateError:
        return

    from airflow.providers.postgres.hooks.postgres import PostgresHook

    now = datetime.now(UTC)
    record = TaskRecord(
        business_date=night,
        stage=task_instance.dag_id,
        run_id=task_instance.run_id,
        task_id=task_instance.task_id,
        map_index=_map_index(task_instance),
        state=state,
        attempts=task_instance.try_number,
        started_at=task_instance.start_date or now,
        ended_at=None if state == "running" else now,
        emits_asset=any(getattr(outlet, "name", None) == produces for outlet in context["task"].outlets),
        report=outcome.get("report"),
        error=outcome.get("error"),
        log=_log_of(task_instance),
    )
    with recorded(PostgresHook(PLATFORM_CONNECTION), record) as records:
        write_receipt(night, records)
