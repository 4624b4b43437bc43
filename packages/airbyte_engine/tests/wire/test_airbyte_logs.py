"""Every attempt's log lies in the lake as gzip JSON lines, however the attempt ended."""

from __future__ import annotations

import datetime as dt

from tests.wire.conftest import Landing
from tests.wire.faults import details, stored_log

from testing.ingestion_stack import AirbyteServer
from testing.waiting import wait_until

FIELDS = {
    "timestamp", "level", "service", "message", "job_id", "attempt", "connection_id", "records_synced",
    "bytes_synced",
}  # fmt: skip


def test_a_succeeded_sync(airbyte: AirbyteServer, landing: Landing) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    job = airbyte.sync(connection)
    wait_until(lambda: stored_log(landing, "shop_postgres", job, 0), "the log is in the lake", 30)
    documents = stored_log(landing, "shop_postgres", job, 0)
    shown = details(airbyte, job)["attempts"][0]["logs"]["logLines"]
    assert [f"{one['level']} {one['message']}" for one in documents] == [line[20:] for line in shown]
    for document in documents:
        assert set(document) == FIELDS
        assert document["connection_id"] == connection
        assert (document["job_id"], document["records_synced"]) == (str(job["jobId"]), job["rowsSynced"])
        dt.datetime.fromisoformat(document["timestamp"])


def test_every_attempt_of_a_failed_sync(airbyte: AirbyteServer, landing: Landing) -> None:
    job = airbyte.sync(airbyte.add_connection("shop_postgres_to_lake", landing.folder, port=1))
    assert job["status"] == "failed"
    for attempt in range(3):
        wait_until(lambda: stored_log(landing, "shop_postgres", job, attempt), "the log is in the lake", 30)  # noqa: B023
        last = stored_log(landing, "shop_postgres", job, attempt)[-1]
        assert (last["level"], last["attempt"]) == ("ERROR", attempt)
        assert "127.0.0.1:1/shop" in last["message"]
