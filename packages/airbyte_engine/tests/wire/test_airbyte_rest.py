"""A REST source whose API limits, fails and lies: all records land, or an error says why not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import httpx
import pytest
from tests.wire.conftest import Landing
from tests.wire.faults import details

from testing.ingestion_stack import AirbyteServer, IngestionStack

Query = Callable[..., list[tuple[Any, ...]]]
Answer = tuple[int, dict[str, str], bytes]
LIMITED: Answer = (429, {"Retry-After": "2"}, b'{"error": "slow down"}')
BROKEN: Answer = (500, {}, b"oops")
BUSY: Answer = (503, {}, b"")
DROPPED: Answer = (0, {}, b"")
HALF: Answer = (200, {"Content-Type": "application/json"}, b'{"data": [{"shipment_id": 1, "upd')
DENIED: Answer = (401, {}, b'{"error": "who are you"}')


class Api:
    """The shop's API behind answers of its own: `faults` maps the number of a request to what it gets."""

    def __init__(self, target: str, faults: dict[int, Answer]) -> None:
        self._target = target
        self._faults = faults
        self._lock = Lock()
        self.changes: dict[int, Callable[[], object]] = {}
        """What happens before the request of that number is answered."""
        self.requests: list[tuple[float, str, str]] = []
        """Moment, path and query, authorization."""

    def answer(self, path: str, authorization: str) -> Answer:
        with self._lock:
            number = len(self.requests)
            self.requests.append((time.monotonic(), path, authorization))
        if number in self.changes:
            self.changes[number]()
        if number in self._faults:
            return self._faults[number]
        got = httpx.get(self._target + path, headers={"Authorization": authorization}, timeout=30)
        return got.status_code, {"Content-Type": "application/json"}, got.content


@contextmanager
def misbehaving_api(target: str, faults: dict[int, Answer]) -> Iterator[tuple[str, Api]]:
    """Its address, and what it was asked."""
    api = Api(target, faults)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = api.answer(self.path, self.headers.get("Authorization", ""))
            if status == 0:
                self.connection.close()
                return
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", api
    finally:
        server.shutdown()
        server.server_close()


def test_limits_failures_and_dropped_connections_lose_no_record(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    faults = {0: LIMITED, 2: BROKEN, 4: DROPPED, 6: BUSY}
    with misbehaving_api(stack.environ["SHOP_API_URL"], faults) as (address, api):
        connection = airbyte.add_connection(
            "shop_api_to_lake", landing.folder, base_url=address, page_size=2000
        )
        job = airbyte.sync(connection)
    ((expected,),) = query("select count(*) from shipments")
    assert (job["status"], job["rowsSynced"]) == ("succeeded", expected)
    assert len(set(landing.rows("shipments")["shipment_id"].to_pylist())) == expected
    assert len(details(airbyte, job)["attempts"]) == 1
    moments = [moment for moment, _, _ in api.requests]
    assert moments[1] - moments[0] >= 2
    tokens = [httpx.URL(path).params.get("page_token", "") for _, path, _ in api.requests]
    assert tokens[0] == tokens[1] == ""
    assert tokens[2] == tokens[3] != tokens[1]
    assert {authorization for _, _, authorization in api.requests} == {
        f"Bearer {airbyte.environ['SHOP_API_TOKEN']}"
    }


def test_an_api_that_stays_broken_fails_the_attempts_and_keeps_the_cursor(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    with misbehaving_api(stack.environ["SHOP_API_URL"], {}) as (address, api):
        connection = airbyte.add_connection("shop_api_to_lake", landing.folder, base_url=address)
        airbyte.sync(connection)
        ((chosen, before),) = query("select shipment_id, updated_at from shipments order by 1 limit 1")
        newer = "(select max(updated_at) + interval '1 second' from shipments)"
        query(f"update shipments set updated_at = {newer} where shipment_id = %s", (chosen,))
        try:
            api._faults = dict.fromkeys(range(len(api.requests), 500), DENIED)
            job = airbyte.sync(connection)
            assert job["status"] == "failed"
            failure = details(airbyte, job)["attempts"][-1]["attempt"]["failureSummary"]["failures"][0]
            assert "401" in failure["externalMessage"]
            api._faults = {}
            asked = len(api.requests)
            assert airbyte.sync(connection)["rowsSynced"] == 1
            assert "updated_after" in api.requests[asked][1]
        finally:
            query("update shipments set updated_at = %s where shipment_id = %s", (before, chosen))


@pytest.mark.parametrize("page", [0, 1])
def test_an_answer_that_is_no_json_is_an_error_and_never_an_empty_page(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing, query: Query, page: int
) -> None:
    """The connector takes such an answer for one without records, which ends the pages: a sync that lost
    everything after it would have succeeded."""
    with misbehaving_api(stack.environ["SHOP_API_URL"], {page: HALF}) as (address, _):
        connection = airbyte.add_connection(
            "shop_api_to_lake", landing.folder, base_url=address, page_size=5000
        )
        job = airbyte.sync(connection)
    ((expected,),) = query("select count(*) from shipments")
    assert job["status"] == "succeeded"
    assert len(details(airbyte, job)["attempts"]) == 2
    assert len(set(landing.rows("shipments")["shipment_id"].to_pylist())) == expected


def test_rows_that_change_between_pages_push_no_other_row_out(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    """The page after the change would begin one row too late, if it were found by counting."""
    [(first, before)] = query(
        "select shipment_id, updated_at from shipments order by updated_at, shipment_id limit 1"
    )
    newer = "(select max(updated_at) + interval '1 second' from shipments)"

    def change() -> None:
        query(f"update shipments set updated_at = {newer} where shipment_id = %s", (first,))

    with misbehaving_api(stack.environ["SHOP_API_URL"], {}) as (address, api):
        api.changes[1] = change
        connection = airbyte.add_connection(
            "shop_api_to_lake", landing.folder, base_url=address, page_size=5000
        )
        try:
            job = airbyte.sync(connection)
            assert airbyte.sync(connection)["rowsSynced"] == 0, "the lookback window has nothing new"
        finally:
            query("update shipments set updated_at = %s where shipment_id = %s", (before, first))
    ((expected,),) = query("select count(*) from shipments")
    assert (job["status"], job["rowsSynced"]) == ("succeeded", expected + 1)
    ids = landing.rows("shipments")["shipment_id"].to_pylist()
    assert len(set(ids)) == expected
    assert ids.count(first) == 2
