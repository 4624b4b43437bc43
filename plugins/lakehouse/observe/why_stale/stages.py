"""Why a stage of the night is not done for a date, and what to type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from lakehouse.night.plan import NIGHT, stage
from lakehouse.observe.facts.nights import RunState
from lakehouse.observe.why_stale.evidence import Evidence
from lakehouse.observe.why_stale.hops import HopState, clock

OVERTIME: Final = 3
"""A stage that takes this many times its planned minutes is said to be stuck; `make night` gives up there."""


class Scheduling(Protocol):
    """What Airflow itself knows, and no receipt."""

    def is_paused(self, stage_name: str) -> bool | None:
        """None if Airflow does not answer."""

    def is_queued(self, stage_name: str, partition_key: str) -> bool:
        """Is there a run for the date that has not started yet?"""


@dataclass(frozen=True)
class StageAccount:
    """How a stage stands for the date."""

    state: HopState
    """fresh (its newest run succeeded), running or stale."""
    summary: str
    evidence: tuple[str, ...]
    command: str | None
    has_run: bool = True


def account_of(evidence: Evidence, stage_name: str, scheduling: Scheduling, now: datetime) -> StageAccount:
    """How the stage stands, from its newest run for the date."""
    run = evidence.runs.get(stage_name)
    if run is None:
        return _not_started(evidence, stage_name, scheduling)
    began = f"run {run.run_id} started {clock(run.started_at)}"
    if run.state is RunState.SUCCESS:
        return StageAccount(
            HopState.FRESH, f"{stage_name} is done", (f"{began}, ended {clock(run.ended_at)}",), None
        )
    if run.state is RunState.FAILED:
        errors = tuple(
            f"{task['task']} failed after {task['attempts']} attempts: {task['error'] or 'no words'}"
            for task in evidence.failed_tasks(stage_name)
        )
        return StageAccount(
            HopState.STALE,
            f"{stage_name} has failed for {evidence.business_date}",
            (*errors, began),
            f"bin/stage clear {stage_name} {evidence.business_date}",
        )
    return _running(evidence, stage_name, began, run.started_at, run.retrying, now)


def _running(
    evidence: Evidence, stage_name: str, began: str, started_at: datetime, retrying: bool, now: datetime
) -> StageAccount:
    told = [began]
    if retrying:
        tasks = evidence.receipt["stages"][stage_name].get("tasks", [])
        told += [
            f"{each['task']} waits for its next attempt: {each['error']}"
            for each in tasks
            if each["state"] == "up_for_retry"
        ]
    command = None
    if now - started_at > timedelta(minutes=OVERTIME * stage(stage_name).minutes):
        told.append(f"that is more than {OVERTIME} times its planned {stage(stage_name).minutes} minutes")
        command = f"bin/airflow tasks states-for-dag-run {stage_name} {evidence.runs[stage_name].run_id}"
    return StageAccount(
        HopState.RUNNING, f"{stage_name} is running for {evidence.business_date}", tuple(told), command
    )


def _not_started(evidence: Evidence, stage_name: str, scheduling: Scheduling) -> StageAccount:
    day = evidence.business_date
    paused = scheduling.is_paused(stage_name)
    start = f"bin/stage run {stage_name} {day}"
    told = []
    waits_for = stage(stage_name).waits_for
    for name in waits_for:
        run = evidence.runs.get(name)
        told.append(f"it waits for {name}: {'no run' if run is None else run.state}")
    if paused is None:
        told.append("Airflow does not answer: whether the DAG is paused cannot be seen")
    if paused:
        told.append("the DAG is paused")
        unpause = f"bin/airflow dags unpause {stage_name}"
        queued = scheduling.is_queued(stage_name, day.isoformat())
        command = unpause if queued else f"{unpause} && {start}"
        return StageAccount(
            HopState.STALE, f"{stage_name} is paused and has not run for {day}", tuple(told), command, False
        )
    return StageAccount(HopState.STALE, f"{stage_name} has not run for {day}", tuple(told), start, False)


def roots() -> tuple[str, ...]:
    """The stages that wait for nothing."""
    return tuple(each.name for each in NIGHT if not each.waits_for)


def first_held_back(accounts: Mapping[str, StageAccount]) -> StageAccount | None:
    """The worst of several stages: what failed before what never ran before what still runs."""
    held = [each for each in accounts.values() if each.state is not HopState.FRESH]
    return min(held, key=lambda each: (each.state is HopState.RUNNING, not each.has_run), default=None)
