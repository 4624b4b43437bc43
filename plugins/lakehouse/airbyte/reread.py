"""Reading a connection's tables again from the beginning, after their changes were lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.errors import (
    AirbyteJobCancelledError,
    AirbyteJobFailedError,
    AirbyteUnavailableError,
)
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.states import JobState

POLL_SECONDS: Final = 2.0


def read_again(
    client: AirbyteClient,
    name: str,
    tell: Callable[[Job], None],
    pause: Callable[[float], None] = time.sleep,
) -> Job:
    """The refresh job of a connection, followed to its success.

    Airbyte forgets the connection's state, reads its streams in full and continues from there; a replication
    slot that is missing or lost is created again by the embedded Airbyte, while Airbyte wants it there first.

    Args:
        client: of the server.
        name: of the connection.
        tell: is told the job after every look at it.
        pause: waits so many seconds.

    Raises:
        AirbyteNotFoundError: no connection has the name.
        AirbyteBusyError: the connection has a running job; wait for its end.
        AirbyteJobFailedError: the job failed, with Airbyte's reason.
        AirbyteJobCancelledError: somebody cancelled the job.
    """
    job = client.start_refresh(client.connection_id(name))
    tell(job)
    while not job.phase.is_over:
        pause(POLL_SECONDS)
        try:
            job = client.job(job.job_id)
        except AirbyteUnavailableError:
            continue  # the job goes on without this look at it
        tell(job)
    if job.state is JobState.CANCELLED:
        raise AirbyteJobCancelledError(f"the refresh of {name}, Airbyte job {job.job_id}, was cancelled")
    if job.state is not JobState.SUCCEEDED:
        reason = client.failure_of(job.job_id).reason
        raise AirbyteJobFailedError(f"the refresh of {name}, Airbyte job {job.job_id}, failed: {reason}")
    return job
