"""Waiting for an external job without a worker."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Generic

from airflow.sdk import BaseHook
from airflow.triggers.base import BaseTrigger, TriggerEvent

from lakehouse.platform.errors import LakehouseError, TransientError
from lakehouse.platform.external_job.job import Handle, Job, JobClient

if TYPE_CHECKING:
    from airflow.sdk import Connection

POLL_SECONDS: Final = 10.0
"""Also the wait before the first poll: a trigger that fires within about 5 s of deferring can lose its task
("executor reported success, but the task instance's state is queued", Airflow 3.3.2)."""


class Outcome(StrEnum):
    """Why the wait is over."""

    ENDED = "ended"
    DEADLINE = "deadline"
    LOST = "lost"
    """The service refuses to tell: the operator asks again, and raises the answer in the task's own log."""


class ExternalJobTrigger(BaseTrigger, Generic[Job]):
    """Fires when the job has ended, when its deadline has passed, or when the service disowns it.

    Polls that fail are ridden out until the deadline, a moment of the wall clock, so that neither a restart
    of the triggerer nor one of the service moves it. Every call runs in a thread: the event loop of the
    triggerer is never blocked. If the task is killed from the web UI, a job that the task started is
    cancelled; one that it only waits for is left alone.

    Args:
        conn_id: the service's Airflow connection.
        handle: what the job is found by.
        deadline: ISO time with its zone.
        owned: whether the task started the job.
    """

    def __init__(self, conn_id: str, handle: Handle, deadline: str, owned: bool) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.handle = handle
        self.deadline = deadline
        self.owned = owned
        self.poll_seconds = POLL_SECONDS

    @abstractmethod
    def client_of(self, connection: Connection) -> JobClient[Job]:
        """The service's client. Runs in a thread: reading the CA certificates takes half a second."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, for the triggerer."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "handle": self.handle,
                "deadline": self.deadline,
                "owned": self.owned,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: `{"outcome": ended | deadline | lost, "why": the state seen last}`."""
        async with self._client() as client:
            outcome, why = await self._end_of_wait(client)
        yield TriggerEvent({"outcome": outcome.value, "why": why})

    async def _end_of_wait(self, client: JobClient[Job]) -> tuple[Outcome, str]:
        while True:
            await asyncio.sleep(self.poll_seconds)
            try:
                job = await asyncio.to_thread(client.job, self.handle)
            except TransientError as error:
                why = str(error)
                self.log.warning("%s could not be looked at, trying again: %s", self._name, error)
            except LakehouseError as error:
                return Outcome.LOST, str(error)
            else:
                why = job.progress
                if job.phase.is_over:
                    return Outcome.ENDED, why
                self.log.info("%s: %s", self._name, why)
            if datetime.now(UTC) >= datetime.fromisoformat(self.deadline):
                return Outcome.DEADLINE, why

    async def on_kill(self) -> None:
        """Cancel the job if the task started it: somebody failed, cleared or ended the task by hand."""
        if not self.owned:
            return
        async with self._client() as client:
            await asyncio.to_thread(client.cancel, self.handle)
        self.log.warning("%s cancelled: its task was killed while deferred", self._name)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[JobClient[Job]]:
        """A client, closed afterwards: the triggerer lives for weeks."""
        connection = await BaseHook.aget_connection(self.conn_id)
        client = await asyncio.to_thread(self.client_of, connection)
        try:
            yield client
        finally:
            await asyncio.to_thread(client.close)

    @property
    def _name(self) -> str:
        return f"job {self.handle} of {self.conn_id}"
