"""Airbyte's answers become the right kind of error, and no page and no state is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from lakehouse.airbyte.client import PAGE_SIZE, AirbyteClient
from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteNotFoundError,
    AirbyteRefusedError,
    AirbyteUnavailableError,
)
from lakehouse.airbyte.states import JobState
from lakehouse.platform.errors import PermanentError, TransientError

URL = "http://airbyte:8001/api/public/v1"
JOB = {"jobId": 7, "connectionId": "c", "jobType": "sync", "startTime": "2025-10-16T01:00:02Z"}
Answer = Callable[[httpx.Request], httpx.Response]


def client_answering(answer: Answer, tokens: list[str] | None = None) -> AirbyteClient:
    issued = iter(tokens or ["token"] * 20)

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/public/v1/applications/token":
            assert b"grant_type=client_credentials" in request.content, "the token endpoint takes a form"
            return httpx.Response(200, json={"access_token": next(issued), "expires_in": 180})
        return answer(request)

    return AirbyteClient(URL, "id", "secret", transport=httpx.MockTransport(handle))


def job_in(state: str, **more: Any) -> dict[str, Any]:
    return JOB | {"status": state} | more


@pytest.mark.parametrize("state", [state for state in JobState if state is not JobState.UNKNOWN])
def test_a_state_is_read_as_airbyte_spells_it(state: JobState) -> None:
    job = client_answering(lambda _: httpx.Response(200, json=job_in(state.value, rowsSynced=3))).job(7)
    assert (job.state, job.raw_state, job.rows) == (state, state.value, 3)


def test_a_new_word_for_a_state_is_no_end_and_no_success() -> None:
    job = client_answering(lambda _: httpx.Response(200, json=job_in("hibernating"))).job(7)
    assert job.state is JobState.UNKNOWN
    assert job.raw_state == "hibernating"
    assert not job.phase.is_over


def test_only_three_states_are_ends() -> None:
    assert {state for state in JobState if state.phase.is_over} == {
        JobState.SUCCEEDED,
        JobState.FAILED,
        JobState.CANCELLED,
    }


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, AirbyteRefusedError, PermanentError),
        (403, AirbyteRefusedError, PermanentError),
        (404, AirbyteNotFoundError, PermanentError),
        (409, AirbyteBusyError, TransientError),
        (422, AirbyteRefusedError, PermanentError),
        (429, AirbyteUnavailableError, TransientError),
        (500, AirbyteUnavailableError, TransientError),
        (503, AirbyteUnavailableError, TransientError),
    ],
)
def test_a_refusal_is_permanent_or_transient_and_carries_airbytes_words(
    status: int, error: type[Exception], kind: type[Exception]
) -> None:
    client = client_answering(lambda _: httpx.Response(status, json={"detail": "because\n so"}))
    with pytest.raises(error, match=f"{status} to POST .*/jobs: because so") as refused:
        client.start_sync("c")
    assert isinstance(refused.value, kind)


def test_no_answer_is_transient_and_names_the_server() -> None:
    def broken(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(AirbyteUnavailableError, match=r"http://airbyte:8001.*did not answer GET"):
        client_answering(broken).job(7)


def test_an_expired_token_is_renewed_once() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["Authorization"])
        expired = seen[-1] == "Bearer old"
        return httpx.Response(401) if expired else httpx.Response(200, json=job_in("running"))

    assert client_answering(answer, ["old", "new"]).job(7).state is JobState.RUNNING
    assert seen == ["Bearer old", "Bearer new"]


def test_wrong_credentials_are_permanent_and_point_at_the_connection() -> None:
    client = client_answering(lambda _: httpx.Response(401))
    with pytest.raises(AirbyteRefusedError, match="login and password of the Airflow connection"):
        client.job(7)


@pytest.mark.parametrize("total", [0, 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE])
def test_every_page_of_a_list_is_read(total: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        offset, limit = int(request.url.params["offset"]), int(request.url.params["limit"])
        return httpx.Response(200, json={"data": [{"n": n} for n in range(total)][offset : offset + limit]})

    assert [item["n"] for item in client_answering(answer).listed("/connections")] == list(range(total))


def test_cancelling_a_job_that_has_ended_is_no_error() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(422) if request.method == "DELETE" else httpx.Response(200, json=job_in("failed"))
        )

    client_answering(answer).cancel(7)


def test_cancelling_that_is_refused_while_the_job_runs_is_an_error() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(422) if request.method == "DELETE" else httpx.Response(200, json=job_in("running"))
        )

    with pytest.raises(AirbyteRefusedError):
        client_answering(answer).cancel(7)


def test_the_unfinished_job_is_found_behind_finished_ones() -> None:
    listed = [job_in("succeeded"), job_in("running", jobId=6), job_in("failed", jobId=5)]
    job = client_answering(lambda _: httpx.Response(200, json={"data": listed})).unfinished_job("c")
    assert job is not None
    assert job.job_id == 6


def test_the_reason_of_a_failure_is_the_last_attempts() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/jobs/get"
        assert json.loads(request.content) == {"id": 7}
        failures = [{"externalMessage": "no such table", "failureType": "config_error"}]
        last = {"attempt": {"failureSummary": {"failures": failures}}, "logs": {"logLines": ["a", "b"]}}
        return httpx.Response(200, json={"job": {}, "attempts": [{"attempt": {}}, last]})

    failure = client_answering(answer).failure_of(7)
    assert (failure.reason, failure.is_configuration) == ("no such table", True)
    assert failure.last_log_lines == ("a", "b")


@pytest.mark.parametrize(
    ("failures", "is_configuration"),
    [
        ([{"failureType": "config_error", "externalMessage": "no such schema"}], True),
        ([{"failureType": "system_error", "externalMessage": "lost"}], False),
        ([{"failureType": "config_error"}, {"failureType": "transient_error"}], False),
        ([{"failureType": "config_error", "internalMessage": "Concurrent read failure"}], False),
        ([], False),
    ],
)
def test_only_a_configuration_that_is_really_blamed_is_permanent(
    failures: list[dict[str, str]], is_configuration: bool
) -> None:
    """The declarative CDK summed a refused connection up as config_error: the night did not retry it."""
    attempt = {"attempt": {"failureSummary": {"failures": failures}}}
    answer = httpx.Response(200, json={"job": {}, "attempts": [attempt]})
    assert client_answering(lambda _: answer).failure_of(7).is_configuration is is_configuration


def test_a_failure_without_attempts_has_no_reason() -> None:
    failure = client_answering(lambda _: httpx.Response(200, json={"job": {}, "attempts": []})).failure_of(7)
    assert failure.reason == "Airbyte gives no reason"
