"""The trigger rides out failed polls, keeps its deadline, and cancels only what its task started."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from lakehouse.airbyte import triggers
from lakehouse.airbyte.client import Job
from lakehouse.airbyte.errors import AirbyteNotFoundError, AirbyteUnavailableError
from lakehouse.airbyte.states import JobState
from lakehouse.airbyte.triggers import AirbyteJobTrigger


class ScriptedClient:
    """Answers one step of the script per poll, the last one for ever."""

    def __init__(self, *script: str | Exception) -> None:
        self.script = list(script)
        self.polls = 0
        self.cancelled: list[int] = []
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def job(self, job_id: int) -> Job:
        self.polls += 1
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return Job(job_id, "c", JobState.of(step), step, datetime.now(UTC), 0, 0)

    def cancel(self, job_id: int) -> None:
        self.cancelled.append(job_id)


TriggerOn = Callable[..., AirbyteJobTrigger]


@pytest.fixture
def trigger_on(monkeypatch: pytest.MonkeyPatch) -> TriggerOn:
    async def connection(conn_id: str) -> None:
        assert conn_id == "airbyte_default"

    def on(client: ScriptedClient, deadline_in: float = 30, owned: bool = True) -> AirbyteJobTrigger:
        monkeypatch.setattr(triggers.BaseHook, "aget_connection", connection)
        monkeypatch.setattr(triggers, "client_of", lambda connection: client)
        deadline = time.time() + deadline_in
        return AirbyteJobTrigger("airbyte_default", 7, deadline, owned, poll_seconds=0.01)

    return on


async def first_event(trigger: AirbyteJobTrigger) -> dict[str, Any]:
    async for event in trigger.run():
        return dict(event.payload)
    raise AssertionError("the trigger ended without an event")


@pytest.mark.parametrize("end", ["succeeded", "failed", "cancelled"])
def test_any_end_is_reported(trigger_on: TriggerOn, end: str) -> None:
    client = ScriptedClient("pending", "queued", "running", "incomplete", "hibernating", end)
    event = asyncio.run(first_event(trigger_on(client)))
    assert event == {"outcome": "ended", "job_id": 7, "why": f"state {end}"}
    assert client.polls == 6


def test_polls_that_fail_are_ridden_out(trigger_on: TriggerOn) -> None:
    client = ScriptedClient(AirbyteUnavailableError("503"), AirbyteUnavailableError("hung up"), "succeeded")
    assert asyncio.run(first_event(trigger_on(client)))["outcome"] == "ended"


def test_the_deadline_holds_though_every_poll_fails(trigger_on: TriggerOn) -> None:
    event = asyncio.run(
        first_event(trigger_on(ScriptedClient(AirbyteUnavailableError("503")), deadline_in=0.1))
    )
    assert event == {"outcome": "deadline", "job_id": 7, "why": "503"}


def test_the_deadline_names_the_last_state_seen(trigger_on: TriggerOn) -> None:
    event = asyncio.run(first_event(trigger_on(ScriptedClient("hibernating"), deadline_in=0.1)))
    assert event == {"outcome": "deadline", "job_id": 7, "why": "state hibernating"}


def test_a_job_that_airbyte_disowns_is_not_polled_for_ever(trigger_on: TriggerOn) -> None:
    client = ScriptedClient(AirbyteNotFoundError("404"))
    assert asyncio.run(first_event(trigger_on(client)))["outcome"] == "lost"
    assert client.polls == 1


@pytest.mark.parametrize(("owned", "cancelled"), [(True, [7]), (False, [])])
def test_a_kill_while_deferred_cancels_our_own_job_only(
    trigger_on: TriggerOn, owned: bool, cancelled: list[int]
) -> None:
    client = ScriptedClient("running")
    asyncio.run(trigger_on(client, owned=owned).on_kill())
    assert client.cancelled == cancelled


def test_the_connections_of_a_trigger_are_given_back(trigger_on: TriggerOn) -> None:
    """The triggerer lives for weeks."""
    client = ScriptedClient("succeeded")
    asyncio.run(first_event(trigger_on(client)))
    assert client.closed


def test_it_is_rebuilt_from_what_it_serializes() -> None:
    trigger = AirbyteJobTrigger("airbyte_default", 7, 123.0, False)
    path, arguments = trigger.serialize()
    assert path == f"{AirbyteJobTrigger.__module__}.{AirbyteJobTrigger.__qualname__}"
    assert AirbyteJobTrigger(**arguments).serialize() == (path, arguments)
