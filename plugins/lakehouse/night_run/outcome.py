"""How a night that was followed to its end has gone: what it did, and what failed with cause and cure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from lakehouse.night_run.receipts_read import RECEIPT_SECONDS
from lakehouse.observe.facts.nights import night
from lakehouse.observe.incidents.failure import FailedTask, cure, start_command
from lakehouse.platform.airflow_api import AirflowApi, Run
from lakehouse.platform.database import PostgresConnections

LOOK_SECONDS: Final = 1.0
_ENDED: Final = ("success", "failed")


@dataclass(frozen=True)
class StageEnd:
    """How a stage stood when nothing of the night was at work any more."""

    stage: str
    state: str
    """success, failed, or blocked: something before it failed."""
    run_id: str | None
    note: str
    """What is wrong if no task is: it did not start, it takes too long."""


@dataclass(frozen=True)
class Failed:
    """A failed task, or a stage that failed without one."""

    stage: str
    task: str
    """Empty if it is the stage itself."""
    error: str
    cure: str

    def __str__(self) -> str:
        return f"{self.place}: {self.error} To do: {self.cure}"

    @property
    def place(self) -> str:
        """Stage and task."""
        return f"{self.stage}.{self.task}" if self.task else self.stage


@dataclass(frozen=True)
class Outcome:
    """The end of a night."""

    night: date
    first: str
    """The stage that it started from."""
    receipt: Mapping[str, Any]
    failed: tuple[Failed, ...]

    @property
    def is_served(self) -> bool:
        """Nothing failed."""
        return not self.failed


def outcome_of(
    api: AirflowApi, postgres: PostgresConnections, business_date: date, ends: Iterable[StageEnd]
) -> Outcome:
    """Read the receipt once it tells the end of every run, and what Airflow knows of failed tasks besides.

    Args:
        api: Airflow.
        postgres: the platform's database.
        business_date: of the night.
        ends: of the stages that were followed, in the plan's order.

    Raises:
        PlatformDatabaseUnavailableError, AirflowApiError: who does not answer.
    """
    followed = list(ends)
    receipt = _settled_receipt(postgres, business_date, followed)
    failed = [
        each
        for end in followed
        if end.state == "failed"
        for each in _failed_in(api, business_date, end, receipt["stages"][end.stage])
    ]
    return Outcome(business_date, followed[0].stage, receipt, tuple(failed))


def _settled_receipt(
    postgres: PostgresConnections, business_date: date, ends: Iterable[StageEnd]
) -> dict[str, Any]:
    """A task's callback writes the receipt after Airflow has the task's end: wait for it, but not forever."""
    runs = {end.stage: end.run_id for end in ends if end.run_id is not None and end.state in _ENDED}

    def lacks_an_end(receipt: dict[str, Any]) -> bool:
        stages = receipt["stages"]
        return any(
            stages[name]["state"] not in _ENDED or stages[name].get("run_id") != run_id
            for name, run_id in runs.items()
        )

    looks = Retrying(
        retry=retry_if_result(lacks_an_end),
        wait=wait_fixed(LOOK_SECONDS),
        stop=stop_after_delay(RECEIPT_SECONDS),
        retry_error_callback=lambda state: state.outcome and state.outcome.result(),
    )
    read: dict[str, Any] = looks(night, postgres, business_date)
    return read


def _failed_in(api: AirflowApi, business_date: date, end: StageEnd, entry: Mapping[str, Any]) -> list[Failed]:
    if end.run_id is None:
        return [Failed(end.stage, "", _sentence(end.note), f"`{start_command(end.stage, business_date)}`")]
    tasks = entry.get("tasks", []) if entry.get("run_id") == end.run_id else []
    told = [
        _failed(end, business_date, each["task"], each["attempts"], each["error"])
        for each in tasks
        if each["state"] == "failed"
    ]
    run = Run(end.stage, end.run_id, end.state, datetime.now(UTC), None, None)
    known = {each.task for each in told}
    for task in api.tasks(run):
        name = task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]"
        if task.state == "failed" and name not in known:
            told.append(_failed(end, business_date, name, task.try_number, api.error_of(run, task)))
    if told:
        return told
    words = end.note or "no task failed: the run itself ended as failed"
    return [Failed(end.stage, "", _sentence(words), f"`{start_command(end.stage, business_date)}`")]


def _failed(end: StageEnd, business_date: date, task: str, attempts: int, error: str | None) -> Failed:
    failed = FailedTask(
        dag_id=end.stage,
        run_id=end.run_id or "",
        task_id=task,
        map_index=-1,
        try_number=attempts,
        partition_key=business_date.isoformat(),
        run_type=None,
        queued_at=datetime.now(UTC),
        error=error,
    )
    words = error or "the task's process ended without saying why"
    return Failed(end.stage, task, _sentence(words), f"{cure(failed, business_date)}")


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."
