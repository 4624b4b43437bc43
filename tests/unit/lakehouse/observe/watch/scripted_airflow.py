"""An Airflow of plain lists, which answers what a look asks and remembers what a repair does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lakehouse.night.plan import NIGHT
from lakehouse.platform.airflow_http import AirflowApiMissingError
from lakehouse.platform.airflow_runs import Backfill, PendingPartition, Run, Task

NOW = datetime(2025, 10, 17, 12, 0, tzinfo=UTC)
KEY = "2025-10-16"


def ago(minutes: float, now: datetime = NOW) -> datetime:
    return now - timedelta(minutes=minutes)


def ran(
    dag_id: str,
    started: float | None,
    ended: float | None = None,
    state: str = "success",
    key: str | None = KEY,
    run_type: str = "asset_triggered",
    run_id: str = "",
    queued: float | None = None,
) -> Run:
    """A run; the figures are minutes before NOW."""
    at = ago(started) if started is not None else None
    created = ago(queued) if queued is not None else (at or NOW)
    return Run(
        dag_id=dag_id,
        run_id=run_id or f"{run_type}__{dag_id}__{started}",
        state=state,
        created_at=created,
        started_at=at,
        ended_at=ago(ended) if ended is not None else None,
        partition_key=key,
        run_type=run_type,
        queued_at=created,
    )


class ScriptedAirflow:
    """Runs, tasks and the rest as lists; starting a run adds it, as Airflow does, once for an id."""

    def __init__(self, *runs: Run) -> None:
        self.runs = list(runs)
        self.task_starts: dict[str, datetime] = {}
        """By run: when its last task started; by default when the run ended."""
        self.paused: dict[str, bool] = {stage.name: False for stage in NIGHT}
        self.errors: list[str] = []
        self.pending: list[PendingPartition] | None = []
        self.active: list[Task] = []
        self.known_backfills: list[Backfill] = []
        self.alive_since: datetime | None = ago(60 * 24)
        self.beats: dict[str, datetime | None] = {}
        self.vanished: set[str] = set()
        """Runs whose version of the DAG is gone."""
        self.started: list[str] = []
        self.failed: list[str] = []
        self.deleted: list[str] = []

    def paused_by_dag(self) -> dict[str, bool]:
        return self.paused

    def import_errors(self) -> list[str]:
        return self.errors

    def unfinished_runs(self, dag_ids: Sequence[str]) -> list[Run]:
        return [run for run in self.runs if run.dag_id in dag_ids and not run.has_ended]

    def runs_ended_since(self, dag_ids: Sequence[str], since: datetime, at_most: int) -> list[Run]:
        ended = [run for run in self.runs if run.dag_id in dag_ids and run.has_ended]
        return [run for run in ended if run.ended_at is not None and run.ended_at >= since][:at_most]

    def announcements(self, dag_id: str, since: datetime) -> dict[str, datetime]:
        return {
            run.run_id: self._last_task(run)
            for run in self.runs
            if run.dag_id == dag_id and run.state == "success" and self._last_task(run) >= since
        }

    def pending_partitions(self) -> Sequence[PendingPartition] | None:
        return self.pending

    def active_tasks(self, dag_ids: Sequence[str]) -> list[Task]:
        return [task for task in self.active if task.dag_id in dag_ids]

    def backfills(self, dag_id: str) -> list[Backfill]:
        return self.known_backfills

    def scheduler_started_at(self) -> datetime | None:
        return self.alive_since

    def heartbeats(self) -> dict[str, datetime | None]:
        return self.beats

    def newest_of_type(self, dag_id: str, run_type: str) -> Run | None:
        runs = [run for run in self.runs if (run.dag_id, run.run_type) == (dag_id, run_type)]
        return max(runs, key=lambda run: run.created_at, default=None)

    def oldest_run_since(self, dag_id: str, since: datetime) -> Run | None:
        runs = [run for run in self.runs if run.dag_id == dag_id and run.created_at >= since]
        return min(runs, key=lambda run: run.created_at, default=None)

    def runs_of_key(self, dag_id: str, partition_key: str) -> list[Run]:
        return [run for run in self.runs if (run.dag_id, run.partition_key) == (dag_id, partition_key)]

    def tasks(self, run: Run) -> list[Task]:
        return [Task("announce", "success", 1, 3, -1, self._last_task(run))]

    def trigger(self, dag_id: str, partition_key: str | None = None, *, run_id: str | None = None) -> Run:
        for run in self.runs:
            if (run.dag_id, run.run_id) == (dag_id, run_id):
                return run
        self.started.append(f"{dag_id} {partition_key}")
        self.runs.append(
            Run(dag_id, str(run_id), "queued", NOW, None, None, partition_key, "manual", queued_at=NOW)
        )
        return self.runs[-1]

    def fail(self, run: Run, note: str) -> None:
        assert note
        if run.run_id in self.vanished:
            raise AirflowApiMissingError("Airflow answered 404")
        self.failed.append(run.run_id)
        self.runs = [replace(each, state="failed") if each == run else each for each in self.runs]

    def delete(self, run: Run) -> None:
        self.deleted.append(run.run_id)
        self.runs = [each for each in self.runs if each != run]

    def _last_task(self, run: Run) -> datetime:
        return self.task_starts.get(run.run_id) or run.ended_at or run.moment
