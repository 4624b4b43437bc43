"""The observer's loops are isolated from one another, and its HTTP answers whatever it is sent."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from lakehouse.observe.incidents.alertmanager import BadPayloadError
from lakehouse.observe.metrics.exposition import StoredMetrics, cumulative
from lakehouse.observe.process.loops import FIRST_ROUND_SECONDS, Loop, Loops, LoopState
from lakehouse.observe.process.run import address
from lakehouse.observe.process.server import LONGEST_BODY, ObserverServer
from lakehouse.platform.connections import Connection, DirectPostgres
from testing.waiting import wait_until

AWAY = DirectPostgres(Connection(host="127.0.0.1", port=1, schema="x", login="x", password="x"))


def test_a_loop_that_fails_and_one_that_hangs_hold_up_no_other() -> None:
    hang, rounds = threading.Event(), []

    def fail() -> None:
        raise RuntimeError("says why\nin two lines")

    loops = Loops(
        [
            Loop("fails", 0.01, fail),
            Loop("hangs", 0.01, hang.wait),
            Loop("works", 0.01, lambda: rounds.append(1)),
        ]
    )
    loops.start()
    try:
        wait_until(lambda: len(rounds) > 5, "the third goes on")
        states = {state.name: state for state in loops.states()}
        assert states["fails"].error == "RuntimeError: says why in two lines"
        assert states["fails"].failures >= 1
        assert states["hangs"].rounds == 0
        assert states["hangs"].since_start is not None
        assert states["works"].error is None
        assert states["works"].since_success is not None
    finally:
        hang.set()
        loops.stop()


def test_a_loop_that_has_failed_recovers() -> None:
    answers = iter([RuntimeError("away"), None])

    def act() -> None:
        answer = next(answers, None)
        if answer:
            raise answer

    loops = Loops([Loop("recovers", 0.01, act)])
    loops.start()
    try:
        wait_until(lambda: loops.states()[0].since_success is not None, "it works again")
        assert loops.states()[0].error is None
        assert loops.states()[0].failures == 1
    finally:
        loops.stop()


def test_a_loop_that_fails_again_and_again_is_tried_less_often_and_stops_at_once() -> None:
    def fail() -> None:
        raise RuntimeError("always")

    loops = Loops([Loop("fails", 3600, fail)])
    loops.start()
    wait_until(lambda: loops.states()[0].failures == 1, "the first round is at once")
    loops.stop()
    assert loops.states()[0].failures == 1


@pytest.mark.parametrize(
    ("seconds", "since_start", "stuck"),
    [(30.0, None, False), (30.0, FIRST_ROUND_SECONDS - 1, False), (30.0, 301.0, True), (60.0, 599.0, False)],
)
def test_a_round_that_does_not_end_is_stuck(seconds: float, since_start: float | None, stuck: bool) -> None:
    assert LoopState("x", seconds, 1, 0, None, None, since_start).is_stuck is stuck


class Served:
    """A server on a port of its own, and what its web hook got."""

    def __init__(self) -> None:
        self.alerts: list[Any] = []
        self.refuses: Exception | None = None
        self.states: list[LoopState] = []
        registry = CollectorRegistry()
        registry.register(StoredMetrics(AWAY))
        self.server = ObserverServer(
            ("127.0.0.1", 0), registry, lambda: self.states, self._take, lambda: False
        )
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _take(self, payload: object) -> None:
        if self.refuses:
            raise self.refuses
        self.alerts.append(payload)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection(*self.server.server_address[:2], timeout=30)  # type: ignore[arg-type]
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.fixture
def served() -> Iterator[Served]:
    found = Served()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_without_postgresql_a_scrape_answers_and_says_so(served: Served) -> None:
    status, text = served.ask("GET", "/metrics")
    assert status == 200
    assert "lakehouse_exporter_database_up 0.0" in text
    assert "airbyte" not in text, "no value says more than a wrong one"


def test_health_names_what_is_stuck(served: Served) -> None:
    assert served.ask("GET", "/health")[0] == 200
    served.states = [LoopState("gather metrics", 30.0, 3, 0, None, None, 9999.0)]
    status, text = served.ask("GET", "/health")
    assert status == 503
    assert json.loads(text)["stuck"] == ["gather metrics"]
    assert json.loads(text)["database"] == "down"


def test_alertmanager_is_told_when_its_alerts_could_not_be_stored(served: Served) -> None:
    """It sends again what is not answered with 2xx, and gives up what is answered with 4xx."""
    body = json.dumps({"alerts": [{"labels": {"alertname": "Watchdog"}}]}).encode()
    assert served.ask("POST", "/alerts", body)[0] == 200
    assert served.alerts == [json.loads(body)]
    served.refuses = RuntimeError("PostgreSQL is away")
    status, text = served.ask("POST", "/alerts", body)
    assert status == 503
    assert "PostgreSQL is away" in text
    served.refuses = BadPayloadError("no list `alerts`")
    assert served.ask("POST", "/alerts", body)[0] == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/alerts", b"{not json", {}, 400),
        ("POST", "/alerts", b"\xff\xfe\x00", {}, 400),
        ("POST", "/alerts", None, {"Content-Length": str(LONGEST_BODY + 1)}, 413),
        ("POST", "/alerts", None, {"Content-Length": "many"}, 411),
        ("POST", "/alerts", None, {"Content-Length": "-1"}, 411),
        ("POST", "/metrics", b"{}", {}, 404),
        ("GET", "/nothing", None, {}, 404),
        ("PUT", "/alerts", b"{}", {}, 501),
    ],
)
def test_a_request_that_is_wrong_gets_an_answer_and_the_next_one_too(
    served: Served, method: str, path: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    assert served.ask(method, path, body, headers)[0] == status
    assert served.alerts == []
    assert served.ask("GET", "/health?x=1")[0] == 200


@pytest.mark.parametrize(
    ("text", "found"),
    [("127.0.0.1:9187", ("127.0.0.1", 9187)), ("[::1]:80", ("::1", 80)), ("0.0.0.0:0", ("0.0.0.0", 0))],
)
def test_where_it_listens(text: str, found: tuple[str, int]) -> None:
    assert address(text) == found


@pytest.mark.parametrize("text", ["9187", ":9187", "host:", "host:port", "host:99999"])
def test_an_address_that_is_none_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="OBSERVER_ADDRESS"):
        address(text)


@pytest.mark.parametrize(
    ("counted", "shown"),
    [
        ({}, [0, 0, 0]),
        ({"1": 2, "5": 3, "+Inf": 4}, [2, 5, 9]),
        ({"0.5": 1, "2": 1, "9": 1}, [1, 2, 3]),
    ],
    ids=["nothing", "today's bounds", "bounds of an older release"],
)
def test_buckets_are_cumulative_whatever_they_were_counted_with(
    counted: dict[str, int], shown: list[int]
) -> None:
    found = cumulative(counted, (1.0, 5.0))
    assert [bound for bound, _ in found] == ["1", "5", "+Inf"]
    assert [number for _, number in found] == shown
