"""One sync of a named Airbyte connection: adopted or started, followed, ended with its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from airflow.sdk.exceptions import AirflowSkipException

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteJobCancelledError,
    AirbyteJobFailedError,
    AirbyteJobMisconfiguredError,
    AirbyteJobTimeoutError,
)
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.log_lines import grouped
from lakehouse.airbyte.reread import connection_id_of
from lakehouse.airbyte.states import JobState
from lakehouse.airbyte.triggers import AirbyteJobTrigger
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.external_job.kept import KeptJobs
from lakehouse.platform.external_job.operators import ExternalJobOperator, JobAheadError
from lakehouse.platform.names import AIRBYTE_CONNECTION
from lakehouse.receipts import ExternalJob, StageReport

_IF_FAILED: Final = "This task's next attempt syncs again; if it fails as well, fix what the reason names"


class AirbyteSyncOperator(ExternalJobOperator[Job]):
    """Run the sync of a named Airbyte connection once, and see it through.

    When Airbyte answers "busy", the task attaches to the running job if that one serves this run (it started
    after this run did); else it waits for its end and starts its own, or, with `skip_when_busy`, leaves it at
    that.

    Returns a StageReport: rows and bytes committed by Airbyte, the job's id, URL and duration.

    Raises:
        AirbyteJobFailedError, AirbyteJobMisconfiguredError, AirbyteJobCancelledError, AirbyteJobTimeoutError:
            the job did not succeed; each names the job, its URL and Airbyte's reason.
        AirbyteNotFoundError: Airbyte has no connection of that name.
        AirflowSkipException: the connection is busy, and `skip_when_busy` is set.
    """

    trigger_class = AirbyteJobTrigger
    template_fields: Sequence[str] = ("connection_name",)
    ui_color = "#615eff"

    def __init__(
        self,
        *,
        connection_name: str,
        conn_id: str = AIRBYTE_CONNECTION,
        skip_when_busy: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.connection_name = connection_name
        self.skip_when_busy = skip_when_busy

    @cached_property
    def client(self) -> AirbyteClient:
        """The connection's server."""
        return LakehouseAirbyteHook(self.conn_id).client

    @property
    def job_timeout(self) -> timedelta:
        """As the connection's file says."""
        return read_connection_file(self.connection_name).timeout

    def submit(self, context: Mapping[str, Any], kept: KeptJobs) -> tuple[Job, bool]:
        """Start a sync, or attach to one that reads all this run needs."""
        connection_id = self._connection_id()
        try:
            return self.client.start_sync(connection_id), True
        except AirbyteBusyError as error:
            running = self.client.unfinished_job(connection_id)
            number = running.job_id if running else "of an unknown number"
            if self.skip_when_busy:
                raise AirflowSkipException(f"{self.connection_name} is busy: job {number}") from error
            if running is None or not self.serves(context, running):
                raise JobAheadError(
                    f"Airbyte keeps {self.connection_name} busy with job {number}, which started before this "
                    "run or works for another date",
                    running,
                ) from error
        self.log.info("attaching to Airbyte job %s, started %s", running.job_id, running.started_at)
        return running, False

    def serves(self, context: Mapping[str, Any], running: Job) -> bool:
        """Whether somebody else's running job reads all that this run needs."""
        return running.started_at >= _start_of(context)

    def report(self, context: Mapping[str, Any], job: Job, owned: bool) -> StageReport:
        """What a job that succeeded brought; `owned` if this run started it."""
        return StageReport(
            rows_in=job.rows,
            rows_out=job.rows,
            rows_quarantined=0,
            bytes=job.bytes,
            external_jobs=[
                ExternalJob(system="airbyte", id=str(job.job_id), url=self.client.job_url(job.job_id))
            ],
            detail={"connection": self.connection_name, "attached": not owned, "seconds": job.seconds},
        )

    def failure(self, job: Job) -> LakehouseError:
        """Airbyte's reason, and whether it blames the configuration."""
        name = self._name(job.job_id)
        if job.state is JobState.CANCELLED:
            return AirbyteJobCancelledError(
                f"{name} was cancelled. Nothing was claimed; if that was not meant, start this stage again"
            )
        if job.state is not JobState.FAILED:
            return AirbyteJobFailedError(f"{name} is in state {job.raw_state!r}, which is not success")
        try:
            failure = self.client.failure_of(job.job_id)
        except LakehouseError as error:
            return AirbyteJobFailedError(
                f"{name} failed; its reason could not be read: {error}. {_IF_FAILED}"
            )
        for line in failure.last_log_lines:
            self.log.error("Airbyte: %s", line)
        message = f"{name} failed: {failure.reason}"
        if alike := grouped(failure.last_log_lines):
            message += ". Its log ends: " + " | ".join(alike)
        if failure.is_configuration:
            return AirbyteJobMisconfiguredError(f"{message}. Fix the configuration")
        return AirbyteJobFailedError(f"{message}. {_IF_FAILED}")

    def late(self, handle: int, progress: str, cancelled: bool) -> AirbyteJobTimeoutError:
        """The job, and the state it was last seen in."""
        return AirbyteJobTimeoutError(
            f"{self._name(handle)} had not ended at its deadline: {progress}"
            + ("; it was cancelled" if cancelled else "")
        )

    def _name(self, job_id: int) -> str:
        return f"Airbyte job {job_id} of {self.connection_name} ({self.client.job_url(job_id)})"

    def _connection_id(self) -> str:
        return connection_id_of(self.client, self.connection_name)


def _start_of(context: Mapping[str, Any]) -> datetime:
    """When the run started: a job started since then has read everything this run needs."""
    run = context["dag_run"]
    start: datetime = run.start_date or run.run_after
    return start
