"""bin/stage asks Airflow for one thing, says what came of it, and refuses what cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from lakehouse.night.business_date import parse_business_date
from lakehouse.night_run import stage as stage_command
from lakehouse.night_run.stage import StageCommandError, clear_stage, main, run_stage, skip_task
from lakehouse.platform.airflow_api import AirflowApi

DAY = parse_business_date("2025-10-16")


class FakeAirflow:
    """Answers for one DAG, and remembers what was changed."""

    def __init__(
        self, runs: int = 2, failed: tuple[str, ...] = ("load_orders",), paused: bool = False
    ) -> None:
        self.runs = runs
        self.failed = failed
        self.paused = paused
        self.changes: list[tuple[str, str, dict[str, Any]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v2/")
        if path == "/auth/token":
            return httpx.Response(200, json={"access_token": "t"})
        if request.method != "GET":
            body = json.loads(request.content)
            self.changes.append((request.method, path, body))
            if path.endswith("clearTaskInstances"):
                return httpx.Response(
                    200, json={"task_instances": [{"task_id": each} for each in self.failed]}
                )
            return httpx.Response(200, json=self._run(9))
        if path == "dags":
            dag = {"dag_id": "load_bronze", "is_paused": self.paused}
            return httpx.Response(200, json={"dags": [dag], "total_entries": 1})
        if path.endswith("load_bronze/tasks"):
            tasks = [
                {"task_id": "load_orders", "downstream_task_ids": ["refresh_catalogue"]},
                {"task_id": "refresh_catalogue", "downstream_task_ids": []},
            ]
            return httpx.Response(200, json={"tasks": tasks})
        if path.endswith("taskInstances"):
            tasks = [self._task("load_orders", "running"), self._task("load_customers", "success")]
            tasks.append(self._task("refresh_catalogue", None))
            return httpx.Response(200, json={"task_instances": tasks, "total_entries": 3})
        runs = [self._run(number) for number in range(self.runs)]
        return httpx.Response(200, json={"dag_runs": runs, "total_entries": self.runs})

    def _run(self, number: int) -> dict[str, Any]:
        moment = f"2025-10-16T0{number}:00:00+00:00"
        return {
            "dag_id": "load_bronze", "dag_run_id": f"run-{number}", "state": "failed", "run_type": "manual",
            "run_after": moment, "start_date": moment, "end_date": None, "partition_key": "2025-10-16",
            "queued_at": moment, "conf": {}, "dag_versions": [], "triggered_by": "rest_api",
        }  # fmt: skip

    def _task(self, task_id: str, state: str | None) -> dict[str, Any]:
        return {
            "dag_id": "load_bronze", "dag_run_id": "run-1", "task_id": task_id, "state": state,
            "try_number": 1, "max_tries": 3, "map_index": -1, "start_date": None, "end_date": None,
            "queued_when": None, "scheduled_when": None, "operator": "x",
        }  # fmt: skip


@pytest.fixture
def client() -> Callable[[FakeAirflow], AirflowApi]:
    return lambda fake: AirflowApi("http://airflow", "u", "p", httpx.MockTransport(fake))


def test_run_starts_the_stage_for_the_date(client: Callable[[FakeAirflow], AirflowApi]) -> None:
    fake = FakeAirflow()
    assert "load_bronze is started for 2025-10-16" in run_stage(client(fake), "load_bronze", DAY)
    [(method, path, body)] = fake.changes
    assert (method, path) == ("POST", "dags/load_bronze/dagRuns")
    assert body.pop("dag_run_id").startswith("manual__")
    assert body == {"logical_date": None, "conf": {}, "partition_key": "2025-10-16"}


def test_run_of_a_paused_stage_says_that_it_waits(client: Callable[[FakeAirflow], AirflowApi]) -> None:
    told = run_stage(client(FakeAirflow(paused=True)), "load_bronze", DAY)
    assert "it waits for `bin/airflow dags unpause load_bronze`" in told


def test_clear_takes_the_newest_run_and_only_what_failed(client: Callable[[FakeAirflow], AirflowApi]) -> None:
    fake = FakeAirflow()
    assert clear_stage(client(fake), "load_bronze", DAY).startswith("cleared load_orders of load_bronze")
    [(method, path, body)] = fake.changes
    assert (method, path) == ("POST", "dags/load_bronze/clearTaskInstances")
    assert (body["dag_run_id"], body["only_failed"], body["dry_run"]) == ("run-1", True, False)


def test_clear_refuses_where_nothing_failed_and_says_what_to_type(
    client: Callable[[FakeAirflow], AirflowApi],
) -> None:
    with pytest.raises(StageCommandError, match="bin/stage run load_bronze 2025-10-16"):
        clear_stage(client(FakeAirflow(failed=())), "load_bronze", DAY)
    with pytest.raises(StageCommandError, match="has no run for 2025-10-16"):
        clear_stage(client(FakeAirflow(runs=0)), "load_bronze", DAY)


def test_skip_marks_one_task_as_done(client: Callable[[FakeAirflow], AirflowApi]) -> None:
    fake = FakeAirflow()
    skip_task(client(fake), "load_bronze", DAY, "load_orders")
    [(method, path, body)] = fake.changes
    assert (method, path) == ("PATCH", "dags/load_bronze/dagRuns/run-1/taskInstances/load_orders")
    assert body["new_state"] == "success"


@pytest.mark.parametrize(
    ("task", "says"),
    [
        ("load_nothing", "has no task"),
        ("load_customers", "is done already"),
        ("refresh_catalogue", "starts the next"),
    ],
)
def test_skip_refuses_what_is_not_there_or_done(
    client: Callable[[FakeAirflow], AirflowApi], task: str, says: str
) -> None:
    fake = FakeAirflow()
    with pytest.raises(StageCommandError, match=says):
        skip_task(client(fake), "load_bronze", DAY, task)
    assert not fake.changes


def test_wrong_arguments_end_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AIRFLOW_URL", "AIRFLOW_USER", "AIRFLOW_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    assert main(["run", "load_bronze", "16.10.2025"]) == 2
    assert main(["run", "load_bronze", "2025-10-16"]) == 2
    assert "make env" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["run", "load_silver", "2025-10-16"])
    assert stage_command.__doc__
