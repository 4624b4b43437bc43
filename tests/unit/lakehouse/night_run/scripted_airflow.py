"""An Airflow whose runs and tasks a test writes down, and a night that is followed over it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lakehouse.night_run.follow import NightFollower, SignsOfLife
from lakehouse.platform.airflow_api import Run, Task

DAY = date(2025, 10, 16)


def run_of(dag_id: str, state: str = "success", ago: float = 10, run_id: str = "new") -> Run:
    started = datetime.now(UTC) - timedelta(seconds=ago)
    ended = started + timedelta(seconds=2) if state in ("success", "failed") else None
    return Run(dag_id, run_id, state, started, started, ended)


class ScriptedAirflow:
    """Runs by DAG; a DAG that is not in it has no run."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.task_states: dict[str, list[Task]] = {}
        self.older: dict[str, list[Run]] = {}
        self.paused: set[str] = set()
        self.triggered: list[str] = []
        self.confs: list[dict[str, Any]] = []
        """Of the triggered runs."""
        self.notes: list[str] = []
        self.errors: dict[tuple[str, int], str] = {}
        """By task and attempt; an attempt that is not in it died without a word."""
        self.logs_read: list[tuple[str, int]] = []

    def add(self, *runs: Run) -> None:
        self.runs.update({run.dag_id: run for run in runs})

    def run(self, dag_id: str, run_id: str) -> Run:
        return self.runs[dag_id]

    def newest_run(self, dag_id: str, partition_key: str, created_since: datetime) -> Run | None:
        assert partition_key == "2025-10-16"
        run = self.runs.get(dag_id)
        return run if run and run.created_at >= created_since else None

    def tasks(self, run: Run) -> list[Task]:
        default = [Task("announce", "success", 1, 3, -1, run.started_at)]
        return self.task_states.get(run.dag_id, default)

    def trigger(
        self,
        dag_id: str,
        partition_key: str | None = None,
        conf: Mapping[str, Any] | None = None,
        run_id: str | None = None,
    ) -> Run:
        self.triggered.append(dag_id)
        self.confs.append(dict(conf or {}))
        self.runs[dag_id] = run_of(dag_id, "queued", ago=0, run_id=run_id or "manual__by_airflow")
        return self.runs[dag_id]

    def runs_of_key(self, dag_id: str, partition_key: str) -> list[Run]:
        assert partition_key == "2025-10-16"
        return [*self.older.get(dag_id, []), *([self.runs[dag_id]] if dag_id in self.runs else [])]

    def paused_by_dag(self) -> dict[str, bool]:
        return dict.fromkeys(self.paused, True)

    def annotate(self, dag_id: str, run_id: str, note: str) -> None:
        self.notes.append(note)

    def run_page(self, run: Run) -> str:
        return f"http://airflow/{run.dag_id}"

    def error_of(self, run: Run, task: Task) -> str | None:
        self.logs_read.append((task.task_id, task.try_number))
        return self.errors.get((task.task_id, task.try_number))


def following(airflow: ScriptedAirflow, ago: float = 60, life: SignsOfLife | None = None) -> NightFollower:
    extracts = {name: run_of(name, "queued", ago) for name in ("extract_postgres", "extract_apis")}
    for name, run in extracts.items():
        airflow.runs.setdefault(name, run)
    return NightFollower(airflow, DAY, extracts, life)
