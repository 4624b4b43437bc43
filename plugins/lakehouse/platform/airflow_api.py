"""Airflow's public REST API (v2), as far as starting a night, following it and looking after it need it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from lakehouse.platform.airflow_http import (
    PAGE_SIZE,
    PATIENCE_SECONDS,
    AirflowApiConflictError,
    AirflowApiError,
    AirflowApiMissingError,
    AirflowHttp,
)
from lakehouse.platform.airflow_runs import (
    Backfill,
    PendingPartition,
    Run,
    Task,
    backfill_of,
    instant,
    pending_of,
    run_of,
    task_of,
)

__all__ = ["AirflowApi", "AirflowApiError", "Run", "Task"]

UNFINISHED: Final = ("queued", "running")
ACTIVE_TASKS: Final = (
    "scheduled",
    "queued",
    "running",
    "deferred",
    "restarting",
    "up_for_retry",
    "up_for_reschedule",
)
"""States of a task that somebody is going to do something about."""


NOTE_CHARACTERS: Final = 1000
"""The longest note on a run that Airflow 3.3.2 accepts."""


class AirflowApi:
    """One Airflow, signed in by name and password. Every call raises AirflowApiError if it fails."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        transport: httpx.BaseTransport | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self._http = AirflowHttp(url, user, password, transport, patience_seconds, on_wait)
        self.url = self._http.url

    def read(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer to `GET /api/v2/<path>`, for whoever only looks."""
        return self._http.call("GET", path, params=query)

    def read_all(self, path: str, field: str, query: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every item of a list, page by page; `field` is the answer's name for the items."""
        return self._http.listed(path, field, query)

    def paused_by_dag(self) -> dict[str, bool]:
        """For each DAG that Airflow has parsed, and whose file still yields it: is it paused?"""
        listed = self._http.listed("dags", "dags")
        return {dag["dag_id"]: dag["is_paused"] for dag in listed if not dag.get("is_stale")}

    def import_errors(self) -> list[str]:
        """One line per DAG file that cannot be imported."""
        return [
            f"{error['filename']}: {(error['stack_trace'].strip().splitlines() or ['no words'])[-1]}"
            for error in self._http.listed("importErrors", "import_errors")
        ]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG."""
        self._http.call("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def pause(self, dag_id: str) -> None:
        """Let the scheduler start no run of the DAG; one that runs goes on."""
        self._http.call("PATCH", f"dags/{dag_id}", json={"is_paused": True})

    def trigger(
        self,
        dag_id: str,
        partition_key: str | None = None,
        conf: Mapping[str, Any] | None = None,
        run_id: str | None = None,
    ) -> Run:
        """Start a run. It starts once, though Airflow may be asked several times.

        Args:
            dag_id: the DAG.
            partition_key: the run's, such as a business date.
            conf: values of the DAG's params.
            run_id: whoever asks for the same one gets the run that is there; by default one of its own.
        """
        body: dict[str, Any] = {"logical_date": None, "conf": dict(conf or {})}
        if partition_key is not None:
            body["partition_key"] = partition_key
        # As Airflow itself would name it, but known before the answer: the call may be sent again.
        body["dag_run_id"] = run_id or f"manual__{datetime.now(UTC).isoformat()}_{secrets.token_hex(4)}"
        try:
            return run_of(self._http.call("POST", f"dags/{dag_id}/dagRuns", repeatable=True, json=body))
        except AirflowApiConflictError:
            return self.run(dag_id, body["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> Run:
        """The run as it is now."""
        return run_of(self._http.call("GET", f"dags/{dag_id}/dagRuns/{run_id}"))

    def newest_run(self, dag_id: str, partition_key: str, created_since: datetime) -> Run | None:
        """The newest run of that partition key that was created since then."""
        query = {
            "partition_key_prefix_pattern": partition_key,
            "run_after_gte": created_since.isoformat(),
            "order_by": "-run_after",
        }
        for answer in self._http.listed(f"dags/{dag_id}/dagRuns", "dag_runs", query):
            if answer.get("partition_key") == partition_key:
                return run_of(answer)
        return None

    def runs_of_key(self, dag_id: str, partition_key: str) -> list[Run]:
        """All runs of the DAG for that partition key; none of a DAG that Airflow does not know."""
        runs = self._runs_of(dag_id, {"partition_key_prefix_pattern": partition_key})
        return [run for run in runs if run.partition_key == partition_key]

    def newest_of_type(self, dag_id: str, run_type: str) -> Run | None:
        """The run of that type (scheduled, manual, ...) with the latest date, if there is one."""
        runs = self._runs_of(dag_id, {"run_type": run_type, "order_by": "-run_after"}, at_most=1)
        return runs[0] if runs else None

    def oldest_run_since(self, dag_id: str, since: datetime) -> Run | None:
        """The first run of the DAG that is not older than that, if there is one."""
        query = {"run_after_gte": since.isoformat(), "order_by": "run_after"}
        runs = self._runs_of(dag_id, query, at_most=1)
        return runs[0] if runs else None

    def finished_before(self, dag_id: str, moment: datetime, at_most: int) -> list[Run]:
        """The oldest runs of the DAG that ended before then."""
        query = {"end_date_lt": moment.isoformat(), "order_by": "end_date"}
        return [run for run in self._runs_of(dag_id, query, at_most) if run.has_ended]

    def unfinished_runs(self, dag_ids: Collection[str]) -> list[Run]:
        """The queued and running runs of those DAGs."""
        body = {"dag_ids": sorted(dag_ids), "states": list(UNFINISHED)}
        return [run_of(answer) for answer in self._http.batched("dags/~/dagRuns/list", "dag_runs", body)]

    def runs_ended_since(self, dag_ids: Collection[str], since: datetime, at_most: int) -> list[Run]:
        """The runs of those DAGs that have ended since then, the newest first, no more than `at_most`."""
        body = {"dag_ids": sorted(dag_ids), "end_date_gte": since.isoformat(), "order_by": "-end_date"}
        listed = self._http.batched("dags/~/dagRuns/list", "dag_runs", body, at_most)
        return [run for run in map(run_of, listed) if run.has_ended]

    def tasks(self, run: Run) -> list[Task]:
        """The run's tasks."""
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        return [task_of(answer) for answer in self._http.listed(path, "task_instances")]

    def active_tasks(self, dag_ids: Collection[str]) -> list[Task]:
        """The tasks of those DAGs that run, or that somebody is going to run."""
        body = {"dag_ids": sorted(dag_ids), "state": list(ACTIVE_TASKS)}
        path = "dags/~/dagRuns/~/taskInstances/list"
        return [task_of(answer) for answer in self._http.batched(path, "task_instances", body)]

    def announcements(self, dag_id: str, since: datetime) -> dict[str, datetime]:
        """For each run of the DAG that has emitted an asset since then: when the last one was stored."""
        query = {"source_dag_id": dag_id, "timestamp_gte": since.isoformat(), "order_by": "timestamp"}
        listed = self._http.listed("assets/events", "asset_events", query)
        return {
            event["source_run_id"]: stored
            for event in listed
            if event.get("source_run_id") and (stored := instant(event["timestamp"])) is not None
        }

    def error_of(self, run: Run, task: Task) -> str | None:
        """The exception that ended the task's attempt `try_number`, on one line, from its log.

        None if the log has none, or if Airflow has no such attempt: it forgets some that were killed.
        """
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task.task_id}/logs/{task.try_number}"
        try:
            content = self._http.call("GET", path, params={"map_index": task.map_index}).get("content") or []
        except AirflowApiMissingError:
            return None
        details = [entry["error_detail"] for entry in content if entry.get("error_detail")]
        if not details:
            return None
        raised = details[-1][0]
        return f"{raised['exc_type']}: {' '.join(str(raised['exc_value']).split())}"

    def fail(self, run: Run, note: str) -> None:
        """Mark the run as failed, and say why on its page.

        Raises:
            AirflowApiMissingError: the run is gone, or the version of the DAG that it is pinned to.
        """
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}"
        self._http.call("PATCH", path, json={"state": "failed", "note": note})

    def annotate(self, dag_id: str, run_id: str, note: str) -> None:
        """Write the note on the run's page: Markdown, of which Airflow takes NOTE_CHARACTERS."""
        self._http.call("PATCH", f"dags/{dag_id}/dagRuns/{run_id}", json={"note": note})

    def clear_failed(self, run: Run) -> list[str]:
        """Have what failed in the run, and what did not start because of it, run again; the tasks' ids."""
        body = {"dag_run_id": run.run_id, "dry_run": False, "only_failed": True, "include_downstream": True}
        answer = self._http.call("POST", f"dags/{run.dag_id}/clearTaskInstances", json=body)
        return sorted({str(each["task_id"]) for each in answer["task_instances"]})

    def mark_done(self, run: Run, task_id: str, note: str) -> None:
        """Mark a task as successful, so that the run goes on without it; a task that runs is stopped."""
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task_id}"
        self._http.call("PATCH", path, json={"new_state": "success", "note": note})

    def last_tasks(self, dag_id: str) -> set[str]:
        """The tasks of the DAG that no other task of it waits for."""
        answer = self._http.call("GET", f"dags/{dag_id}/tasks")
        return {str(each["task_id"]) for each in answer["tasks"] if not each["downstream_task_ids"]}

    def delete(self, run: Run) -> None:
        """Remove the run; one that is gone already is fine."""
        try:
            self._http.call("DELETE", f"dags/{run.dag_id}/dagRuns/{run.run_id}")
        except AirflowApiMissingError:
            return

    def backfills(self, dag_id: str) -> list[Backfill]:
        """The DAG's backfills, the newest first."""
        query = {"dag_id": dag_id, "order_by": "-id"}
        return [backfill_of(answer) for answer in self._http.listed("backfills", "backfills", query)]

    def pending_partitions(self) -> Sequence[PendingPartition] | None:
        """The dates that Airflow holds assets for without a run; None from an Airflow that does not tell.

        Only Airflow's own pages are told this (`/ui/partitioned_dag_runs` in 3.3.2), so another version may
        not have it.
        """
        try:
            answer = self._http.call(
                "GET", "/ui/partitioned_dag_runs", params={"has_created_dag_run_id": False}
            )
            return [pending_of(each) for each in answer["partitioned_dag_runs"]]
        except (AirflowApiMissingError, KeyError):
            return None

    def scheduler_started_at(self) -> datetime | None:
        """When the youngest of the schedulers that are alive was started."""
        query = {"job_type": "SchedulerJob", "job_state": "running", "is_alive": True}
        # Airflow drops the dead ones after it has cut the page: the total it names counts them too.
        jobs = self._http.call("GET", "jobs", params={**query, "limit": PAGE_SIZE})["jobs"]
        starts = [start for job in jobs if (start := instant(job["start_date"])) is not None]
        return max(starts, default=None)

    def heartbeats(self) -> dict[str, datetime | None]:
        """When each of Airflow's components showed a sign of life last."""
        health = self._http.call("GET", "monitor/health")
        return {
            name: instant((health.get(name) or {}).get(f"latest_{name}_heartbeat"))
            for name in ("scheduler", "triggerer", "dag_processor")
        }

    def run_page(self, run: Run) -> str:
        """The run's page in the web UI."""
        return f"{self.url}/dags/{run.dag_id}/runs/{run.run_id}"

    def _runs_of(self, dag_id: str, query: Mapping[str, Any], at_most: int | None = None) -> list[Run]:
        try:
            listed = self._http.listed(f"dags/{dag_id}/dagRuns", "dag_runs", query, at_most)
        except AirflowApiMissingError:
            return []
        return [run_of(answer) for answer in listed]
