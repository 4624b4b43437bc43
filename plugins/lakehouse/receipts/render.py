"""From the records of a date to its receipt: what every stage did, as one JSON document."""

from __future__ import annotations

import json
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from lakehouse.platform.repository import REPOSITORY
from lakehouse.receipts.report import ExternalJob
from lakehouse.receipts.stages import PlannedStage
from lakehouse.receipts.store import TaskRecord

_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_SUMMED: Final = ("rows_in", "rows_out", "rows_quarantined", "bytes")


def receipts_folder() -> Path:
    """`LAKEHOUSE_RECEIPTS_DIR`, by default `.local/receipts` of the checkout."""
    return Path(os.environ.get("LAKEHOUSE_RECEIPTS_DIR") or REPOSITORY / ".local" / "receipts")


def write_receipt(plan: Sequence[PlannedStage], night: date, records: Sequence[TaskRecord]) -> Path:
    """Write `<date>.json` so that a reader sees the old receipt or the new one, never half of one."""
    folder = receipts_folder()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{night}.json"
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=f".{night}.", delete=False) as draft:
        json.dump(receipt(plan, night, records), draft, indent=2, default=str)
        draft.write("\n")
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(target)
    return target


def receipt(plan: Sequence[PlannedStage], night: date, records: Iterable[TaskRecord]) -> dict[str, Any]:
    """The receipt of a date: its state, and the stages by name in the plan's order.

    A stage shows its newest run, unless a stage it waits for has been started again since: then what it
    did belongs to an older night and the stage is `not_started`.
    """
    newest = _newest_runs(records)
    stages: dict[str, dict[str, Any]] = {}
    started: dict[str, datetime] = {}
    for planned in plan:
        tasks = newest.get(planned.name, [])
        first_start = min((task.started_at for task in tasks), default=None)
        stages[planned.name] = _plan_of(planned) | {"state": "not_started"}
        waited_for = [name for name in planned.waits_for if name in newest]
        if first_start is not None and all(started.get(name, _NEVER) <= first_start for name in waited_for):
            started[planned.name] = first_start
            stages[planned.name] |= _actual(first_start, tasks)
    return {"business_date": night.isoformat(), "state": _night_state(stages), "stages": stages}


def _newest_runs(records: Iterable[TaskRecord]) -> dict[str, list[TaskRecord]]:
    runs: defaultdict[str, defaultdict[str, list[TaskRecord]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        runs[record.stage][record.run_id].append(record)
    return {
        name: max(by_run.values(), key=lambda tasks: min(task.started_at for task in tasks))
        for name, by_run in runs.items()
    }


def _plan_of(planned: PlannedStage) -> dict[str, Any]:
    return {
        "section": planned.section,
        "title": planned.title,
        "planned_start": planned.start.isoformat("minutes"),
        "planned_minutes": planned.minutes,
    }


def _actual(started_at: datetime, tasks: Sequence[TaskRecord]) -> dict[str, Any]:
    state = stage_state(tasks)
    ended = (
        max((task.ended_at for task in tasks if task.ended_at), default=None) if state != "running" else None
    )
    reports: list[dict[str, Any]] = [dict(task.report) for task in tasks if task.report]
    jobs: list[ExternalJob] = [job for report in reports for job in report.get("external_jobs", [])]
    return {
        "state": state,
        "run_id": tasks[0].run_id,
        "started_at": started_at.isoformat(),
        "ended_at": ended.isoformat() if ended else None,
        "seconds": round((ended - started_at).total_seconds(), 1) if ended else None,
        "attempts": max(task.attempts for task in tasks),
        **{figure: sum(int(report.get(figure) or 0) for report in reports) for figure in _SUMMED},
        "external_jobs": jobs,
        "tasks": [_task(task) for task in tasks],
    }


def _task(task: TaskRecord) -> dict[str, Any]:
    return {
        "task": task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]",
        "state": task.state,
        "attempts": task.attempts,
        "started_at": task.started_at.isoformat(),
        "ended_at": task.ended_at.isoformat() if task.ended_at else None,
        "report": task.report,
        "error": task.error,
        "log": task.log,
    }


def stage_state(tasks: Sequence[TaskRecord]) -> str:
    """failed if a task failed, success once the task that emits the stage's asset succeeded, else running."""
    if any(task.state == "failed" for task in tasks):
        return "failed"
    return "success" if any(task.emits_asset and task.state == "success" for task in tasks) else "running"


def _night_state(stages: Mapping[str, Mapping[str, Any]]) -> str:
    states = {each["state"] for each in stages.values()}
    if "failed" in states:
        return "failed"
    return "success" if states == {"success"} else "running"
