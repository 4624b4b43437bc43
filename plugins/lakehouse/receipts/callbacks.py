"""The callbacks behind the receipt: every DAG's arguments carry them.

They never fail a task: Airflow logs what they raise and goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from lakehouse.platform.database import platform_postgres
from lakehouse.receipts.log_path import log_path
from lakehouse.receipts.render import write_receipt
from lakehouse.receipts.stages import PlannedStage
from lakehouse.receipts.store import TaskRecord, recorded, run_ended

log = logging.getLogger(__name__)


class ReceiptCallbacks:
    """Airflow's callbacks, which record what each task of a stage does; other DAGs are only logged.

    Args:
        plan: the stages of a night, in their order.
        date_of: the business date that a partition key names; None if it names none.
    """

    def __init__(self, plan: Sequence[PlannedStage], date_of: Callable[[str | None], date | None]) -> None:
        self._plan = plan
        self._date_of = date_of
        self._produces = {stage.name: stage.produces for stage in plan}

    def record_start(self, context: Mapping[str, Any]) -> None:
        """The task started, or came back from being deferred."""
        self._record(context, "running")

    def record_success(self, context: Mapping[str, Any]) -> None:
        """The task succeeded: keep its report."""
        task = context["ti"]
        returned = task.xcom_pull(task_ids=task.task_id, map_indexes=task.map_index)
        self._record(context, "success", report=returned if _is_report(returned) else None)

    def record_retry(self, context: Mapping[str, Any]) -> None:
        """The attempt failed and another one follows."""
        log.warning("%s", failure_line(context, "RETRY"))
        self._record(context, "up_for_retry", error=one_line(context.get("exception")))

    def record_failure(self, context: Mapping[str, Any]) -> None:
        """The task failed for good: one line that says all, and the receipt."""
        log.error("%s", failure_line(context, "FAILED"))
        self._record(context, "failed", error=one_line(context.get("exception")))

    def record_run_failure(self, context: Mapping[str, Any]) -> None:
        """A stage's run failed: close what it left open. Runs in the DAG processor.

        Airflow calls no task callback for a deferred task that is ended by hand, nor for tasks of a run
        that is out of time; without this the receipt would show them running forever.
        """
        dag_run: Any = context.get("dag_run")
        night = self._night_of(dag_run)
        if night is None:
            return
        error = f"ended from outside, by hand or out of time; Airflow says: {context.get('reason')}"
        with run_ended(platform_postgres(), night, dag_run.dag_id, dag_run.run_id, error) as records:
            write_receipt(self._plan, night, records)

    def _record(self, context: Mapping[str, Any], state: str, **outcome: Any) -> None:
        task = context["ti"]
        night = self._night_of(context["dag_run"])
        if night is None:
            return
        now = datetime.now(UTC)
        produces = self._produces[task.dag_id]
        record = TaskRecord(
            business_date=night,
            stage=task.dag_id,
            run_id=task.run_id,
            task_id=task.task_id,
            map_index=_map_index(task),
            state=state,
            attempts=task.try_number,
            started_at=task.start_date or now,
            ended_at=None if state == "running" else now,
            emits_asset=any(getattr(outlet, "name", None) == produces for outlet in context["task"].outlets),
            report=outcome.get("report"),
            error=outcome.get("error"),
            log=_log_of(task),
        )
        with recorded(platform_postgres(), record) as records:
            write_receipt(self._plan, night, records)

    def _night_of(self, dag_run: Any) -> date | None:
        """The business date of a stage's run; None for a run that has no receipt."""
        if dag_run is None or dag_run.dag_id not in self._produces:
            return None
        return self._date_of(dag_run.partition_key)


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
