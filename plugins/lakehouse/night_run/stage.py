"""`python -m lakehouse.night_run.stage run|clear|skip STAGE DATE`: one stage of the night for one date.

`run` starts the stage, and the later stages follow. `clear` tries the failed tasks of its newest run again.
`skip` marks one task of that run as done, so that the night goes on without it: `bin/eta` says which may be
left out. On the embedded platform: `bin/stage`. Exit code: 0 done, 1 Airflow refused, 2 wrong arguments.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date

from lakehouse.night.business_date import BusinessDateError, parse_business_date
from lakehouse.night.plan import NIGHT
from lakehouse.platform.airflow_api import AirflowApi, AirflowApiError, Run


class StageCommandError(Exception):
    """The command cannot be carried out; the message says why and what to do instead."""


def run_stage(api: AirflowApi, stage: str, business_date: date, force_sync: bool = False) -> str:
    """Start the stage for the date."""
    run = api.trigger(stage, business_date.isoformat(), {"force_sync": True} if force_sync else None)
    started = f"{stage} is started for {business_date}: {api.run_page(run)}"
    if api.paused_by_dag().get(stage):
        return f"{started}\n{stage} is paused: it waits for `bin/airflow dags unpause {stage}`"
    return started


def clear_stage(api: AirflowApi, stage: str, business_date: date) -> str:
    """Have the failed tasks of the stage's newest run for the date tried again.

    Raises:
        StageCommandError: there is no run, or nothing in it has failed.
    """
    run = _newest_run(api, stage, business_date)
    tasks = api.clear_failed(run)
    if not tasks:
        raise StageCommandError(
            f"nothing has failed in the newest run of {stage} for {business_date} (it is {run.state}): "
            f"to run the stage again, bin/stage run {stage} {business_date}"
        )
    return f"cleared {', '.join(tasks)} of {stage} for {business_date}: {api.run_page(run)}"


def skip_task(api: AirflowApi, stage: str, business_date: date, task_id: str) -> str:
    """Mark a task of the stage's newest run for the date as done.

    Raises:
        StageCommandError: no run, no such task, it has ended, or the next stage waits for it.
    """
    run = _newest_run(api, stage, business_date)
    known = {task.task_id: task.state for task in api.tasks(run)}
    if task_id not in known:
        raise StageCommandError(f"{stage} has no task {task_id!r}; there are: {', '.join(sorted(known))}")
    if known[task_id] == "success":
        raise StageCommandError(f"{task_id} of {stage} for {business_date} is done already")
    if task_id in api.last_tasks(stage):
        # Airflow 3.3.2 emits no asset for a task that is marked: nothing behind it would ever start.
        raise StageCommandError(f"{task_id} cannot be left out: its success is what starts the next stage")
    api.mark_done(run, task_id, "left out by hand, so that the dashboards are warm in time")
    return f"{task_id} of {stage} is left out for {business_date}: {api.run_page(run)}"


def _newest_run(api: AirflowApi, stage: str, business_date: date) -> Run:
    runs = api.runs_of_key(stage, business_date.isoformat())
    if not runs:
        raise StageCommandError(
            f"{stage} has no run for {business_date}: start it with bin/stage run {stage} {business_date}"
        )
    return max(runs, key=lambda run: run.created_at)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command."""
    options = _parser().parse_args(arguments)
    try:
        night = parse_business_date(options.date)
        url, user, password = (
            os.environ[name] for name in ("AIRFLOW_URL", "AIRFLOW_USER", "AIRFLOW_PASSWORD")
        )
    except BusinessDateError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyError as error:
        print(f"not set: {error} (on the embedded platform: `make env`)", file=sys.stderr)
        return 2
    api = AirflowApi(url, user, password)
    commands: dict[str, Callable[[], str]] = {
        "run": lambda: run_stage(api, options.stage, night, options.force_sync),
        "clear": lambda: clear_stage(api, options.stage, night),
        "skip": lambda: skip_task(api, options.stage, night, options.task),
    }
    try:
        print(commands[options.command]())
    except (AirflowApiError, StageCommandError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lakehouse.night_run.stage",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, does in (
        ("run", "start the stage for the date"),
        ("clear", "have its failed tasks tried again"),
        ("skip", "mark one of its tasks as done"),
    ):
        command = commands.add_parser(name, help=does)
        command.add_argument("stage", choices=[stage.name for stage in NIGHT], metavar="STAGE")
        command.add_argument("date", metavar="DATE", help="the business date, YYYY-MM-DD")
        if name == "skip":
            command.add_argument("task", metavar="TASK", help="the task's id")
        if name == "run":
            command.add_argument("--force-sync", action="store_true", help="ask the sources again")
    return parser


if __name__ == "__main__":
    sys.exit(main())
