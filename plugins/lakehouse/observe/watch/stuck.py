"""Runs and tasks that nobody is going to do anything about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from lakehouse.night.dag_defaults import TASK_TIMEOUT
from lakehouse.night.starting import start_id
from lakehouse.observe.incidents.failure import FailedTask
from lakehouse.observe.incidents.finding import Finding, Severity
from lakehouse.observe.watch.seen import Seen
from lakehouse.observe.watch.trouble import Fail, Start, Trouble
from lakehouse.platform.airflow_runs import Backfill, Run, Task

STRANDED_PATIENCE: Final = timedelta(minutes=2)
"""A backfill that is being cancelled ends its queued runs itself, in a second transaction."""
QUEUE_PATIENCE: Final = timedelta(minutes=15)
"""How long a run may stay queued though its DAG is free, or a task in an executor's queue. Airflow itself
gives up on a queued task after `[scheduler] task_queued_timeout`, 10 minutes."""
IDLE_PATIENCE: Final = timedelta(minutes=15)
"""How long a run may be running without a task that anybody is going to run."""
TASK_PATIENCE: Final = TASK_TIMEOUT + timedelta(minutes=15)
"""How long a task may wait for a slot of its pool, or be deferred. Its own deadline is TASK_TIMEOUT."""


def is_stranded(run: Run, backfills: Iterable[Backfill]) -> bool:
    """Whether the run was queued by a backfill that is over and paused: Airflow never starts it.

    A run does not tell its backfill, so every backfill that covers its date is looked at: one that is still
    going on may be the run's.
    """
    covering = [each for each in backfills if each.first.date() <= run.created_at.date() <= each.last.date()]
    return (
        run.run_type == "backfill"
        and run.state == "queued"
        and bool(covering)
        and all(each.is_over_and_paused for each in covering)
    )


def stranded_runs(seen: Seen) -> list[Trouble]:
    """Queued runs of cancelled backfills (apache/airflow#72337): they are marked as failed."""
    return [
        Trouble(
            Finding(
                kind="stranded",
                root=run.dag_id,
                business_date=seen.date_of(run),
                severity=Severity.WARN,
                summary=f"{run.dag_id} of {run.partition_key} was left in the queue by a cancelled backfill",
                error=f"run {run.run_id} has been queued since {run.moment:%Y-%m-%d %H:%M:%S} UTC",
                command=_backfill_command(run),
                evidence={"run_id": run.run_id},
                event_id=_end_of(run),
            ),
            Fail(run),
        )
        for run in seen.unfinished
        if is_stranded(run, seen.backfills.get(run.dag_id, ()))
        and seen.since(run.queued_at or run.moment) >= STRANDED_PATIENCE
    ]


def runs_stuck_in_the_queue(seen: Seen) -> list[Trouble]:
    """Queued runs that nothing holds back: the version of the DAG that they are pinned to may have vanished.

    Airflow passes over such a run without a word (apache/airflow#70056). It never started, so it is marked as
    failed, and a run of the newest version takes its place.
    """
    busy = {run.dag_id for run in seen.unfinished if run.state == "running"}
    # Airflow starts them one after the other: only the first in the queue can be stuck.
    first: dict[str, Run] = {}
    for run in sorted(seen.unfinished, key=lambda run: run.created_at):
        if run.state == "queued" and run.run_type != "backfill" and run.created_at <= seen.now:
            first.setdefault(run.dag_id, run)
    found = []
    for run in first.values():
        queued_at = run.queued_at or run.created_at
        if run.dag_id in busy or not seen.knows(run.dag_id) or seen.since(queued_at) < QUEUE_PATIENCE:
            continue
        finding = Finding(
            kind="stuck_in_queue",
            root=run.dag_id,
            business_date=seen.date_of(run),
            severity=Severity.WARN,
            summary=f"{run.dag_id} of {run.partition_key} stayed in the queue though nothing held it back",
            error=f"run {run.run_id} has been queued since {queued_at:%Y-%m-%d %H:%M:%S} UTC",
            command=f"bin/stage run {run.dag_id} {run.partition_key}",
            evidence={"run_id": run.run_id},
            event_id=_end_of(run),
        )
        again = None
        if run.partition_key and seen.date_of(run):
            again = Start(run.dag_id, run.partition_key, start_id(run.partition_key, queued_at))
        found.append(Trouble(finding, Fail(run, then=again)))
    return found


def idle_runs(seen: Seen) -> list[Trouble]:
    """Runs that are running without a task that anybody is going to run: told, not touched."""
    active = {(task.dag_id, task.run_id) for task in seen.tasks}
    return [
        Trouble(
            Finding(
                kind="stuck",
                root=run.dag_id,
                business_date=seen.date_of(run),
                severity=Severity.PAGE,
                summary=f"{run.dag_id} of {run.partition_key} is running, but none of its tasks is",
                error=f"run {run.run_id} has been running since {run.moment:%Y-%m-%d %H:%M:%S} UTC",
                command=_clear_command(run),
                evidence={"run_id": run.run_id},
            )
        )
        for run in seen.unfinished
        if run.state == "running"
        and seen.knows(run.dag_id)
        and (run.dag_id, run.run_id) not in active
        and seen.since(run.moment) >= IDLE_PATIENCE
    ]


def waiting_tasks(seen: Seen) -> list[Trouble]:
    """Tasks that wait longer than they may, one finding for each run: told, not touched."""
    by_run: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in seen.tasks:
        patience = QUEUE_PATIENCE if task.state == "queued" else TASK_PATIENCE
        waits = task.waits_since is not None and seen.since(task.waits_since) >= patience
        if task.state in ("scheduled", "queued", "deferred") and waits and seen.knows(task.dag_id):
            by_run[task.dag_id, task.run_id].append(task)
    runs = {(run.dag_id, run.run_id): run for run in seen.unfinished}
    return [
        Trouble(
            Finding(
                kind="stuck",
                root=dag_id,
                business_date=seen.date_of(runs[dag_id, run_id]),
                severity=Severity.PAGE,
                summary=f"{dag_id} of {runs[dag_id, run_id].partition_key}: {_waiting(tasks)}",
                error="; ".join(
                    f"{task.task_id} is {task.state} since {task.waits_since:%Y-%m-%d %H:%M:%S} UTC"
                    f" (pool {task.pool})"
                    for task in tasks
                ),
                command=_clear_command(runs[dag_id, run_id]),
                evidence={"run_id": run_id, "tasks": [task.task_id for task in tasks]},
            )
        )
        for (dag_id, run_id), tasks in sorted(by_run.items())
        if (dag_id, run_id) in runs
    ]


def _waiting(tasks: list[Task]) -> str:
    states = sorted({str(task.state) for task in tasks})
    return f"{len(tasks)} of its tasks stay {' and '.join(states)}"


def _backfill_command(run: Run) -> str:
    day = run.partition_key
    return (
        f"bin/airflow backfill create --dag-id {run.dag_id} --from-date {day} --to-date {day}"
        " --reprocess-behavior failed"
    )


def _clear_command(run: Run) -> str:
    return f"bin/airflow dags clear {run.dag_id} --run-id '{run.run_id}' --yes"


def _end_of(run: Run) -> str:
    """The event that Airflow's listener is told when the run is marked as failed: it is told only once."""
    return FailedTask(
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_id="the run",
        map_index=-1,
        try_number=0,
        partition_key=run.partition_key,
        run_type=run.run_type,
        queued_at=run.queued_at or run.created_at,
        error=None,
    ).event_id
