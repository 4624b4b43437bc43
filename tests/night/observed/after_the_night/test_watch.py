"""A round of the watch on a real Airflow: a join that was lost, and what a cancelled backfill left behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lakehouse.observe.watch.rounds import watch
from lakehouse.observe.watch.starts import PATIENCE
from lakehouse.platform.airflow_api import AirflowApi
from lakehouse.platform.airflow_http import AirflowApiMissingError, AirflowHttp
from lakehouse.platform.airflow_runs import Run

LOST = "2023-02-28"
CANCELLED = ("2023-03-01", "2023-03-02")
EXTRACTS = ("extract_postgres", "extract_apis")


class Airflow:
    """The platform's Airflow: the client under test, and the calls that only these tests make."""

    def __init__(self, addresses: dict[str, str]) -> None:
        account = (addresses["AIRFLOW_URL"], addresses["AIRFLOW_USER"], addresses["AIRFLOW_PASSWORD"])
        self.api = AirflowApi(*account)
        self.http = AirflowHttp(*account)

    @contextmanager
    def paused(self, *dag_ids: str) -> Iterator[None]:
        """Nothing of those DAGs starts meanwhile."""
        for dag_id in dag_ids:
            self.http.call("PATCH", f"dags/{dag_id}", json={"is_paused": True})
        try:
            yield
        finally:
            for dag_id in dag_ids:
                self.api.unpause(dag_id)

    def backfill(self, dag_id: str, first: str, last: str) -> int:
        body = {"dag_id": dag_id, "from_date": f"{first}T00:00:00Z", "to_date": f"{last}T00:00:00Z"}
        return int(self.http.call("POST", "backfills", json=body | {"max_active_runs": 1})["id"])

    def forget(self, *dates: str) -> None:
        """Remove every run of those dates, so that other tests do not meet them."""
        for dag_id in (*EXTRACTS, "load_bronze"):
            for key in dates:
                for run in self.api.runs_of_key(dag_id, key):
                    if not run.has_ended:  # Airflow deletes no run that is running
                        self.api.fail(run, "a test is done with it")
                    self.api.delete(run)


@pytest.fixture
def airflow(observed_night: Any) -> Iterator[Airflow]:
    airflow = Airflow(observed_night.platform.addresses())
    yield airflow
    airflow.forget(LOST, *CANCELLED)


def later() -> datetime:
    """A moment at which the scheduler has had its time. Nothing here has to wait for it."""
    return datetime.now(UTC) + PATIENCE + timedelta(seconds=10)


def test_a_join_that_airflow_lost_is_started_once(airflow: Airflow, observed_night: Any) -> None:
    """Both extracts are marked as successful in the queue: no asset is emitted, nothing starts by itself."""
    with airflow.paused(*EXTRACTS):
        for name in EXTRACTS:
            run = airflow.api.trigger(name, LOST)
            airflow.http.call("PATCH", f"dags/{name}/dagRuns/{run.run_id}", json={"state": "success"})
    lines = [
        line
        for _ in range(2)
        for line in watch(airflow.api, observed_night.postgres, later())
        if LOST in line
    ]
    runs = airflow.api.runs_of_key("load_bronze", LOST)
    assert [run.run_id.startswith(f"restarted__{LOST}__") for run in runs] == [True]
    assert len(lines) == 1, "the second round finds nothing"
    assert lines[0].startswith("start_lost: load_bronze of 2023-02-28 did not start")
    assert f"watch_platform started load_bronze of {LOST}: run {runs[0].run_id}" in lines[0]
    again: Run = airflow.api.trigger("load_bronze", LOST, run_id=runs[0].run_id)
    assert again.run_id == runs[0].run_id
    assert len(airflow.api.runs_of_key("load_bronze", LOST)) == 1, "Airflow makes one run of an id"


def test_runs_that_a_cancelled_backfill_left_in_the_queue_are_ended(
    airflow: Airflow, observed_night: Any
) -> None:
    """Cancelling fails what is queued; a run that is cleared afterwards stays in the queue."""
    with airflow.paused("extract_apis"):
        number = airflow.backfill("extract_apis", *CANCELLED)
        airflow.http.call("PUT", f"backfills/{number}/cancel")
        for key in CANCELLED:
            [run] = airflow.api.runs_of_key("extract_apis", key)
            airflow.http.call(
                "POST", f"dags/extract_apis/dagRuns/{run.run_id}/clear", json={"dry_run": False}
            )
            assert airflow.api.run("extract_apis", run.run_id).state == "queued"
    lines = [line for line in watch(airflow.api, observed_night.postgres, later()) if "2023-03" in line]
    assert [line.partition(":")[0] for line in lines] == ["stranded", "stranded"]
    for key in CANCELLED:
        [run] = airflow.api.runs_of_key("extract_apis", key)
        assert run.state == "failed"
    assert not any("2023-03" in line for line in watch(airflow.api, observed_night.postgres, later()))


def test_what_is_not_there_is_no_error_for_a_look_and_one_for_a_question(airflow: Airflow) -> None:
    assert airflow.api.runs_of_key("no_such_dag", LOST) == []
    assert airflow.api.newest_of_type("no_such_dag", "scheduled") is None
    with pytest.raises(AirflowApiMissingError, match="404"):
        airflow.api.run("load_bronze", "no_such_run")


def test_airflow_tells_what_a_look_needs(airflow: Airflow) -> None:
    """The endpoint of the pending partitions is not part of the public API: this sees when it goes."""
    assert airflow.api.pending_partitions() is not None
    assert airflow.api.scheduler_started_at() is not None
    assert all(beat is not None for beat in airflow.api.heartbeats().values())
