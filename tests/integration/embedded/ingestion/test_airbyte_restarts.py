"""Servers that die or are stopped while they work. Each test runs servers of its own, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.integration.embedded.ingestion.conftest import Landing
from tests.integration.embedded.ingestion.faults import details, slow_api, wait_until, workers_of
from tests.integration.ingestion_stack import IngestionStack

Query = Callable[..., list[tuple[Any, ...]]]


def test_a_job_whose_server_was_killed_goes_on_under_the_next_server(
    stack: IngestionStack, landing: Landing, query: Query
) -> None:
    with slow_api(stack.environ["SHOP_API_URL"], 2) as address:
        with stack.airbyte() as first:
            connection = first.add_connection("shop_api_to_lake", landing.folder, base_url=address)
            job = first.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
            first.wait(job["jobId"], ("running",))
            wait_until(lambda: len(workers_of(first)) >= 2)
            first.kill()
            wait_until(lambda: not workers_of(first), 10)
        with stack.airbyte() as second:
            ended = second.wait(job["jobId"])
            told = details(second, job)["attempts"]
    assert ended["status"] == "succeeded"
    assert [attempt["attempt"]["status"] for attempt in told] == ["failed", "succeeded"]
    assert "server stopped" in told[0]["attempt"]["failureSummary"]["failures"][0]["externalMessage"]
    assert not list(stack.folder.glob("state/airbyte/jobs/*/scratch-*"))
    assert landing.rows("shipments").num_rows == query("select count(*) from shipments")[0][0]


def test_a_job_interrupted_in_its_last_attempt_fails_and_says_why(
    stack: IngestionStack, landing: Landing
) -> None:
    with slow_api(stack.environ["SHOP_API_URL"], 30) as address:
        with stack.airbyte(AIRBYTE_SYNC_JOB_MAX_ATTEMPTS="1") as first:
            connection = first.add_connection("shop_api_to_lake", landing.folder, base_url=address)
            job = first.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
            first.wait(job["jobId"], ("running",))
            assert first.terminate() < 10  # then the stack would kill it
        with stack.airbyte(AIRBYTE_SYNC_JOB_MAX_ATTEMPTS="1") as second:
            assert second.wait(job["jobId"], seconds=20)["status"] == "failed"
            failure = details(second, job)["attempts"][0]["attempt"]["failureSummary"]["failures"][0]
    assert "server stopped" in failure["externalMessage"]


def test_configuration_jobs_and_state_outlive_a_restart(stack: IngestionStack, landing: Landing) -> None:
    with stack.airbyte() as first:
        connection = first.add_connection("shop_postgres_to_lake", landing.folder)
        job = first.sync(connection)
        log = details(first, job)["attempts"][0]["logs"]["logLines"]
        token = first.http.headers["Authorization"]
        first.terminate()
    with stack.airbyte() as second:
        second.http.headers["Authorization"] = token
        assert second.call("GET", f"/jobs/{job['jobId']}") == job
        assert second.call("GET", f"/connections/{connection}")["connectionId"] == connection
        assert details(second, job)["attempts"][0]["logs"]["logLines"] == log
        files = landing.keys("orders")
        assert second.sync(connection)["status"] == "succeeded"
        assert landing.keys("orders") == files


def test_a_second_server_keeps_its_hands_off_the_first_ones_jobs(
    stack: IngestionStack, landing: Landing
) -> None:
    with slow_api(stack.environ["SHOP_API_URL"], 4) as address, stack.airbyte() as first:
        connection = first.add_connection("shop_api_to_lake", landing.folder, base_url=address)
        job = first.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
        first.wait(job["jobId"], ("running",))
        assert stack.try_second_airbyte() != 0
        assert first.wait(job["jobId"])["status"] == "succeeded"
        assert len(details(first, job)["attempts"]) == 1
