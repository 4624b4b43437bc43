"""The night: its stages as a Gantt of plan against actual, when it will be done, what failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from lakehouse.night.plan import night_window
from lakehouse.observe.eta.store import NightEta, newest_eta
from lakehouse.observe.facts.nights import night
from lakehouse.observe.health_page.gantt import Estimate, Gantt, gantt
from lakehouse.observe.health_page.reading import Asked
from lakehouse.platform.database import LedgerMissingError, PostgresConnections

OLD: Final = timedelta(minutes=20)
"""An estimate is made every minute or so; an older one tells of another night than the one that is seen."""
_ERROR_LENGTH: Final = 2_000


@dataclass(frozen=True)
class Task:
    """One task of a stage's newest run."""

    stage: str
    run_id: str
    task: str
    """With its number, if it is mapped."""
    map_index: int
    task_id: str
    state: str
    attempts: int
    started_at: datetime
    seconds: float | None
    rows: int
    quarantined: int
    error: str | None


@dataclass(frozen=True)
class StageFigures:
    """What the receipt tells of a stage beside its times."""

    run_id: str | None
    attempts: int
    rows: int
    quarantined: int
    active: list[str]
    """Tasks that run now or wait for their next attempt."""
    failed: list[Task]


@dataclass(frozen=True)
class Tonight:
    """What the section shows."""

    state: str
    """success, failed, running, not_started, or late: nothing has started and it is past 01:00."""
    done: int
    stages: int
    started_at: datetime | None
    served_at: datetime | None
    """When the dashboards were warm."""
    due_at: datetime
    follows_clock: bool
    in_time: bool | None
    """Served by the planned end; None before that, or for a night started by hand."""
    estimate: Estimate | None
    chance_of_miss: float | None
    estimate_problem: str | None
    chart: Gantt
    figures: dict[str, StageFigures]
    tasks: list[Task]


def read(postgres: PostgresConnections, asked: Asked) -> Tonight:
    """The night of the asked date, by its receipt."""
    receipt = night(postgres, asked.night)
    try:
        eta = newest_eta(postgres, asked.night)
    except LedgerMissingError:  # the night itself is in the receipts all the same
        eta = None
    return shaped(receipt, asked, *estimate_of(eta, asked.now))


def estimate_of(eta: NightEta | None, now: datetime) -> tuple[Estimate | None, float | None, str | None]:
    """The estimate to show, the chance that the deadline is missed, and why there is no estimate."""
    if eta is None:
        return None, None, "the observer or the watch DAG makes one once the night runs."
    if now - eta.made_at > OLD:
        return (
            None,
            None,
            f"the newest is from {eta.made_at:%H:%M}: are the observer and the watch DAG running?",
        )
    if eta.p05 is None or eta.p50 is None or eta.p95 is None:
        return None, None, f"the night stands at {eta.at_work}."
    return Estimate(eta.p05, eta.p50, eta.p95, eta.stage_ends), eta.p_miss, None


def shaped(
    receipt: Mapping[str, Any],
    asked: Asked,
    estimate: Estimate | None = None,
    chance_of_miss: float | None = None,
    estimate_problem: str | None = None,
) -> Tonight:
    """The section's data from a receipt and an estimate."""
    chart = gantt(receipt, asked.night, asked.now, estimate)
    stages = receipt["stages"]
    due = night_window(asked.night)[1]
    last = chart.rows[-1]
    served = last.ended_at if last.state == "success" and receipt["state"] == "success" else None
    open_ = receipt["state"] == "running"
    tasks = [task for name, stage in stages.items() for task in _tasks(name, stage, asked.now)]
    return Tonight(
        state=_state(receipt, chart),
        done=sum(each["state"] == "success" for each in stages.values()),
        stages=len(stages),
        started_at=min((row.started_at for row in chart.rows if row.started_at), default=None),
        served_at=served,
        due_at=due,
        follows_clock=chart.follows_clock,
        in_time=(served <= due) if served and chart.follows_clock else None,
        estimate=estimate if open_ else None,
        chance_of_miss=chance_of_miss if open_ and chart.follows_clock else None,
        estimate_problem=estimate_problem if open_ else None,
        chart=chart,
        figures={name: _figures(name, stage, tasks) for name, stage in stages.items()},
        tasks=tasks,
    )


def _state(receipt: Mapping[str, Any], chart: Gantt) -> str:
    """A receipt calls a night `running` before it has started, too."""
    if receipt["state"] != "running" or any(row.started_at for row in chart.rows):
        return str(receipt["state"])
    return "late" if chart.rows[0].state == "late" else "not_started"


def _figures(name: str, stage: Mapping[str, Any], tasks: list[Task]) -> StageFigures:
    own = [each for each in tasks if each.stage == name]
    return StageFigures(
        run_id=stage.get("run_id"),
        attempts=int(stage.get("attempts") or 0),
        rows=int(stage.get("rows_out") or 0),
        quarantined=int(stage.get("rows_quarantined") or 0),
        active=[each.task for each in own if each.state in ("running", "up_for_retry")],
        failed=[each for each in own if each.state == "failed"],
    )


def _tasks(name: str, stage: Mapping[str, Any], now: datetime) -> Iterator[Task]:
    for each in stage.get("tasks", []):
        task_id, _, number = str(each["task"]).partition("[")
        started = datetime.fromisoformat(each["started_at"])
        ended = datetime.fromisoformat(each["ended_at"]) if each.get("ended_at") else None
        report = each.get("report") or {}
        error = each.get("error")
        yield Task(
            stage=name,
            run_id=str(stage["run_id"]),
            task=str(each["task"]),
            map_index=int(number.rstrip("]")) if number else -1,
            task_id=task_id,
            state=str(each["state"]),
            attempts=int(each["attempts"]),
            started_at=started,
            seconds=max(((ended or now) - started).total_seconds(), 0.0),
            rows=int(report.get("rows_out") or 0),
            quarantined=int(report.get("rows_quarantined") or 0),
            error=str(error)[:_ERROR_LENGTH] if error else None,
        )
