"""From a task that failed to what people are told of it: the cause, the command, whether a rerun is safe."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from lakehouse.airbyte.refused_access import REFUSED_CONNECTION
from lakehouse.night.business_date import business_date_or_none
from lakehouse.night.plan import night_window, stage
from lakehouse.night.starting import started_as
from lakehouse.observe.incidents.cause import cause_group
from lakehouse.observe.incidents.finding import FAILED, Finding, Severity
from lakehouse.observe.incidents.home import is_stage
from lakehouse.receipts.log_path import log_path
from lakehouse.stream.plan import CONNECTION, DAG_ID

OWNER: Final = "lakehouse"
"""The owner of every DAG: `lakehouse.night.dag_defaults`, which needs Airflow."""
_BY_THE_CLOCK: Final = frozenset({"scheduled", "asset_triggered"})
_RERUN: Final = (
    "safe: any stage of any date may run again, in any order; what it has done it does not do twice"
)
_RERUN_OTHER: Final = "safe: every DAG here looks for what exists before it changes anything"
_FIX_FIRST: Final[Mapping[str, str]] = {
    "ContractBrokenError": "look at the quarantined rows, then fix the source or include/contracts",
    "DataTestFailedError": "fix the source, or the model in include/dbt",
    "DbtModelFaultError": "fix the model in include/dbt",
    "VolumeBelowExpectedError": "see in the source whether rows are missing",
    "LandingFileUnreadableError": "restore the landing object that the error names",
    "ReflectionInvalidError": "fix its file in include/dremio/reflections/",
    "BrokenChartsError": "fix the charts in include/superset, then run provision_platform",
    "AirbyteJobMisconfiguredError": "fix the connection in include/airbyte, then run provision_platform",
    "NewColumnsRefusedError": "fix include/contracts",
    "StreamColumnMissingError": "restore the column at the source, or change include/contracts/stream",
    "StreamContractBrokenError": "look at the quarantined rows, then fix the source or its contract",
}
"""Errors that a rerun alone meets again."""
_LEFT_OUT: Final = "files could not be read and were left out"
"""How Airbyte's file source names damaged files."""
_RUNBOOKS: Final[Mapping[str, str]] = {
    "ContractBrokenError": "docs/runbooks/quarantine.md",
    "LandingFileUnreadableError": "docs/runbooks/quarantine.md",
    "VolumeBelowExpectedError": "docs/runbooks/quarantine.md",
}
_RUNBOOK_OF: Final[Mapping[str, str]] = {DAG_ID: "docs/runbooks/stream.md"}
_LOST_CHANGES: Final = "'refresh'"
"""How Airbyte says that changes are gone from the source's log and the tables must be read again."""
_READ_AGAIN: Final = f"run bin/airbyte refresh {CONNECTION}"


@dataclass(frozen=True)
class FailedTask:
    """One attempt of one task that was its last."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    partition_key: str | None
    run_type: str | None
    """Airflow's word: scheduled, asset_triggered, manual, backfill."""
    queued_at: datetime
    """When the run was queued or, if that is unknown, started."""
    error: str | None
    """Class and words; None if the process ended without saying why."""
    log: str | None = None

    @property
    def event_id(self) -> str:
        """Names this attempt, whoever tells of it."""
        mapped = f"[{self.map_index}]" if self.map_index >= 0 else ""
        return f"task/{self.dag_id}/{self.run_id}/{self.task_id}{mapped}/{self.try_number}"


def failed_task(task: FailedTask, more: Callable[[FailedTask], Mapping[str, Any]] | None = None) -> Finding:
    """What a task's failure is told as.

    Args:
        task: what failed.
        more: further evidence, looked for in other systems; must not raise.
    """
    night = business_date_or_none(task.partition_key) if is_stage(task.dag_id) else None
    error = task.error or "unknown: the task's process ended without saying why"
    name = error.partition(":")[0]
    group = cause_group(error)
    evidence: dict[str, Any] = {
        "task": task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]",
        "attempts": task.try_number,
        "run_id": task.run_id,
        "owner": OWNER,
        "rerun": _rerun(task, night),
        "runbook": _RUNBOOKS.get(name, _RUNBOOK_OF.get(task.dag_id, "docs/runbooks/stage-failed.md")),
        "log": task.log or log_path(task.dag_id, task.run_id, task.task_id, task.map_index, task.try_number),
    }
    if night is not None:
        evidence["readers_see"] = "the data of the last night that was published, unchanged"
    if task.dag_id == DAG_ID:
        evidence["readers_see"] = "what the last merged batch brought; the night and its dashboards go on"
    evidence |= {} if more is None else more(task)
    return Finding(
        kind=FAILED,
        root=task.dag_id,
        business_date=night,
        severity=severity_of(started_as(task.run_id, task.run_type), night, task.queued_at),
        summary=_summary(task, night, group),
        error=error,
        command=command_for(task, night),
        evidence=evidence,
        event_id=task.event_id,
        cause_group=group,
    )


def severity_of(run_type: str | None, night: date | None, queued_at: datetime) -> Severity:
    """A night that runs by the clock wakes somebody; who starts a run by hand, at whatever hour, is awake."""
    if night is None or run_type not in _BY_THE_CLOCK:
        return Severity.WARN
    opens, closes = night_window(night)
    return Severity.PAGE if opens <= queued_at <= closes else Severity.WARN


def run_type_of(run_id: str) -> str | None:
    """The type that Airflow writes before a run's id: `scheduled__2025-10-16T01:00:00+00:00`."""
    word, separator, _ = run_id.partition("__")
    return word if separator else None


def command_for(task: FailedTask, night: date | None) -> str:
    """What to type once the cause is gone: the failed tasks run again, and the later stages follow."""
    if night is not None and (task.error or "").startswith("DataTestFailedError"):
        # Testing the same rows again finds the same: what was tested is built again, and its tests follow.
        return start_command(_tested_stage(task.dag_id), night)
    if night is not None:
        return f"bin/stage clear {task.dag_id} {night}"
    if task.dag_id == DAG_ID:
        return "bin/stream start"  # the next run waits for this, or some minutes, and goes on with the batch
    words = ["bin/airflow", "dags", "clear", task.dag_id, "--run-id", task.run_id, "--only-failed", "--yes"]
    return shlex.join(words)


def cure(task: FailedTask, night: date) -> str:
    """What to do about a stage's failed task, for the end of a sentence: the fix, if known, the command."""
    first = _fix_first(task)
    command = f"`{command_for(task, night)}`"
    return f"{first}, then {command}" if first else command


def start_command(stage_name: str, night: date) -> str:
    """What to type to start a stage for a date that has no run."""
    return f"bin/stage run {stage_name} {night}"


def _tested_stage(stage_name: str) -> str:
    """A layer's own tests are its stage's last task; the marts have a stage for them."""
    return stage_name if stage_name.startswith("transform_") else stage(stage_name).waits_for[0]


def _summary(task: FailedTask, night: date | None, group: str | None) -> str:
    what = f"stage {task.dag_id} failed for {night}" if night else f"{task.dag_id} failed"
    if group is None:
        return f"{what} at {task.task_id}"
    kind, _, name = group.partition(":")
    blamed = f"the Airbyte connection {name}" if kind == "connection" else f"the service behind {name}"
    return f"{what} at {task.task_id}, because of {blamed}"


def _fix_first(task: FailedTask) -> str | None:
    """What a person must do before a rerun can help, as far as it is known."""
    error = task.error or ""
    if refused := REFUSED_CONNECTION.search(error):
        return (
            f"correct the Airflow connection {refused[1]} (a value of .env: then run `make up`), then run "
            "`bin/airbyte apply --rewrite-secrets`"
        )
    if _LEFT_OUT in error:
        return "correct or remove the files that the error names"
    if task.dag_id == DAG_ID and _LOST_CHANGES in error:
        return _READ_AGAIN
    return _FIX_FIRST.get(error.partition(":")[0])


def _rerun(task: FailedTask, night: date | None) -> str:
    safe = _RERUN if night is not None else _RERUN_OTHER
    first = _fix_first(task)
    return f"{safe}. It fails again until you {first}" if first else safe
