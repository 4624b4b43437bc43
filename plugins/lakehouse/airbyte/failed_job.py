"""The error for a sync job that did not succeed: Airbyte's reason, and whether a rerun can change it."""

from __future__ import annotations

import logging
from typing import Final

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.errors import (
    AirbyteJobCancelledError,
    AirbyteJobFailedError,
    AirbyteJobMisconfiguredError,
)
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.log_lines import beside, grouped
from lakehouse.airbyte.refused_access import access_advice
from lakehouse.airbyte.states import JobState
from lakehouse.platform.errors import LakehouseError

log = logging.getLogger(__name__)

_IF_FAILED: Final = "This task's next attempt syncs again; if it fails as well, fix what the reason names"

_IF_MISCONFIGURED: Final = (
    "Trying again changes nothing: correct what the reason names, then run the date again"
)


def job_name(client: AirbyteClient, connection_name: str, job_id: int) -> str:
    """The job, as an error names it."""
    return f"Airbyte job {job_id} of {connection_name} ({client.job_url(job_id)})"


def error_of(client: AirbyteClient, connection_name: str, job: Job) -> LakehouseError:
    """The error for a job that has ended in any way but success; its last lines go to the task's log."""
    name = job_name(client, connection_name, job.job_id)
    if job.state is JobState.CANCELLED:
        return AirbyteJobCancelledError(
            f"{name} was cancelled. Nothing was claimed; if that was not meant, start this stage again"
        )
    if job.state is not JobState.FAILED:
        return AirbyteJobFailedError(f"{name} is in state {job.raw_state!r}, which is not success")
    try:
        failure = client.failure_of(job.job_id)
    except LakehouseError as error:
        return AirbyteJobFailedError(f"{name} failed; its reason could not be read: {error}. {_IF_FAILED}")
    for line in failure.last_log_lines:
        log.error("Airbyte: %s", line)
    message = f"{name} failed: {failure.reason}"
    if alike := grouped(beside(failure.reason, failure.last_log_lines)):
        message += ". Its log ends: " + " | ".join(alike)
    if advice := access_advice(connection_name, failure.reason, failure.origin):
        kind = AirbyteJobMisconfiguredError if failure.is_configuration else AirbyteJobFailedError
        return kind(f"{message}. {advice}")
    if failure.is_configuration:
        return AirbyteJobMisconfiguredError(f"{message}. {_IF_MISCONFIGURED}")
    return AirbyteJobFailedError(f"{message}. {_IF_FAILED}")
