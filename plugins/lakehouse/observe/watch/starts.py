"""A stage whose inputs are there for a date and that does not start, or that started before they were."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from lakehouse.night.business_date import business_date_or_none
from lakehouse.night.plan import NIGHT, Stage
from lakehouse.night.starting import STARTED_BY_HAND, has_seen, start_id
from lakehouse.observe.incidents.finding import Finding, Severity
from lakehouse.observe.watch.seen import Seen
from lakehouse.observe.watch.trouble import Start, Trouble
from lakehouse.platform.airflow_runs import Run

PATIENCE: Final = timedelta(minutes=2)
"""How long the scheduler may take to start a stage; it needs seconds."""
LONG_PATIENCE: Final = timedelta(minutes=15)
"""The same, if Airflow says that it is about to, or does not say what it holds."""


@dataclass(frozen=True)
class Suspect:
    """A stage that may have missed its start for a date."""

    stage: Stage
    partition_key: str


@dataclass(frozen=True)
class Case:
    """Everything there is to know of a suspect: all runs of the date, whenever they were."""

    suspect: Suspect
    inputs: Mapping[str, tuple[Run, ...]]
    """The runs of the stages it waits for, by stage."""
    own: tuple[Run, ...]
    announced: Mapping[str, datetime] = field(default_factory=dict)
    """By stage it waits for: when the newest run announced its asset."""


def suspects(seen: Seen) -> list[Suspect]:
    """Stages and dates for which the look does not show a start after the inputs' announcement.

    It costs no further question; what it lets pass has started.
    """
    found = []
    for stage in NIGHT:
        if not stage.waits_for or not seen.knows(stage.name):
            continue
        for key in _keys_with_input(seen, stage):
            known = {name: newest_that_ran(seen.runs(name, key)) for name in stage.waits_for}
            if any(run is not None and run.state != "success" for run in known.values()):
                continue
            inputs = [run for run in known.values() if run is not None]
            if not any(_surely_seen(stage, run, inputs, seen) for run in seen.runs(stage.name, key)):
                found.append(Suspect(stage, key))
    return found


def newest_that_ran(runs: Iterable[Run]) -> Run | None:
    """The newest run of a date, but for those that failed before they started: cancelled in the queue."""
    return max(
        (run for run in runs if not (run.state == "failed" and run.started_at is None)),
        key=lambda run: run.moment,
        default=None,
    )


def judge(case: Case, seen: Seen) -> Trouble | None:
    """What is wrong with the suspect, and the start that repairs it; None if nothing is, or not yet."""
    stage, key = case.suspect.stage, case.suspect.partition_key
    newest = [newest_that_ran(case.inputs.get(name, ())) for name in stage.waits_for]
    if any(run is None or run.state != "success" for run in newest):
        return None
    announced = max(case.announced[name] for name in stage.waits_for)
    if any(has_seen(run, announced) for run in case.own):
        return None
    if seen.since(announced) < _patience(case, seen):
        return None
    early = [run for run in case.own if run.moment >= min(case.announced.values())]
    inputs = " and ".join(stage.waits_for)
    if early:
        kind = "started_too_early"
        summary = f"{stage.name} of {key} started before both {inputs} had announced their data"
        error = (
            f"{early[-1].run_id} started at {early[-1].moment:%Y-%m-%d %H:%M:%S}, "
            f"the last input was announced at {announced:%Y-%m-%d %H:%M:%S} UTC"
        )
    else:
        kind = "start_lost"
        summary = f"{stage.name} of {key} did not start although {inputs} had succeeded"
        error = f"announced at {announced:%Y-%m-%d %H:%M:%S} UTC, no run since"
    run_id = start_id(key, announced)
    finding = Finding(
        kind=kind,
        root=stage.name,
        business_date=business_date_or_none(key, today=seen.now.date()),
        severity=Severity.WARN,
        summary=summary,
        error=error,
        command=f"bin/stage run {stage.name} {key}",
        evidence={"inputs": {run.dag_id: run.run_id for run in newest if run is not None}},
        event_id=f"{stage.name}/{run_id}",
    )
    return Trouble(finding, Start(stage.name, key, run_id))


def repaired(seen: Seen) -> list[tuple[Finding, str]]:
    """Starts that were repaired, and what repaired each: by `make night`, or by a round that could not tell.

    Their event tells whether they are told already.
    """
    return [
        (
            Finding(
                kind="start_lost",
                root=run.dag_id,
                business_date=seen.date_of(run),
                severity=Severity.WARN,
                summary=f"{run.dag_id} of {run.partition_key} had to be started: Airflow had not",
                error=f"created at {run.created_at:%Y-%m-%d %H:%M:%S} UTC",
                evidence={"run_id": run.run_id},
                event_id=f"{run.dag_id}/{run.run_id}",
            ),
            f"run {run.run_id}",
        )
        for run in (*seen.unfinished, *seen.ended)
        if run.run_id.startswith(STARTED_BY_HAND)
    ]


def _keys_with_input(seen: Seen, stage: Stage) -> list[str]:
    return sorted(
        {
            run.partition_key
            for run in seen.ended
            if run.dag_id in stage.waits_for
            and run.state == "success"
            and run.partition_key
            and seen.date_of(run)
        }
    )


def _surely_seen(stage: Stage, run: Run, inputs: list[Run], seen: Seen) -> bool:
    if len(stage.waits_for) == 1 and run.run_type == "asset_triggered":
        # Its one asset is all that starts the stage: a run since the input's start is that input's.
        return has_seen(run, inputs[0].moment)
    ready = max(
        seen.announced.get((each.dag_id, each.run_id)) or each.ended_at or each.moment for each in inputs
    )
    return has_seen(run, ready)


def _patience(case: Case, seen: Seen) -> timedelta:
    """Longer while Airflow may still start it itself: a scheduler that is behind must not be overtaken."""
    if seen.pending is None:
        return LONG_PATIENCE
    complete = any(
        each.received >= each.required
        for each in seen.pending
        if (each.dag_id, each.partition_key) == (case.suspect.stage.name, case.suspect.partition_key)
    )
    return LONG_PATIENCE if complete else PATIENCE
