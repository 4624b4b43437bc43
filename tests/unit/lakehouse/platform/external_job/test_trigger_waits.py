"""The trigger rides out failed polls, keeps its deadline, and cancels only what its task started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lakehouse.airbyte.errors import AirbyteNotFoundError, AirbyteUnavailableError
from lakehouse.airbyte.states import JobState as AirbyteState
from lakehouse.airbyte.triggers import AirbyteJobTrigger
from lakehouse.dremio.errors import DremioNotFoundError, DremioUnavailableError
from lakehouse.dremio.reflection_progress import Awaited
from lakehouse.dremio.states import JobState as DremioState
from lakehouse.dremio.triggers import DremioJobTrigger, DremioReflectionsTrigger
from lakehouse.platform.external_job import triggers
from lakehouse.platform.external_job.job import Phase
from lakehouse.platform.external_job.triggers import POLL_SECONDS, ExternalJobTrigger

LATER = "2025-10-17T04:35:00+00:00"
REQUEST = {"waiting": [Awaited("i", "t", "2025-10-17T04:15:00+00:00", 0, None).to_json()], "changes": {}}


@dataclass(frozen=True)
class Seen:
    """A job as a poll shows it."""

    handle: int
    phase: Phase
    progress: str


class ScriptedClient:
    """Answers one step of the script per poll, the last one forever."""

    def __init__(self, *script: Phase | Exception) -> None:
        self.script = list(script)
        self.polls = 0
        self.cancelled: list[int] = []
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def job(self, handle: int, /) -> Seen:
        self.polls += 1
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(step, Exception):
            raise step
        return Seen(handle, step, f"poll {self.polls}: {step}")

    def cancel(self, handle: int, /) -> None:
        self.cancelled.append(handle)


class ScriptedTrigger(ExternalJobTrigger[Seen]):
    """A trigger on a client of the test's."""

    scripted: ScriptedClient

    def client_of(self, connection: Any) -> ScriptedClient:
        assert connection == "the connection of some_service"
        return self.scripted


TriggerOn = Callable[..., ScriptedTrigger]


@pytest.fixture
def trigger_on(monkeypatch: pytest.MonkeyPatch) -> TriggerOn:
    async def connection(conn_id: str) -> str:
        return f"the connection of {conn_id}"

    monkeypatch.setattr(triggers.BaseHook, "aget_connection", connection)

    def on(client: ScriptedClient, deadline_in: float = 30, owned: bool = True) -> ScriptedTrigger:
        deadline = datetime.now(UTC) + timedelta(seconds=deadline_in)
        trigger = ScriptedTrigger("some_service", 7, deadline.isoformat(), owned)
        trigger.poll_seconds = 0.01
        trigger.scripted = client
        return trigger

    return on


def fired(trigger: ScriptedTrigger) -> dict[str, Any]:
    async def first() -> dict[str, Any]:
        async for event in trigger.run():
            return dict(event.payload)
        raise AssertionError("the trigger ended without an event")

    return asyncio.run(asyncio.wait_for(first(), 10))


AWAY = [AirbyteUnavailableError("503"), DremioUnavailableError("restarting")]
GONE = [AirbyteNotFoundError("404"), DremioNotFoundError("no such job")]


@pytest.mark.parametrize("end", [Phase.SUCCEEDED, Phase.STOPPED])
def test_it_fires_at_any_end(trigger_on: TriggerOn, end: Phase) -> None:
    client = ScriptedClient(Phase.RUNNING, Phase.RUNNING, end)
    assert fired(trigger_on(client)) == {"outcome": "ended", "why": f"poll 3: {end}"}
    assert client.polls == 3


@pytest.mark.parametrize("away", AWAY, ids=lambda error: type(error).__name__)
def test_polls_that_fail_are_ridden_out(trigger_on: TriggerOn, away: Exception) -> None:
    client = ScriptedClient(away, Phase.RUNNING, away, Phase.SUCCEEDED)
    assert fired(trigger_on(client))["outcome"] == "ended"


@pytest.mark.parametrize("away", AWAY, ids=lambda error: type(error).__name__)
def test_the_deadline_holds_though_every_poll_fails(trigger_on: TriggerOn, away: Exception) -> None:
    event = fired(trigger_on(ScriptedClient(away), deadline_in=0.1))
    assert event == {"outcome": "deadline", "why": str(away)}


def test_the_deadline_names_the_state_seen_last(trigger_on: TriggerOn) -> None:
    client = ScriptedClient(Phase.RUNNING)
    event = fired(trigger_on(client, deadline_in=0.1))
    assert event == {"outcome": "deadline", "why": f"poll {client.polls}: running"}


def test_a_deadline_that_passed_while_no_triggerer_ran_still_looks_once(trigger_on: TriggerOn) -> None:
    assert fired(trigger_on(ScriptedClient(Phase.SUCCEEDED), deadline_in=-60))["outcome"] == "ended"
    assert fired(trigger_on(ScriptedClient(Phase.RUNNING), deadline_in=-60))["outcome"] == "deadline"


@pytest.mark.parametrize("gone", GONE, ids=lambda error: type(error).__name__)
def test_what_else_the_service_says_is_left_to_the_operator(trigger_on: TriggerOn, gone: Exception) -> None:
    """Raised in the trigger, it would fail the task as "Trigger failure" without the service's words."""
    client = ScriptedClient(gone)
    assert fired(trigger_on(client)) == {"outcome": "lost", "why": str(gone)}
    assert client.polls == 1


@pytest.mark.parametrize(("owned", "cancelled"), [(True, [7]), (False, [])])
def test_a_kill_while_deferred_cancels_the_tasks_own_job_only(
    trigger_on: TriggerOn, owned: bool, cancelled: list[int]
) -> None:
    client = ScriptedClient(Phase.RUNNING)
    asyncio.run(trigger_on(client, owned=owned).on_kill())
    assert client.cancelled == cancelled


def test_the_connections_of_a_trigger_are_given_back(trigger_on: TriggerOn) -> None:
    """The triggerer lives for weeks."""
    waited, killed = ScriptedClient(Phase.SUCCEEDED), ScriptedClient(Phase.RUNNING)
    fired(trigger_on(waited))
    asyncio.run(trigger_on(killed).on_kill())
    assert waited.closed
    assert killed.closed


@pytest.mark.parametrize(
    "trigger",
    [
        AirbyteJobTrigger("airbyte_default", 7, LATER, False),
        DremioJobTrigger("dremio_default", "7", LATER, True),
        DremioReflectionsTrigger("dremio_default", REQUEST, LATER, True),
    ],
    ids=lambda trigger: type(trigger).__name__,
)
def test_a_trigger_comes_back_from_its_serialized_form(trigger: ExternalJobTrigger[Any]) -> None:
    path, arguments = trigger.serialize()
    assert path == f"{type(trigger).__module__}.{type(trigger).__qualname__}"
    again = type(trigger)(**arguments)
    assert again.serialize() == (path, arguments)
    assert again.poll_seconds == POLL_SECONDS >= 10, "one that fires at once can lose its task"


@pytest.mark.parametrize("states", [AirbyteState, DremioState])
def test_a_word_not_met_before_is_waited_on_and_is_no_success(states: Any) -> None:
    assert states.of("hibernating").phase is Phase.RUNNING
    assert [state for state in states if state.phase is Phase.SUCCEEDED] in (
        [AirbyteState.SUCCEEDED],
        [DremioState.COMPLETED],
    )
