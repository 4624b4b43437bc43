"""Airflow's public REST API (v2), as far as starting a night and following it needs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx

HTTP_TIMEOUT_SECONDS: Final = 30.0
PATIENCE_SECONDS: Final = 60.0
"""How long a call is repeated while Airflow does not answer: a busy API server, a restart."""
PAGE_SIZE: Final = 100


class AirflowApiError(Exception):
    """Airflow did not answer, or refused; the message names the call and what was said."""


@dataclass(frozen=True)
class Run:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    """queued, running, success or failed."""
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def has_ended(self) -> bool:
        return self.state in ("success", "failed")


@dataclass(frozen=True)
class Task:
    """One task of a run. Times are those of the newest attempt."""

    task_id: str
    state: str | None
    try_number: int
    max_tries: int
    map_index: int
    started_at: datetime | None


class AirflowApi:
    """One Airflow, signed in by name and password."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        transport: httpx.BaseTransport | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": user, "password": password}
        self._http = httpx.Client(base_url=self.url, timeout=HTTP_TIMEOUT_SECONDS, transport=transport)
        self._token: str | None = None
        self._patience_seconds = patience_seconds

    def read(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer to `GET /api/v2/<path>`, for whoever only looks."""
        return self._call("GET", path, params=query)

    def read_all(self, path: str, field: str, query: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every item of a list, page by page; `field` is the answer's name for the items."""
        return self._listed(path, field, query)

    def paused_by_dag(self) -> dict[str, bool]:
        """For each DAG that Airflow has parsed, and whose file still yields it: is it paused?"""
        listed = self._listed("dags", "dags")
        return {dag["dag_id"]: dag["is_paused"] for dag in listed if not dag.get("is_stale")}

    def import_errors(self) -> list[str]:
        """One line per DAG file that cannot be imported."""
        return [
            f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}"
            for error in self._listed("importErrors", "import_errors")
        ]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run the DAG."""
        self._call("PATCH", f"dags/{dag_id}", json={"is_paused": False})

    def trigger(
        self, dag_id: str, partition_key: str | None = None, conf: Mapping[str, Any] | None = None
    ) -> Run:
        """Start a run."""
        body: dict[str, Any] = {"logical_date": None, "conf": dict(conf or {})}
        if partition_key is not None:
            body["partition_key"] = partition_key
        return _run(self._call("POST", f"dags/{dag_id}/dagRuns", json=body))

    def run(self, dag_id: str, run_id: str) -> Run:
        """The run as it is now."""
        return _run(self._call("GET", f"dags/{dag_id}/dagRuns/{run_id}"))

    def newest_run(self, dag_id: str, partition_key: str, created_since: datetime) -> Run | None:
        """The newest run of that partition key that was created since then."""
        query = {
            "partition_key_prefix_pattern": partition_key,
            "run_after_gte": created_since.isoformat(),
            "order_by": "-run_after",
        }
        for answer in self._listed(f"dags/{dag_id}/dagRuns", "dag_runs", query):
            if answer.get("partition_key") == partition_key:
                return _run(answer)
        return None

    def tasks(self, run: Run) -> list[Task]:
        """The run's tasks."""
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        return [
            Task(
                task_id=answer["task_id"],
                state=answer["state"],
                try_number=answer["try_number"],
                max_tries=answer["max_tries"],
                map_index=answer.get("map_index", -1),
                started_at=_instant(answer["start_date"]),
            )
            for answer in self._listed(path, "task_instances")
        ]

    def error_of(self, run: Run, task: Task) -> str | None:
        """The exception that ended the task's newest attempt, on one line, from its log."""
        path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{task.task_id}/logs/{task.try_number}"
        entries = self._call("GET", path, params={"map_index": task.map_index}).get("content") or []
        details = [entry["error_detail"] for entry in entries if entry.get("error_detail")]
        if not details:
            return None
        raised = details[-1][0]
        return f"{raised['exc_type']}: {' '.join(str(raised['exc_value']).split())}"

    def run_page(self, run: Run) -> str:
        """The run's page in the web UI."""
        return f"{self.url}/dags/{run.dag_id}/runs/{run.run_id}"

    def _listed(self, path: str, field: str, query: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        while True:
            page = self._call("GET", path, params={**(query or {}), "limit": PAGE_SIZE, "offset": len(items)})
            items += page[field]
            if not page[field] or len(items) >= page["total_entries"]:
                return items

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        until = time.monotonic() + self._patience_seconds
        while True:
            try:
                return self._once(method, path, **arguments)
            except httpx.TransportError as error:
                # A POST may have been carried out before the connection broke: starting twice is worse.
                if method == "POST" and not isinstance(error, httpx.ConnectError):
                    raise AirflowApiError(
                        f"Airflow at {self.url} broke off {method} {path}: {error}"
                    ) from error
                if time.monotonic() >= until:
                    raise AirflowApiError(f"Airflow at {self.url} does not answer: {error}") from error
                time.sleep(1)

    def _once(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        answer = self._authorised(method, path, **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # the token has run out: a night may be long
            self._token = None
            answer = self._authorised(method, path, **arguments)
        _raise_for_refusal(answer)
        return dict(answer.json()) if answer.content else {}

    def _authorised(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        if self._token is None:
            granted = self._http.post("/auth/token", json=self._credentials)
            _raise_for_refusal(granted)
            self._token = str(granted.json()["access_token"])
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._http.request(method, f"/api/v2/{path}", headers=headers, **arguments)


def _raise_for_refusal(answer: httpx.Response) -> None:
    if answer.status_code < 400:
        return
    words = " ".join(answer.text.split())[:400]
    raise AirflowApiError(
        f"Airflow answered {answer.status_code} to {answer.request.method} {answer.request.url.path}: {words}"
    )


def _run(answer: Mapping[str, Any]) -> Run:
    created = _instant(answer["run_after"])
    if created is None:
        raise AirflowApiError(f"Airflow names no creation time for run {answer['dag_run_id']}")
    return Run(
        dag_id=answer["dag_id"],
        run_id=answer["dag_run_id"],
        state=answer["state"],
        created_at=created,
        started_at=_instant(answer["start_date"]),
        ended_at=_instant(answer["end_date"]),
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
