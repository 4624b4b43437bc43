"""Tasks that use Dremio: SQL statements, and the set-up of sources and spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.errors import (
    DremioError,
    DremioJobError,
    DremioJobTimeoutError,
    DremioSubmissionUnknownError,
)
from lakehouse.dremio.hook import DremioHook
from lakehouse.dremio.job import Job
from lakehouse.dremio.marks import job_with, marked, new_mark
from lakehouse.dremio.triggers import DremioJobTrigger
from lakehouse.platform.errors import TransientError
from lakehouse.platform.external_job.kept import KeptJobs
from lakehouse.platform.external_job.operators import ExternalJobOperator
from lakehouse.platform.names import DREMIO_CONNECTION, DREMIO_POOL
from lakehouse.receipts import ExternalJob, StageReport, empty_report

if TYPE_CHECKING:
    from airflow.sdk import Context


class DremioSqlOperator(ExternalJobOperator[Job]):
    """Run one statement in Dremio, once, and wait for it.

    An attempt that follows a killed worker takes up the job if it runs, takes its success if it has
    succeeded, and finds it by its mark if the worker died before it knew the job's id: an INSERT is not done
    twice (docs/decisions/0015). A task that is killed or times out cancels the job.

    Args:
        sql: one statement without a semicolon, or a template of it.
        timeout: from submission to the end; then the job is canceled and the task retried.
        conn_id: Dremio's Airflow connection.

    Raises (from execute):
        DremioJobFailedError: the statement cannot succeed as it is.
        DremioJobInterruptedError, DremioJobTimeoutError: it may succeed another time.
        DremioJobCanceledError: someone canceled the job.
        DremioSubmissionUnknownError: it may have run, and Dremio does not say: see the message.
    """

    trigger_class = DremioJobTrigger
    template_fields: Sequence[str] = ("sql",)
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql"}  # noqa: RUF012 - Airflow reads a plain class attribute
    ui_color = "#a8dadc"

    def __init__(
        self,
        *,
        sql: str,
        timeout: timedelta = timedelta(minutes=30),
        conn_id: str = DREMIO_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **{"pool": DREMIO_POOL, **kwargs})
        self.sql = sql
        self.timeout = timeout

    @cached_property
    def client(self) -> DremioClient:
        """The connection's coordinator."""
        return DremioHook(self.conn_id).get_conn()

    @property
    def job_timeout(self) -> timedelta:
        """As given."""
        return self.timeout

    def submit(self, context: Mapping[str, Any], kept: KeptJobs) -> tuple[Job, bool]:
        """Submit the statement with a mark that is stored before."""
        mark = new_mark(self.dag_id, self.task_id)
        kept.intend(mark)
        job_id = self.client.submit(marked(self.sql, mark))
        return Job.submitted(job_id, self.client.job_url(job_id)), True

    def find(self, context: Mapping[str, Any], mark: str, same_try: bool) -> Job | None:
        """The job of a submission that was not heard of again."""
        try:
            job_id = job_with(self.client, mark)
        except TransientError:
            raise
        except DremioError as error:
            if not same_try:
                self.log.warning("whether %s was submitted is not known; cleared since: it runs again", mark)
                return None
            raise DremioSubmissionUnknownError(
                f"an attempt died while it submitted the statement {mark!r}, and Dremio does not show "
                f"whether it ran ({error}). Look for that text in Dremio's list of jobs: if there is a job "
                "that succeeded, mark this task as success; if there is none, clear this task"
            ) from error
        return None if job_id is None else self.client.job(job_id)

    def own_job_started(self, context: Mapping[str, Any], job: Job) -> None:
        """Say where to look at it."""
        self.log.info("Dremio job %s: %s", job.id, job.url)

    def report(self, context: Mapping[str, Any], job: Job, owned: bool) -> StageReport:
        """The job, and its rows."""
        report = empty_report(rows=job.rows)
        report["external_jobs"].append(ExternalJob(system="dremio", id=job.id, url=job.url))
        return report

    def failure(self, job: Job) -> DremioJobError:
        """Dremio's own words."""
        return job.failure()

    def late(self, handle: str, progress: str, cancelled: bool) -> DremioJobTimeoutError:
        """The state it was last seen in."""
        done = "was canceled" if cancelled else "could not be canceled"
        return DremioJobTimeoutError(
            handle, self.client.job_url(handle), f"was {progress} after {self.timeout} and {done}"
        )


class ProvisionDremioOperator(BaseOperator):
    """Create or update the sources and spaces of `include/dremio/sources.yaml`; nothing when all is right.

    Address, keys and bucket come from the connection that file names.
    """

    ui_color = "#a8dadc"

    def __init__(self, *, conn_id: str = DREMIO_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**{"pool": DREMIO_POOL, **kwargs})
        self.conn_id = conn_id

    def execute(self, context: Context) -> StageReport:
        """Provision, and report what changed."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from lakehouse.dremio.sources import LakeAccess, load_sources, provision
        from lakehouse.platform.storage import LakeStorage

        declared = load_sources()
        lake = S3Hook(aws_conn_id=declared.airflow_connection)
        keys = lake.get_credentials()
        access = LakeAccess(
            endpoint=lake.conn_config.endpoint_url or "",
            access_key=keys.access_key,
            secret_key=keys.secret_key,
            bucket=LakeStorage.of(lake).bucket,
        )
        changes = provision(DremioHook(self.conn_id).get_conn(), declared, access)
        self.log.info("Dremio: %s", changes)
        return empty_report(dremio=changes)
