"""Airflow, or the database behind it, is away for a while: which calls are sent again, and for how long."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from lakehouse.platform.airflow_api import AirflowApi, AirflowApiError, Run
from lakehouse.platform.airflow_http import AirflowApiAwayError

Answer = httpx.Response | type[httpx.TransportError]

RUN = {
    "dag_id": "load_bronze",
    "dag_run_id": "made",
    "state": "queued",
    "run_after": "2025-10-16T00:00:00+00:00",
    "start_date": None,
    "end_date": None,
}
EMPTY = {"import_errors": [], "total_entries": 0}
TOKEN = {"access_token": "t"}
AWAY = (500, 502, 503, 504, 408, 429)


class Scripted:
    """Gives the answers one after the other, the last one again and again; keeps what it was asked."""

    def __init__(self, *answers: Answer, sign_in: tuple[int, ...] = (201,)) -> None:
        self.answers = list(answers)
        self.sign_in = list(sign_in)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            status = self.sign_in.pop(0) if len(self.sign_in) > 1 else self.sign_in[0]
            return httpx.Response(status, json=TOKEN)
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("broken off", request=request)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("lakehouse.platform.airflow_http.PAUSE_SECONDS", 0.0)
    return


def api(script: Scripted, patience: float = 5, on_wait: Callable[[str], None] | None = None) -> AirflowApi:
    return AirflowApi("http://airflow", "admin", "x", httpx.MockTransport(script), patience, on_wait)


def made(status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=RUN)


@pytest.mark.parametrize("first", [*AWAY, httpx.ConnectError, httpx.ReadError, httpx.ReadTimeout])
def test_a_look_is_taken_again(first: int | type[httpx.TransportError]) -> None:
    gone = httpx.Response(first, text="database is starting up") if isinstance(first, int) else first
    script = Scripted(gone, httpx.Response(200, json=EMPTY))
    assert api(script).import_errors() == []
    assert len(script.asked) == 2


@pytest.mark.parametrize("first", [*AWAY, httpx.ConnectError, httpx.ReadError])
def test_a_run_is_started_once_though_it_is_asked_for_twice(first: int | type[httpx.TransportError]) -> None:
    """Airflow may have made the run and been unable to say so: then it answers 409 to the second call."""
    gone = httpx.Response(first) if isinstance(first, int) else first
    script = Scripted(gone, httpx.Response(409, json={"detail": "exists"}), made())
    started: Run = api(script).trigger("load_bronze", "2025-10-16")
    assert started.run_id == "made"
    bodies = [json.loads(each.content) for each in script.asked[:2]]
    assert bodies[0] == bodies[1]
    assert script.asked[2].url.path.endswith(f"/dagRuns/{bodies[0]['dag_run_id']}")


def test_two_starts_are_two_runs() -> None:
    script = Scripted(made())
    for _ in range(2):
        api(script).trigger("load_bronze", "2025-10-16")
    assert len({json.loads(each.content)["dag_run_id"] for each in script.asked}) == 2


@pytest.mark.parametrize(("answer", "sent"), [(500, 1), (503, 1), (httpx.ReadError, 1), (429, 2)])
def test_what_may_have_been_done_is_not_asked_for_again(
    answer: int | type[httpx.TransportError], sent: int
) -> None:
    """Clearing a run's tasks twice would end the attempts that the first call started."""
    gone = httpx.Response(answer) if isinstance(answer, int) else answer
    script = Scripted(made())
    run = api(script).run("load_bronze", "made")
    script.asked.clear()
    script.answers = [gone, httpx.Response(200, json={"task_instances": []})]
    if sent == 1:
        with pytest.raises(AirflowApiAwayError):
            api(script).clear_failed(run)
    else:
        assert api(script).clear_failed(run) == []
    assert len(script.asked) == sent


def test_signing_in_is_tried_again_whatever_the_call_is() -> None:
    script = Scripted(httpx.Response(200, json={"task_instances": []}), sign_in=(500, 503, 201))
    run = api(Scripted(made())).run("load_bronze", "made")
    assert api(script).clear_failed(run) == []


def test_patience_ends_and_the_error_says_what_airflow_said() -> None:
    script = Scripted(httpx.Response(500, text="the database system is in recovery mode"))
    told: list[str] = []
    with pytest.raises(AirflowApiError, match=r"500 to GET .*recovery mode"):
        api(script, patience=0.05, on_wait=told.append).import_errors()
    assert len(script.asked) > 1
    assert told
    assert "500 to GET /api/v2/importErrors" in told[0]


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
def test_a_refusal_is_not_repeated(status: int) -> None:
    script = Scripted(httpx.Response(status, json={"detail": "no"}))
    with pytest.raises(AirflowApiError, match=str(status)):
        api(script).import_errors()
    assert len(script.asked) == 1
