"""One sync of a named Airbyte connection: adopted or started, followed, ended with its task."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from lakehouse.airbyte.client import AirbyteClient, Job
from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteJobCancelledError,
    AirbyteJobFailedError,
    AirbyteJobMisconfiguredError,
    AirbyteJobTimeoutError,
    AirbyteNotFoundError,
    AirbyteUnavailableError,
)
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.airbyte.log_lines import grouped
from lakehouse.airbyte.states import JobState
from lakehouse.airbyte.triggers import DEADLINE, POLL_SECONDS, AirbyteJobTrigger
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.names import AIRBYTE_CONNECTION
from lakehouse.receipts import ExternalJob, StageReport

JOB_KEY: Final = "airbyte_job_id"
"""Where the job's id is kept between attempts: Airflow's task state store."""
SYNCHRONOUS_SECONDS: Final = 20.0
"""How long a worker waits before the task is handed to the triggerer: most nightly syncs are shorter."""
SYNCHRONOUS_POLL_SECONDS: Final = 1.0
_IF_FAILED: Final = "This task's next attempt syncs again; if it fails as well, mend what the reason names"
DEFERRAL_MARGIN: Final = timedelta(minutes=5)
"""The trigger ends the wait at its deadline; Airflow's own timeout is only there should it be gone."""


class AirbyteSyncOperator(BaseOperator):
    """Run the sync of a named Airbyte connection once, and see it through.

    The job's id is kept before the first poll: a retry adopts the running or finished job instead of
    starting a second one. When Airbyte answers "busy", the task attaches to the running job if that one
    serves this run (it began after this run did); else it waits for its end and starts its own, or, with
    `skip_when_busy`, leaves it at that.

    Returns a StageReport: rows and bytes committed by Airbyte, the job's id, URL and duration.

    Raises:
        AirbyteJobFailedError, AirbyteJobMisconfiguredError, AirbyteJobCancelledError, AirbyteJobTimeoutError:
            the job did not succeed; each names the job, its URL and Airbyte's reason.
        AirbyteNotFoundError: Airbyte has no connection of that name.
        AirflowSkipException: the connection is busy, and `skip_when_busy` is set.
    """

    template_fields: Sequence[str] = ("connection_name",)
    ui_color = "#615eff"

    def __init__(
        self,
        *,
        connection_name: str,
        airbyte_conn_id: str = AIRBYTE_CONNECTION,
        synchronous_seconds: float = SYNCHRONOUS_SECONDS,
        poll_seconds: float = POLL_SECONDS,
        skip_when_busy: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.connection_name = connection_name
        self.airbyte_conn_id = airbyte_conn_id
        self.synchronous_seconds = synchronous_seconds
        self.poll_seconds = poll_seconds
        self.skip_when_busy = skip_when_busy
        self._own_job: int | None = None

    # the task

    def execute(self, context: Mapping[str, Any]) -> StageReport:
        """Adopt or start a sync and see it through."""
        deadline = time.time() + read_connection_file(self.connection_name).timeout.total_seconds()
        job, owned = self._adopt(context) or self._start(context, deadline)
        return self._follow(context, job, owned, deadline)

    def resume(self, context: Mapping[str, Any], event: Mapping[str, Any], **kept: Any) -> StageReport:
        """Back from the triggerer: the job has ended, is late, or is gone."""
        job_id, deadline, owned = int(kept["job_id"]), float(kept["deadline"]), bool(kept["owned"])
        if kept["purpose"] == "follow":
            self._own_job = job_id if owned else None
        if event["outcome"] == DEADLINE:
            raise self._late(job_id, owned and kept["purpose"] == "follow", str(event["why"]))
        if kept["purpose"] == "wait_for_turn":
            job, owned = self._start(context, deadline)
            return self._follow(context, job, owned, deadline)
        return self._finish(context, self._client.job(job_id), owned)

    def on_kill(self) -> None:
        """The task is killed while a worker runs it: cancel the job if this task started it."""
        if self._own_job is not None:
            self.log.warning("cancelling Airbyte job %s: its task was killed", self._own_job)
            self._client.cancel(self._own_job)

    # adopt, start, follow, finish

    def _adopt(self, context: Mapping[str, Any]) -> tuple[Job, bool] | None:
        kept = self._state_store(context).get(JOB_KEY)
        if kept is None:
            return None
        try:
            job = self._client.job(int(kept))
        except AirbyteNotFoundError:
            return None
        if job.state in (JobState.FAILED, JobState.CANCELLED):
            return None
        self.log.info("adopting Airbyte job %s of an earlier attempt: %s", job.job_id, job.raw_state)
        self._keep(context, job)
        return job, True

    def _start(self, context: Mapping[str, Any], deadline: float) -> tuple[Job, bool]:
        connection_id = self._connection_id()
        while True:
            try:
                job = self._client.start_sync(connection_id)
            except AirbyteBusyError:
                running = self._client.unfinished_job(connection_id)
            else:
                self._keep(context, job)
                self.log.info("started Airbyte job %s of %s", job.job_id, self.connection_name)
                return job, True
            if self.skip_when_busy:
                raise AirflowSkipException(
                    f"{self.connection_name} is busy: job {running and running.job_id}"
                )
            if running is not None and self.serves(context, running):
                self.log.info("attaching to Airbyte job %s, begun %s", running.job_id, running.started_at)
                return running, False
            if running is not None:
                self.log.info("waiting for Airbyte job %s, begun before or not for this run", running.job_id)
                self._await_turn(running, deadline)
            elif time.time() >= deadline:
                raise AirbyteBusyError(f"Airbyte keeps {self.connection_name} busy without naming a job")
            else:
                time.sleep(SYNCHRONOUS_POLL_SECONDS)

    def _await_turn(self, running: Job, deadline: float) -> None:
        if not self._wait_here(running, deadline).state.is_end:
            self._defer(running.job_id, deadline, owned=False, purpose="wait_for_turn")

    def _follow(self, context: Mapping[str, Any], job: Job, owned: bool, deadline: float) -> StageReport:
        job = self._wait_here(job, deadline)
        if not job.state.is_end:
            self._defer(job.job_id, deadline, owned, purpose="follow")
        return self._finish(context, job, owned)

    def _wait_here(self, job: Job, deadline: float) -> Job:
        until = min(time.time() + self.synchronous_seconds, deadline)
        while not job.state.is_end and time.time() < until:
            time.sleep(SYNCHRONOUS_POLL_SECONDS)
            try:
                job = self._client.job(job.job_id)
            except AirbyteUnavailableError as error:
                self.log.warning("Airbyte job %s could not be polled, trying again: %s", job.job_id, error)
        return job

    def _defer(self, job_id: int, deadline: float, owned: bool, purpose: str) -> None:
        self.defer(
            trigger=AirbyteJobTrigger(
                airbyte_conn_id=self.airbyte_conn_id,
                job_id=job_id,
                deadline=deadline,
                owned=owned,
                poll_seconds=self.poll_seconds,
            ),
            method_name="resume",
            kwargs={"job_id": job_id, "deadline": deadline, "owned": owned, "purpose": purpose},
            timeout=timedelta(seconds=max(0.0, deadline - time.time())) + DEFERRAL_MARGIN,
        )

    def _finish(self, context: Mapping[str, Any], job: Job, owned: bool) -> StageReport:
        if job.state is not JobState.SUCCEEDED:
            raise self._failure(job)
        report = self.report(context, job, owned)
        if owned:
            self._state_store(context).delete(JOB_KEY)
        return report

    # what a sync for a purpose adds

    def serves(self, context: Mapping[str, Any], running: Job) -> bool:
        """Whether somebody else's running job reads all that this run needs."""
        return running.started_at >= _begin_of(context)

    def begun(self, context: Mapping[str, Any], job: Job) -> None:
        """Told once the job's id is kept, before the first poll."""

    def report(self, context: Mapping[str, Any], job: Job, owned: bool) -> StageReport:
        """What a job that succeeded brought; `owned` if this run started it."""
        return StageReport(
            rows_in=job.rows,
            rows_out=job.rows,
            rows_quarantined=0,
            bytes=job.bytes,
            external_jobs=[
                ExternalJob(system="airbyte", id=str(job.job_id), url=self._client.job_url(job.job_id))
            ],
            detail={"connection": self.connection_name, "attached": not owned, "seconds": job.seconds},
        )

    # failures

    def _failure(self, job: Job) -> LakehouseError:
        name = f"Airbyte job {job.job_id} of {self.connection_name} ({self._client.job_url(job.job_id)})"
        if job.state is JobState.CANCELLED:
            return AirbyteJobCancelledError(
                f"{name} was cancelled. Nothing was claimed; if that was not meant, start this stage again"
            )
        if job.state is not JobState.FAILED:
            return AirbyteJobFailedError(f"{name} is in state {job.raw_state!r}, which is not success")
        try:
            failure = self._client.failure_of(job.job_id)
        except LakehouseError as error:
            return AirbyteJobFailedError(
                f"{name} failed; its reason could not be read: {error}. {_IF_FAILED}"
            )
        for line in failure.last_log_lines:
            self.log.error("Airbyte: %s", line)
        said = f"{name} failed: {failure.reason}"
        if alike := grouped(failure.last_log_lines):
            said += ". Its log ends: " + " | ".join(alike)
        if failure.is_configuration:
            return AirbyteJobMisconfiguredError(f"{said}. Mend the configuration")
        return AirbyteJobFailedError(f"{said}. {_IF_FAILED}")

    def _late(self, job_id: int, owned: bool, last_seen: str) -> AirbyteJobTimeoutError:
        if owned:
            self._client.cancel(job_id)
        return AirbyteJobTimeoutError(
            f"Airbyte job {job_id} of {self.connection_name} ({self._client.job_url(job_id)}) had not ended "
            f"at its deadline: {last_seen}" + ("; it was cancelled" if owned else "")
        )

    # what the task talks to

    @cached_property
    def _client(self) -> AirbyteClient:
        return LakehouseAirbyteHook(self.airbyte_conn_id).client

    def _connection_id(self) -> str:
        every = self._client.listed("/connections")
        matches = [each for each in every if each["name"] == self.connection_name]
        if len(matches) != 1:
            raise AirbyteNotFoundError(
                f"Airbyte has {len(matches)} connections named {self.connection_name}: run provision_platform"
            )
        return str(matches[0]["connectionId"])

    def _state_store(self, context: Mapping[str, Any]) -> Any:
        return context["task_state_store"]

    def _keep(self, context: Mapping[str, Any], job: Job) -> None:
        """Remember the job for the next attempt and for a kill."""
        self._own_job = job.job_id
        self._state_store(context).set(JOB_KEY, job.job_id)
        self.begun(context, job)


def _begin_of(context: Mapping[str, Any]) -> datetime:
    """When the run began: a job begun since then has read everything this run needs."""
    run = context["dag_run"]
    begin: datetime = run.start_date or run.run_after
    return begin
