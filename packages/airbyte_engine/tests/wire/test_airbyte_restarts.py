"""Servers that die or are stopped while they work. Each test runs servers of its own, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from tests.wire.captured import SIMPLE, Captured
from tests.wire.conftest import Landing
from tests.wire.faults import (
    details,
    parents_of_workers,
    slow_api,
    stored_log,
    waiting_workers_of,
    workers_of,
)

from testing.ingestion_stack import IngestionStack
from testing.waiting import wait_until

Query = Callable[..., list[tuple[Any, ...]]]


def test_a_job_whose_server_was_killed_goes_on_under_the_next_server(
    stack: IngestionStack, landing: Landing, query: Query
) -> None:
    with slow_api(stack.environ["SHOP_API_URL"], 2) as address:
        with stack.airbyte() as first:
            connection = first.add_connection("shop_api_to_lake", landing.folder, base_url=address)
            job = first.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
            first.wait(job["jobId"], ("running",))
            wait_until(lambda: len(workers_of(first)) >= 2, "the worker and its connector run", 30)
            first.kill()
            wait_until(lambda: not workers_of(first), "both are gone", 10)
        with stack.airbyte() as second:
            ended = second.wait(job["jobId"])
            reported = details(second, job)["attempts"]
    assert ended["status"] == "succeeded"
    assert [attempt["attempt"]["status"] for attempt in reported] == ["failed", "succeeded"]
    assert "server stopped" in reported[0]["attempt"]["failureSummary"]["failures"][0]["externalMessage"]
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


def test_a_cancelled_sync_and_one_whose_server_was_killed(stack: IngestionStack, landing: Landing) -> None:
    with slow_api(stack.environ["SHOP_API_URL"], 2) as address:
        with stack.airbyte() as first:
            connection = first.add_connection("shop_api_to_lake", landing.folder, base_url=address)
            wish = {"connectionId": connection, "jobType": "sync"}
            cancelled = first.call("POST", "/jobs", wish)
            wait_until(lambda: len(workers_of(first)) >= 2, "the worker and its connector run", 30)
            first.call("DELETE", f"/jobs/{cancelled['jobId']}")
            wait_until(
                lambda: stored_log(landing, "shop_api", cancelled, 0),
                "the cancelled attempt's log is in the lake",
                30,
            )
            killed = first.call("POST", "/jobs", wish)
            wait_until(lambda: len(workers_of(first)) >= 2, "the worker and its connector run", 30)
            first.kill()
        with stack.airbyte() as second:
            wait_until(
                lambda: stored_log(landing, "shop_api", killed, 0),
                "the killed attempt's log is in the lake",
                30,
            )
            shown = details(second, killed)["attempts"][0]["logs"]["logLines"]
            second.call("DELETE", f"/jobs/{killed['jobId']}")
    assert "cancelled" in stored_log(landing, "shop_api", cancelled, 0)[-1]["message"]
    assert "server stopped" in stored_log(landing, "shop_api", killed, 0)[-1]["message"]
    assert "server stopped" in shown[-1]


def test_a_log_that_the_bucket_refused_is_stored_by_the_next_server(
    stack: IngestionStack, landing: Landing
) -> None:
    with stack.airbyte(AIRBYTE_LOG_S3_SECRET_KEY="wrong") as first:
        job = first.sync(first.add_connection("shop_postgres_to_lake", landing.folder))
        assert job["status"] == "succeeded"
        assert stored_log(landing, "shop_postgres", job, 0) == []
    with stack.airbyte():
        wait_until(lambda: stored_log(landing, "shop_postgres", job, 0), "the log is in the lake", 30)


def test_a_server_killed_between_upload_and_state_delivers_every_change_and_none_twice(
    stack: IngestionStack, landing: Landing, query: Query
) -> None:
    """The files are in the bucket, the state is not saved: the next server deletes them and reads again."""
    with stack.airbyte() as first:
        captured = Captured(first, landing, query)
        try:
            table = captured.table(SIMPLE)
            captured.connect("things")
            captured.sync()
            before = captured.slot()["confirmed"]
            query(f"insert into {table} select n, 'a', n from generate_series(1, 500) as n")
            with _locked_state(stack):
                job = first.call("POST", "/jobs", {"connectionId": captured.connection, "jobType": "sync"})
                wait_until(lambda: landing.keys("things"), "the changes have landed", 30)
                orphan = landing.keys("things")
                first.kill()
                wait_until(lambda: not workers_of(first), "the worker is gone", 10)
            assert captured.slot()["confirmed"] == before
            with stack.airbyte() as second:
                captured.airbyte = second
                ended = second.wait(job["jobId"])
                statuses = [one["attempt"]["status"] for one in details(second, job)["attempts"]]
                assert captured.sync()["rowsSynced"] == 0
            assert (ended["status"], ended["rowsSynced"]) == ("succeeded", 500)
            assert statuses == ["failed", "succeeded"]
            assert not set(orphan) & set(landing.keys("things"))
            assert len(captured.rows()) == 500
            assert captured.newest() == captured.source_rows()
        finally:
            captured.drop()


def test_a_sync_that_hangs_on_a_locked_table_is_ended_and_named_and_the_next_one_succeeds(
    stack: IngestionStack, landing: Landing, query: Query
) -> None:
    """PostgreSQL accepts the query and never answers."""
    quick = {"AIRBYTE_MAX_SECONDS_WITHOUT_PROGRESS": "3", "AIRBYTE_SYNC_JOB_MAX_ATTEMPTS": "1"}
    with stack.airbyte(**quick) as server:
        connection = server.add_connection("shop_postgres_to_lake", landing.folder)
        with psycopg.connect(**stack.database("SHOP")) as holder:
            holder.execute("lock table orders in access exclusive mode")
            job = server.sync(connection)
            holder.rollback()
        wait_until(lambda: not workers_of(server), "the worker is gone", 15)
        failure = details(server, job)["attempts"][0]["attempt"]["failureSummary"]["failures"][0]
        assert (job["status"], failure["failureType"]) == ("failed", "transient_error")
        assert "Nothing has moved for 3 s" in failure["externalMessage"]
        assert server.sync(connection)["status"] == "succeeded"
    assert landing.rows("orders").num_rows == query("select count(*) from orders")[0][0]


def test_what_waits_for_an_attempt_ends_with_its_server(stack: IngestionStack) -> None:
    with stack.airbyte() as first:
        wait_until(lambda: len(waiting_workers_of(first)) == 1, "a worker waits", 30)
        assert len(parents_of_workers(first)) == 1
        first.kill()
        wait_until(lambda: not waiting_workers_of(first) + parents_of_workers(first), "both are gone", 10)
    with stack.airbyte() as second:
        wait_until(lambda: len(waiting_workers_of(second)) == 1, "a worker waits", 30)
        second.terminate()
        assert waiting_workers_of(second) == []
        wait_until(lambda: not parents_of_workers(second), "what it was forked from is gone", 10)


def test_a_waiting_worker_that_died_is_replaced_for_the_next_sync(
    stack: IngestionStack, landing: Landing
) -> None:
    with stack.airbyte() as server:
        connection = server.add_connection("shop_postgres_to_lake", landing.folder)
        wait_until(lambda: len(waiting_workers_of(server)) == 1, "a worker waits", 30)
        (waiting,) = waiting_workers_of(server)
        waiting.kill()
        wait_until(lambda: not waiting.is_running(), "it has ended", 30)
        job = server.sync(connection)
        assert (job["status"], len(details(server, job)["attempts"])) == ("succeeded", 1)
        wait_until(
            lambda: [process.pid for process in waiting_workers_of(server)] not in ([], [waiting.pid]),
            "another worker waits",
            30,
        )


def test_a_sync_goes_on_when_what_its_worker_was_forked_from_died_and_the_next_one_has_another(
    stack: IngestionStack, landing: Landing, query: Query
) -> None:
    with slow_api(stack.environ["SHOP_API_URL"], 2) as address, stack.airbyte() as server:
        connection = server.add_connection("shop_api_to_lake", landing.folder, base_url=address)
        job = server.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
        wait_until(lambda: len(workers_of(server)) >= 2, "the worker and its connector run", 30)
        (parent,) = parents_of_workers(server)
        parent.kill()
        ended = server.wait(job["jobId"])
        assert ended["status"] == "succeeded"
        assert landing.rows("shipments").num_rows == query("select count(*) from shipments")[0][0]
        assert server.sync(connection)["status"] == "succeeded"
        (other,) = parents_of_workers(server)
        assert other.pid != parent.pid


class _locked_state:
    """Nobody can save a state while this is entered."""

    def __init__(self, stack: IngestionStack) -> None:
        self._place = stack.database("PLATFORM")

    def __enter__(self) -> None:
        self._session = psycopg.connect(**self._place)
        self._session.execute("lock table airbyte_state in exclusive mode")

    def __exit__(self, *error: object) -> None:
        self._session.close()
