"""What goes wrong, and that nothing is lost when it does."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests.wire.conftest import Landing
from tests.wire.faults import details, full_store, slow_api, workers_of

from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.waiting import wait_until

Query = Callable[..., list[tuple[Any, ...]]]


def test_a_second_sync_is_refused_while_one_runs_and_a_cancel_ends_it_for_good(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing
) -> None:
    with slow_api(stack.environ["SHOP_API_URL"], 3) as address:
        connection = airbyte.add_connection(
            "shop_api_to_lake", landing.folder, base_url=address, page_size=100
        )
        wish = {"connectionId": connection, "jobType": "sync"}
        job = airbyte.call("POST", "/jobs", wish)
        airbyte.wait(job["jobId"], ("running",))
        assert airbyte.status_of("POST", "/jobs", wish) == 409
        wait_until(lambda: len(workers_of(airbyte)) >= 2, "the worker and its connector run", 30)
        cancelled = airbyte.call("DELETE", f"/jobs/{job['jobId']}")
        assert cancelled["status"] == "cancelled"
        wait_until(lambda: not workers_of(airbyte), "both are gone", 15)
    assert landing.keys() == []
    wait_until(
        lambda: not list(stack.folder.glob("state/airbyte/jobs/*/scratch-*")), "no scratch folder is left", 15
    )
    attempts = details(airbyte, job)["attempts"]
    assert [attempt["attempt"]["status"] for attempt in attempts] == ["failed"]
    assert airbyte.status_of("DELETE", f"/jobs/{job['jobId']}") == 409
    assert airbyte.status_of("POST", "/jobs", wish) == 200
    airbyte.call(
        "DELETE", f"/jobs/{airbyte.call('GET', '/jobs', connectionId=connection)['data'][-1]['jobId']}"
    )


def test_a_source_that_is_down_is_tried_as_often_as_configured_and_then_named(
    airbyte: AirbyteServer, landing: Landing
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder, port=port)
        job = airbyte.sync(connection)
    assert job["status"] == "failed"
    attempts = [attempt["attempt"] for attempt in details(airbyte, job)["attempts"]]
    assert len(attempts) == 3
    failure = attempts[-1]["failureSummary"]["failures"][0]
    assert (failure["failureType"], failure["failureOrigin"]) == ("transient_error", "source")
    assert f"127.0.0.1:{port}/shop" in failure["externalMessage"]

    source = airbyte.call("GET", f"/connections/{connection}")["sourceId"]
    right = int(airbyte.environ["SHOP_PG_PORT"])
    airbyte.call("PATCH", f"/sources/{source}", {"configuration": {"port": right}})
    assert airbyte.sync(connection)["status"] == "succeeded"


@pytest.mark.parametrize(
    ("file", "wrong", "named"),
    [
        ("shop_postgres_to_lake", {"password": "wr0ng"}, "password authentication failed"),
        ("shop_postgres_to_lake", {"schemas": ["nowhere"]}, "no table"),
        # The shop answers "missing or wrong bearer token": a source may well say what it was given.
        ("shop_api_to_lake", {"api_token": "wrong"}, "token"),
    ],
)
def test_a_wrong_configuration_fails_at_once_with_the_reason(
    airbyte: AirbyteServer, landing: Landing, file: str, wrong: dict[str, Any], named: str
) -> None:
    job = airbyte.sync(airbyte.add_connection(file, landing.folder, **wrong))
    assert job["status"] == "failed"
    attempts = details(airbyte, job)["attempts"]
    assert len(attempts) == 1
    failure = attempts[0]["attempt"]["failureSummary"]["failures"][0]
    assert failure["failureType"] == "config_error"
    assert named in failure["externalMessage"]
    assert any(named in line for line in attempts[0]["logs"]["logLines"])
    assert not [secret for secret in ("wr0ng", "wrong") if secret in str(attempts[0])]


def test_a_store_that_refuses_the_keys_fails_before_the_source_is_read(
    airbyte: AirbyteServer, landing: Landing
) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    destination = airbyte.call("GET", f"/connections/{connection}")["destinationId"]
    airbyte.call("PATCH", f"/destinations/{destination}", {"configuration": {"secret_access_key": "wrong"}})
    job = airbyte.sync(connection)
    assert job["status"] == "failed"
    failure = details(airbyte, job)["attempts"][-1]["attempt"]["failureSummary"]["failures"][0]
    assert failure["failureOrigin"] == "destination"
    assert "datalake" in failure["externalMessage"]


def test_a_store_that_is_full_fails_with_the_key_and_the_next_sync_brings_everything(
    airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    destination = airbyte.call("GET", f"/connections/{connection}")["destinationId"]

    def use(endpoint: str) -> None:
        airbyte.call("PATCH", f"/destinations/{destination}", {"configuration": {"s3_endpoint": endpoint}})

    with full_store() as address:
        use(address)
        job = airbyte.sync(connection)
    failure = details(airbyte, job)["attempts"][-1]["attempt"]["failureSummary"]["failures"][0]
    assert (job["status"], job["rowsSynced"]) == ("failed", 0)
    assert (failure["failureType"], failure["failureOrigin"]) == ("transient_error", "destination")
    assert f"{landing.folder}/source=postgres/" in failure["externalMessage"]
    assert "InsufficientStorage" in failure["externalMessage"]
    use(airbyte.environ["LAKE_S3_ENDPOINT"])
    assert airbyte.sync(connection)["status"] == "succeeded"
    assert landing.rows("orders").num_rows == query("select count(*) from orders")[0][0]


def test_columns_that_come_go_and_change_their_type_between_syncs_land_as_they_are(
    airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    source = {
        "sourceType": "postgres",
        "host": airbyte.environ["SHOP_PG_HOST"],
        "port": int(airbyte.environ["SHOP_PG_PORT"]),
        "database": "shop",
        "username": airbyte.environ["SHOP_PG_USER"],
        "password": airbyte.environ["SHOP_PG_PASSWORD"],
        "schemas": ["shape"],
    }
    query("create schema shape")
    try:
        query("create table shape.things (id bigint primary key, a text, n numeric(12, 2))")
        query("insert into shape.things values (1, 'a', 1)")
        _, connection = airbyte.connect(source, landing.folder, [("things", "full_refresh_append")])
        assert airbyte.sync(connection)["rowsSynced"] == 1
        query("alter table shape.things add column extra date default '2025-10-16'")
        query("alter table shape.things drop column a")
        query("alter table shape.things alter column n type text")
        assert airbyte.sync(connection)["rowsSynced"] == 1
    finally:
        query("drop schema shape cascade")
    before, after = (landing.file(key).schema_arrow for key in landing.keys("things"))
    assert {"id", "a", "n"} == {name for name in before.names if not name.startswith("_airbyte")}
    assert {"id", "n", "extra"} == {name for name in after.names if not name.startswith("_airbyte")}
    assert (str(before.field("n").type), str(after.field("n").type)) == ("decimal128(12, 2)", "string")
    assert str(after.field("extra").type) == "date32[day]"


def test_an_attempt_that_is_repeated_removes_what_the_last_one_left_without_state(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing, query: Query, platform_query: Query
) -> None:
    """The worker dies after the upload and before its state: the job must not deliver the rows twice."""
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    with psycopg.connect(**stack.database("SHOP")) as holder:
        holder.execute("lock table products in access exclusive mode")
        job = airbyte.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
        wait_until(lambda: landing.keys("orders"), "the orders have landed")
        for worker in workers_of(airbyte):
            worker.kill()
    ended = airbyte.wait(job["jobId"])
    assert ended["status"] == "succeeded"
    assert landing.rows("orders").num_rows == query("select count(*) from orders")[0][0]
    left = "select count(*) from airbyte.files where not committed and job_id = %s"
    uncommitted = platform_query(left, (job["jobId"],))[0][0]
    assert len(details(airbyte, job)["attempts"]) == 2
    assert uncommitted == 0


def test_a_sync_that_ends_while_it_waits_for_a_lock_leaves_no_session_behind(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    """Its session stayed in the queue for the lock, and every other client of the table behind it."""
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)

    def alive(sessions: set[int]) -> bool:
        return bool(query("select 1 from pg_stat_activity where pid = any(%s)", (list(sessions),)))

    with psycopg.connect(**stack.database("SHOP")) as holder:
        holder.execute("lock table products in access exclusive mode")
        job = airbyte.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
        wait_until(lambda: waiting(query), "the sync waits for the lock", 30)
        dead = waiting(query)
        for worker in workers_of(airbyte):
            worker.kill()
        wait_until(lambda: not alive(dead), "the session of the killed worker is gone", 10)
        wait_until(lambda: waiting(query), "the next attempt waits for the lock", 30)
        cancelled = waiting(query)
        assert airbyte.call("DELETE", f"/jobs/{job['jobId']}")["status"] == "cancelled"
        wait_until(lambda: not alive(cancelled), "the cancelled session is gone", 10)
        assert not waiting(query)
    assert airbyte.sync(connection)["status"] == "succeeded"


def test_a_source_that_dies_in_the_midst_of_a_sync_is_named_and_the_next_attempt_brings_the_rest(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    """DuckDB ended the worker while it closed the lost session, and the reason was lost as well."""
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    with psycopg.connect(**stack.database("SHOP")) as holder:
        holder.execute("lock table products in access exclusive mode")
        job = airbyte.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
        wait_until(lambda: waiting(query), "the sync waits for the lock", 30)
        query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'airbyte'")
        wait_until(lambda: len(details(airbyte, job)["attempts"]) == 2, "a second attempt has started", 30)
    assert airbyte.wait(job["jobId"])["status"] == "succeeded"
    failure = details(airbyte, job)["attempts"][0]["attempt"]["failureSummary"]["failures"][0]
    assert (failure["failureType"], failure["failureOrigin"]) == ("transient_error", "source")
    assert f"PostgreSQL 127.0.0.1:{airbyte.environ['SHOP_PG_PORT']}/shop: " in failure["externalMessage"]
    for table in ("orders", "products"):
        assert landing.rows(table).num_rows == query(f"select count(*) from {table}")[0][0]


def waiting(query: Query) -> set[int]:
    """Airbyte's sessions at the source that wait for a lock: their process ids."""
    queued = "application_name = 'airbyte' and wait_event_type = 'Lock'"
    return {int(pid) for (pid,) in query(f"select pid from pg_stat_activity where {queued}")}
