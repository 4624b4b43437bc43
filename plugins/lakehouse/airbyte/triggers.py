"""Waiting for an Airbyte job without a worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from airflow.sdk import BaseHook
from airflow.triggers.base import BaseTrigger, TriggerEvent

from lakehouse.airbyte.client import AirbyteClient, Job
from lakehouse.airbyte.hook import client_of
from lakehouse.platform.errors import LakehouseError, PermanentError

POLL_SECONDS: Final = 10.0
"""Also the wait before the first poll: a trigger that fires within about 5 s of deferring can lose its task
("executor reported success, but the task instance's state is queued", Airflow 3.3.2)."""

ENDED: Final = "ended"
DEADLINE: Final = "deadline"
LOST: Final = "lost"


class AirbyteJobTrigger(BaseTrigger):
    """Fires when the job has ended, when its deadline has passed, or when Airbyte disowns it.

    Polls that fail are ridden out until the deadline, a moment in wall-clock time (epoch seconds), so that
    neither a restart of the triggerer nor one of Airbyte moves it. If the task is killed from the web UI, a
    job that the task started is cancelled; one it only waits for is left alone.
    """

    def __init__(
        self,
        airbyte_conn_id: str,
        job_id: int,
        deadline: float,
        owned: bool,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        super().__init__()
        self.airbyte_conn_id = airbyte_conn_id
        self.job_id = job_id
        self.deadline = deadline
        self.owned = owned
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, for the triggerer."""
        return (
            "lakehouse.airbyte.triggers.AirbyteJobTrigger",
            {
                "airbyte_conn_id": self.airbyte_conn_id,
                "job_id": self.job_id,
                "deadline": self.deadline,
                "owned": self.owned,
                "poll_seconds": self.poll_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: `{"outcome": ended | deadline | lost, "job_id", "why"}`."""
        async with self._client() as client:
            event = await self._end_of_wait(client)
        yield event

    async def _end_of_wait(self, client: AirbyteClient) -> TriggerEvent:
        last_seen = "never polled"
        while True:
            await asyncio.sleep(max(0.0, min(self.poll_seconds, self.deadline - time.time())))
            try:
                job: Job = await asyncio.to_thread(client.job, self.job_id)
            except PermanentError as error:
                return self._event(LOST, str(error))
            except LakehouseError as error:
                last_seen = str(error)
                self.log.warning("Airbyte job %s could not be polled, trying again: %s", self.job_id, error)
            else:
                last_seen = f"state {job.raw_state}"
                if job.state.is_end:
                    return self._event(ENDED, last_seen)
                self.log.info("Airbyte job %s: %s, %s rows so far", self.job_id, job.raw_state, job.rows)
            if time.time() >= self.deadline:
                return self._event(DEADLINE, last_seen)

    async def on_kill(self) -> None:
        """Cancel the job if the task had started it: somebody failed, cleared or ended the task by hand."""
        if self.owned:
            async with self._client() as client:
                await asyncio.to_thread(client.cancel, self.job_id)
            self.log.warning("Airbyte job %s cancelled: its task was killed while deferred", self.job_id)

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[AirbyteClient]:
        """A client, closed afterwards: the triggerer lives for weeks. Made in a thread, for reading the CA
        certificates keeps the event loop for half a second."""
        connection = await BaseHook.aget_connection(self.airbyte_conn_id)
        client = await asyncio.to_thread(client_of, connection)
        try:
            yield client
        finally:
            client.close()

    def _event(self, outcome: str, why: str) -> TriggerEvent:
        return TriggerEvent({"outcome": outcome, "job_id": self.job_id, "why": why})
