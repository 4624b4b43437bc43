"""Triggers: they survive a Dremio that is away, keep the deadline, and never poll at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.errors import DremioNotFoundError, DremioUnavailableError
from lakehouse.dremio.reflection_progress import Awaited
from lakehouse.dremio.triggers import POLL_SECONDS, DremioJobTrigger, DremioReflectionsTrigger


class _Scripted(DremioJobTrigger):
    """Polls what the test says instead of asking Dremio."""

    def __init__(self, answers: list[bool | Exception], deadline: datetime) -> None:
        super().__init__("dremio_default", deadline.isoformat(), "7")
        self.poll_seconds = 0.01
        self.answers = answers
        self.client = DremioClient("http://127.0.0.1:9", "nobody", "")

    def _client(self) -> DremioClient:
        return self.client

    def _poll(self, client: DremioClient) -> bool:
        assert client is self.client, "one login for the whole wait"
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def fired(trigger: DremioJobTrigger) -> Any:
    async def first() -> Any:
        async for event in trigger.run():
            return event.payload
        return None

    return asyncio.run(asyncio.wait_for(first(), 5))


def test_it_fires_when_the_job_is_over() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=4)
    assert fired(_Scripted([False, False, True], soon)) == {"done": True}


def test_dremio_being_away_is_ridden_out() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=4)
    away = DremioUnavailableError("restarting")
    assert fired(_Scripted([away, False, away, True], soon)) == {"done": True}


def test_what_else_dremio_says_is_left_to_the_operator() -> None:
    """Raised in the trigger, it would fail the task as "Trigger failure" without Dremio's words."""
    soon = datetime.now(UTC) + timedelta(seconds=4)
    assert fired(_Scripted([DremioNotFoundError("no such job")], soon)) == {"done": True}


@pytest.mark.parametrize("answer", [False, DremioUnavailableError("gone for good")])
def test_it_fires_at_the_deadline_too(answer: bool | Exception) -> None:
    assert fired(_Scripted([answer], datetime.now(UTC) - timedelta(seconds=1))) == {"done": False}


@pytest.mark.parametrize(
    "trigger",
    [
        DremioJobTrigger("dremio_default", "2025-10-17T04:35:00+00:00", "7", 15),
        DremioReflectionsTrigger(
            "dremio_default",
            "2025-10-17T04:35:00+00:00",
            [Awaited("i", "t", "2025-10-17T04:15:00+00:00", 0, None).to_json()],
            15,
        ),
    ],
)
def test_a_trigger_comes_back_from_its_serialized_form(trigger: DremioJobTrigger) -> None:
    path, arguments = trigger.serialize()
    assert path == f"lakehouse.dremio.triggers.{type(trigger).__name__}"
    assert type(trigger)(**arguments).serialize() == (path, arguments)


def test_the_first_poll_is_never_sooner_than_the_scheduler_can_bear() -> None:
    """In Airflow 3.3.2 a trigger that fires within about 5 s of deferring can fail its task."""
    assert (
        DremioJobTrigger("dremio_default", "2025-10-17T04:35:00+00:00", "7", 1).poll_seconds
        == POLL_SECONDS
        >= 10
    )
