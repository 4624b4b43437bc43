"""The extract against a running Airbyte, a real shop, PostgreSQL and object store: what a night does."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import BaseHook

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.errors import AirbyteJobFailedError, AirbyteNotFoundError
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.airbyte.provision_operators import ProvisionAirbyteOperator
from lakehouse.landing.operators import AirbyteDaytimeSyncOperator
from lakehouse.night.dag_defaults import RECEIPTS
from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.lakehouse.extract_task import (
    FIRST_NIGHT,
    ORDERS,
    SECOND_NIGHT,
    Night,
    landing_files,
)


def test_without_provisioning_the_error_says_what_to_run(airbyte: AirbyteServer) -> None:
    with pytest.raises(AirbyteNotFoundError, match="run provision_platform"):
        Night(FIRST_NIGHT).extract()


def test_provisioning_creates_then_finds_everything_in_place(airbyte: AirbyteServer) -> None:
    def provision() -> set[str]:
        report = ProvisionAirbyteOperator(task_id="provision").execute({})
        assert len(report["detail"]["airbyte"]) >= 2 * len(read_all_connection_files())
        return {change["action"] for change in report["detail"]["airbyte"]}

    assert "created" in provision()
    assert provision() == {"unchanged"}


@pytest.mark.parametrize("connection", ["shop_postgres_to_lake", "shop_api_to_lake"])
def test_the_first_night_lands_and_claims_the_whole_source(airbyte: AirbyteServer, connection: str) -> None:
    report = Night(FIRST_NIGHT).extract(connection)
    assert report["rows_out"] == report["rows_in"] > 0
    assert report["bytes"] > 0
    assert report["external_jobs"][0]["url"].startswith(airbyte.url)


def test_the_provider_s_own_hook_knows_the_job(airbyte: AirbyteServer) -> None:
    jobs = airbyte.call("GET", "/jobs")["data"]
    assert jobs
    assert LakehouseAirbyteHook().get_job_status(jobs[0]["jobId"]) == "succeeded"


def test_a_replay_of_the_night_asks_no_source(airbyte: AirbyteServer) -> None:
    before = len(airbyte.call("GET", "/jobs")["data"])
    report = Night(FIRST_NIGHT).extract()
    assert report["detail"]["reused"] is True
    assert report["rows_out"] > 0
    assert len(airbyte.call("GET", "/jobs")["data"]) == before


def test_the_next_night_claims_its_changes_only(stack: IngestionStack, airbyte: AirbyteServer) -> None:
    everything, kept = Night(FIRST_NIGHT).extract()["rows_out"], landing_files(FIRST_NIGHT)
    assert stack.shop("advance", "--to", SECOND_NIGHT, "--orders", ORDERS).returncode == 0
    report = Night(SECOND_NIGHT).extract()
    assert 0 < report["rows_out"] < everything
    assert landing_files(FIRST_NIGHT) == kept


def test_what_landed_by_day_is_the_next_night_s_and_its_rows_are_answered_for(
    stack: IngestionStack, airbyte: AirbyteServer
) -> None:
    assert stack.shop("advance", "--to", "2025-10-18", "--orders", ORDERS).returncode == 0
    daytime = AirbyteDaytimeSyncOperator(task_id="sync", connection_name="shop_postgres_to_lake")
    by_day = daytime.execute(Night("2025-10-18").context)
    assert by_day["rows_out"] > 0
    night = Night("2025-10-18").extract()
    assert night["rows_out"] == by_day["rows_out"] + night["rows_in"]
    emitted = PostgresHook("platform_postgres").get_first(
        "select rows_emitted from landing_syncs where source = 'postgres' and business_date = '2025-10-18'"
    )
    assert emitted[0] == night["rows_out"]


def test_busy_attaches_to_a_running_sync_that_began_late_enough(airbyte: AirbyteServer) -> None:
    night = Night(SECOND_NIGHT, force_sync=True)
    night.context["dag_run"].start_date -= timedelta(seconds=5)
    connections = airbyte.call("GET", "/connections")["data"]
    connection_id = next(c["connectionId"] for c in connections if c["name"] == "shop_postgres_to_lake")
    other = airbyte.call("POST", "/jobs", {"connectionId": connection_id, "jobType": "sync"})["jobId"]
    report = night.extract()
    # Its own, if the other had ended; a refusal may have used up a number in between.
    since = {int(job["jobId"]) for job in airbyte.call("GET", "/jobs", limit=100)["data"]} - set(range(other))
    assert since == {other, int(report["external_jobs"][0]["id"])}
    assert report["rows_out"] > 0
    assert night.is_reported is not report["detail"]["attached"], (
        "a job of somebody else is not ours to adopt"
    )


def test_a_source_that_is_down_fails_by_name_and_the_rerun_succeeds(
    stack: IngestionStack, airbyte: AirbyteServer
) -> None:
    sources = airbyte.call("GET", "/sources")["data"]
    source = next(each for each in sources if each["name"] == "shop_api")
    path = f"/sources/{source['sourceId']}"
    good = BaseHook.get_connection("shop_api").host
    configuration = {
        "start_date": "2024-10-17T00:00:00.000000",
        "api_token": stack.environ["SHOP_API_TOKEN"],
        "retry_seconds": 0.01,
    }
    airbyte.call("PATCH", path, {"configuration": configuration | {"base_url": "http://127.0.0.1:9"}})
    night = Night(SECOND_NIGHT)
    with pytest.raises(AirbyteJobFailedError, match=r"job \d+ of shop_api_to_lake .*failed: .+"):
        night.extract("shop_api_to_lake")
    assert night.store == {}, "a job that failed is not taken up again"
    airbyte.call("PATCH", path, {"configuration": configuration | {"base_url": good}})
    report = night.extract("shop_api_to_lake")
    assert report["rows_out"] == report["rows_in"]
    assert json.dumps(report), "a report travels as JSON"


def test_a_run_that_is_ended_from_outside_closes_its_receipt(
    airbyte: AirbyteServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow calls no task callback for a deferred task that is failed by hand: it stayed `running`."""
    monkeypatch.setenv("LAKEHOUSE_RECEIPTS_DIR", str(tmp_path))
    run = SimpleNamespace(partition_key="2025-10-15", dag_id="extract_postgres", run_id="by hand")
    task = SimpleNamespace(
        dag_id=run.dag_id, run_id=run.run_id, task_id="sync", map_index=-1, try_number=1, start_date=None
    )
    RECEIPTS.record_start({"ti": task, "dag_run": run, "task": SimpleNamespace(outlets=[])})

    def stage() -> Any:
        return json.loads((tmp_path / "2025-10-15.json").read_text())["stages"]["extract_postgres"]

    assert stage()["state"] == "running"
    RECEIPTS.record_run_failure({"dag_run": run, "reason": "task_failure"})
    assert stage()["state"] == "failed"
    [told] = stage()["tasks"]
    assert told["error"] == "ended from outside, by hand or out of time; Airflow says: task_failure"
    assert told["ended_at"] is not None
