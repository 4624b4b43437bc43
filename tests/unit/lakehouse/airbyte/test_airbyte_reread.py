"""`bin/airbyte refresh`: one job, followed to its end; only success is success."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from lakehouse.airbyte import __main__ as command
from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteJobCancelledError,
    AirbyteJobFailedError,
    AirbyteNotFoundError,
)
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.reread import read_again

NAME = "cafe_postgres_stream_to_lake"


class Server:
    """Airbyte with connections and one job, which is seen in these states one after the other."""

    def __init__(
        self, states: Sequence[str | int], names: Sequence[str] = (NAME, "other"), busy: bool = False
    ):
        self._states = list(states)
        self._names = names
        self._busy = busy
        self.posted: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/connections"):
            found = [{"name": name, "connectionId": f"id of {name}"} for name in self._names]
            return httpx.Response(200, json={"data": found})
        if request.url.path.endswith("/api/v1/jobs/get"):
            failure = {"failures": [{"externalMessage": "the table is gone", "failureType": "config_error"}]}
            return httpx.Response(200, json={"attempts": [{"attempt": {"failureSummary": failure}}]})
        if request.method == "POST":
            self.posted.append(json.loads(request.content))
            if self._busy:
                return httpx.Response(409, json={"detail": "a job is running"})
        state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        if isinstance(state, int):
            return httpx.Response(state)
        answer = {"jobId": 7, "connectionId": "c", "startTime": "2025-10-16T01:00:02Z", "status": state}
        return httpx.Response(200, json=answer | {"rowsSynced": 12})

    def client(self) -> AirbyteClient:
        return AirbyteClient("http://airbyte/api/public/v1", transport=httpx.MockTransport(self))


def refreshed(server: Server) -> tuple[Job, list[str]]:
    told: list[str] = []
    job = read_again(server.client(), NAME, lambda job: told.append(job.raw_state), lambda seconds: None)
    return job, told


def test_the_connection_of_that_name_is_refreshed_and_followed_to_its_success() -> None:
    server = Server(["pending", "running", 503, "hibernating", "succeeded"])
    job, told = refreshed(server)
    assert server.posted == [{"connectionId": f"id of {NAME}", "jobType": "refresh"}]
    assert told == ["pending", "running", "hibernating", "succeeded"], "an unknown word does not end it"
    assert job.rows == 12


@pytest.mark.parametrize(
    ("end", "error", "words"),
    [
        ("failed", AirbyteJobFailedError, "the table is gone"),
        ("cancelled", AirbyteJobCancelledError, "was cancelled"),
    ],
)
def test_what_did_not_succeed_is_an_error_that_names_the_job(
    end: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=f"refresh of {NAME}, Airbyte job 7, .*{words}"):
        refreshed(Server(["running", end]))


@pytest.mark.parametrize("names", [[], ["other"], [NAME, NAME]])
def test_without_one_connection_of_that_name_nothing_is_started(names: list[str]) -> None:
    server = Server(["running"], names)
    with pytest.raises(AirbyteNotFoundError, match="run provision_platform"):
        refreshed(server)
    assert server.posted == []


def test_a_connection_with_a_running_job_is_left_alone() -> None:
    with pytest.raises(AirbyteBusyError, match="a job is running"):
        refreshed(Server(["running"], busy=True))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["refresh", NAME], 0, "has been read again: 12 rows landed"),
        (["refresh", "nothing"], 2, "0 connections named nothing"),
    ],
)
def test_the_command_says_how_it_ended(
    arguments: list[str],
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "client_of", lambda connection: Server(["succeeded"]).client())
    monkeypatch.setattr(command, "airflow_connection", lambda name: None)
    assert command.main(arguments) == code
    printed = capsys.readouterr()
    assert words in printed.out + printed.err


@pytest.mark.parametrize("arguments", [["refresh"], ["diff", NAME], ["apply", NAME]])
def test_only_a_refresh_takes_a_name_and_it_needs_one(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(arguments)
