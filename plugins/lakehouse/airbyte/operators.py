"""One sync of a named Airbyte connection: adopted or started, followed, ended with its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteJobTimeoutError,
    AirbyteNotFoundError,
    SourceLeftOutError,
)
from lakehouse.airbyte.failed_job import error_of, job_name
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.left_out import why_left_out
from lakehouse.airbyte.triggers import AirbyteJobTrigger
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.external_job.kept import KeptJobs
from lakehouse.platform.external_job.operators import ExternalJobOperator, JobAheadError
from lakehouse.platform.names import AIRBYTE_CONNECTION
from lakehouse.receipts import ExternalJob, StageReport


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
        SourceLeftOutError: nor can it have, for the source has no values: the message names them.
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

    def _connection_id(self) -> str:
        try:
            return self.client.connection_id(self.connection_name)
        except AirbyteNotFoundError as error:
            if (why := why_left_out(read_connection_file(self.connection_name))) is not None:
                raise SourceLeftOutError(f"{self.connection_name} is left out: {why}") from error
            raise

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
        return error_of(self.client, self.connection_name, job)

    def late(self, handle: int, progress: str, cancelled: bool) -> AirbyteJobTimeoutError:
        """The job, and the state it was last seen in."""
        return AirbyteJobTimeoutError(
            f"{job_name(self.client, self.connection_name, handle)} had not ended at its deadline: {progress}"
            + ("; it was cancelled" if cancelled else "")
        )


def _start_of(context: Mapping[str, Any]) -> datetime:
    """When the run started: a job started since then has read everything this run needs."""
    run = context["dag_run"]
    start: datetime = run.start_date or run.run_after
    return start
