"""Airflow's REST API over a scripted server: pages, refusals, what may be sent again, and what is missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from lakehouse.platform.airflow_api import AirflowApi
from lakehouse.platform.airflow_api_hook import AirflowApiHook, AirflowConnectionIncompleteError
from lakehouse.platform.airflow_http import AirflowApiError, AirflowApiMissingError
from lakehouse.platform.airflow_runs import Task

NOW = datetime(2025, 10, 17, tzinfo=UTC)


def run(run_id: str = "r1", **other: Any) -> dict[str, Any]:
    return {
        "dag_id": "load_bronze",
        "dag_run_id": run_id,
        "state": "success",
        "run_after": "2025-10-16T02:15:00Z",
        "start_date": "2025-10-16T02:15:01Z",
        "end_date": "2025-10-16T02:16:00Z",
        "queued_at": "2025-10-16T02:15:00Z",
        "partition_key": "2025-10-16",
        "run_type": "asset_triggered",
    } | other


def api(answer: Callable[[httpx.Request], httpx.Response], patience_seconds: float = 0) -> AirflowApi:
    def signed_in(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(201, json={"access_token": "t"})
        return answer(request)

    transport = httpx.MockTransport(signed_in)
    return AirflowApi("http://airflow", "admin", "x", transport, patience_seconds)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_every_page_is_read_once(count: int) -> None:
    asked: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        asked.append(body["page_offset"])
        page = [run(str(number)) for number in range(count)][body["page_offset"] :][: body["page_limit"]]
        return httpx.Response(200, json={"dag_runs": page, "total_entries": count})

    found = api(answer).unfinished_runs(["load_bronze"])
    assert [each.run_id for each in found] == [str(number) for number in range(count)]
    assert asked == list(range(0, max(count, 1), 100))


@pytest.mark.parametrize(("at_most", "expected"), [(20, 20), (100, 100), (150, 150), (1000, 250)])
def test_no_more_is_read_than_is_asked_for(at_most: int, expected: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        page = [run(str(number)) for number in range(250)][body["page_offset"] :][: body["page_limit"]]
        return httpx.Response(200, json={"dag_runs": page, "total_entries": 250})

    assert len(api(answer).runs_ended_since(["load_bronze"], NOW, at_most)) == expected


def test_a_run_with_an_id_is_made_once_and_a_second_caller_gets_it() -> None:
    made: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json=run("restarted__1", state="running"))
        made.append(json.loads(request.content)["dag_run_id"])
        if len(made) > 1:
            return httpx.Response(409, json={"detail": "Unique constraint violation"})
        return httpx.Response(200, json=run("restarted__1", state="queued", start_date=None, end_date=None))

    client = api(answer)
    first = client.trigger("load_bronze", "2025-10-16", run_id="restarted__1")
    second = client.trigger("load_bronze", "2025-10-16", run_id="restarted__1")
    assert (first.run_id, first.state) == ("restarted__1", "queued")
    assert (second.run_id, second.state) == ("restarted__1", "running")
    assert made == ["restarted__1"] * 2


def test_only_runs_of_the_very_key_are_its_runs() -> None:
    """Airflow looks for keys by their beginning."""
    listed = [run("a"), run("b", partition_key="2025-10-16T00"), run("c", partition_key=None)]
    client = api(lambda _: httpx.Response(200, json={"dag_runs": listed, "total_entries": 3}))
    assert [each.run_id for each in client.runs_of_key("load_bronze", "2025-10-16")] == ["a"]


def test_a_dag_that_airflow_does_not_know_has_no_runs() -> None:
    client = api(lambda _: httpx.Response(404, json={"detail": "not found"}))
    assert client.runs_of_key("gone", "2025-10-16") == []
    assert client.newest_of_type("gone", "scheduled") is None
    assert client.oldest_run_since("gone", NOW) is None
    assert client.pending_partitions() is None, "an Airflow without that page"
    with pytest.raises(AirflowApiMissingError):
        client.run("gone", "r1")


@pytest.mark.parametrize("status", [400, 401, 403, 422, 500, 503])
def test_a_refusal_of_a_listing_is_never_an_empty_list(status: int) -> None:
    client = api(lambda _: httpx.Response(status, json={"detail": "no"}))
    for ask in (
        lambda: client.runs_of_key("load_bronze", "2025-10-16"),
        lambda: client.unfinished_runs(["load_bronze"]),
        client.pending_partitions,
    ):
        with pytest.raises(AirflowApiError, match=str(status)):
            ask()


def test_a_run_that_is_gone_is_deleted_already() -> None:
    deleted: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        deleted.append(request.method)
        return httpx.Response(404, json={"detail": "not found"})

    client = api(answer)
    listed = run("r1")
    client.delete(api(lambda _: httpx.Response(200, json=listed)).run("load_bronze", "r1"))
    assert deleted == ["DELETE"]


def test_an_import_error_without_words_is_still_told() -> None:
    errors = [
        {"filename": "a.py", "stack_trace": ""},
        {"filename": "b.py", "stack_trace": "x\nSyntaxError: y\n"},
    ]
    client = api(lambda _: httpx.Response(200, json={"import_errors": errors, "total_entries": 2}))
    assert client.import_errors() == ["a.py: no words", "b.py: SyntaxError: y"]


def test_a_component_that_airflow_does_not_mention_has_no_heartbeat() -> None:
    health = {"scheduler": {"latest_scheduler_heartbeat": "2025-10-17T00:00:00+00:00"}, "triggerer": {}}
    client = api(lambda _: httpx.Response(200, json=health))
    assert client.heartbeats() == {"scheduler": NOW, "triggerer": None, "dag_processor": None}


@pytest.mark.parametrize(
    ("uri", "url"),
    [
        ("http://admin:x@api-server:8080", "http://api-server:8080"),
        ("http://admin:x@https%3A%2F%2Fairflow.example.com%2F/", "https://airflow.example.com"),
        ("http://admin:x@airflow.example.com/https", "https://airflow.example.com"),
    ],
)
def test_the_connection_may_name_a_host_or_a_whole_address(
    monkeypatch: pytest.MonkeyPatch, uri: str, url: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", uri)
    assert AirflowApiHook().get_conn().url == url


def test_a_connection_without_a_host_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AIRFLOW_API", json.dumps({"conn_type": "http", "login": "admin"}))
    with pytest.raises(AirflowConnectionIncompleteError, match="airflow_api"):
        AirflowApiHook().get_conn()


def test_an_attempt_that_airflow_has_forgotten_has_no_words() -> None:
    task = Task("load_orders", "up_for_retry", 3, 3, -1, None)
    client = api(lambda _: httpx.Response(404, json={"detail": "TaskInstance not found"}))
    made = api(lambda _: httpx.Response(200, json=run("r1"))).run("load_bronze", "r1")
    assert client.error_of(made, task) is None
