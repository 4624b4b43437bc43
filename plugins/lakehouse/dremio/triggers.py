"""Waiting for Dremio without holding a worker."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

from airflow.triggers.base import BaseTrigger, TriggerEvent

from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.errors import DremioError, DremioUnavailableError
from lakehouse.dremio.hook import DremioHook
from lakehouse.dremio.reflection_progress import Awaited, look

POLL_SECONDS: Final = 10.0
"""Also the pause before the first poll: a trigger that fires within about 5 s of deferring can fail its
task in Airflow 3.3.2 ("Executor reported success, but the task instance's state is queued")."""


class _DremioTrigger(BaseTrigger):
    """Polls until there is something to tell or the deadline has passed; the operator judges.

    Dremio being away is ridden out until the deadline. What else Dremio says ends the wait: the operator
    asks again and raises it in the task's own log. Every call runs in a thread: the event loop of the
    triggerer is never blocked.

    Args:
        conn_id: Dremio's Airflow connection.
        deadline: ISO time, UTC.
        poll_seconds: pause between polls, at least 10.
    """

    def __init__(self, conn_id: str, deadline: str, poll_seconds: float = POLL_SECONDS) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.deadline = deadline
        self.poll_seconds = max(poll_seconds, POLL_SECONDS)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        client = await asyncio.to_thread(self._client)
        try:
            done = await self._end_of_wait(client)
        finally:
            client.close()
        yield TriggerEvent({"done": done})

    async def _end_of_wait(self, client: DremioClient) -> bool:
        while True:
            await asyncio.sleep(self.poll_seconds)
            try:
                if await asyncio.to_thread(self._poll, client):
                    return True
            except DremioUnavailableError as error:
                self.log.warning("Dremio does not answer, asking again: %s", error)
            except DremioError as error:
                self.log.warning("nothing to wait for any more: %s", error)
                return True
            if datetime.now(UTC) >= datetime.fromisoformat(self.deadline):
                return False

    def _client(self) -> DremioClient:
        return DremioHook(self.conn_id).get_conn()

    @abstractmethod
    def _poll(self, client: DremioClient) -> bool:
        """Is there nothing left to wait for?"""


class DremioJobTrigger(_DremioTrigger):
    """Waits until a job is over. A killed task cancels the job."""

    def __init__(self, conn_id: str, deadline: str, job_id: str, poll_seconds: float = POLL_SECONDS) -> None:
        super().__init__(conn_id, deadline, poll_seconds)
        self.job_id = job_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "deadline": self.deadline,
                "job_id": self.job_id,
                "poll_seconds": self.poll_seconds,
            },
        )

    def _poll(self, client: DremioClient) -> bool:
        return client.job(self.job_id).state.is_final

    async def on_kill(self) -> None:
        """Cancel the job: the person who kills the task means the work, not only our waiting."""
        client = await asyncio.to_thread(self._client)
        try:
            await asyncio.to_thread(client.cancel_quietly, self.job_id)
        finally:
            client.close()


class DremioReflectionsTrigger(_DremioTrigger):
    """Waits until every reflection is ready, or one of them cannot become so.

    A refresh belongs to Dremio and has no public job to cancel: a killed task leaves it running, and it
    leaves queries correct either way.
    """

    def __init__(
        self,
        conn_id: str,
        deadline: str,
        waiting: list[dict[str, Any]],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        super().__init__(conn_id, deadline, poll_seconds)
        self.waiting = waiting

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "deadline": self.deadline,
                "waiting": self.waiting,
                "poll_seconds": self.poll_seconds,
            },
        )

    def _poll(self, client: DremioClient) -> bool:
        return all(look(client, Awaited.from_json(each)) for each in self.waiting)
