"""Tasks that use Dremio: SQL statements, and the set-up of sources and spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator

from lakehouse.dremio.errors import DremioJobTimeoutError, DremioNotFoundError
from lakehouse.dremio.hook import DremioHook
from lakehouse.dremio.triggers import DremioJobTrigger
from lakehouse.platform.names import DREMIO_CONNECTION, DREMIO_POOL
from lakehouse.receipts import ExternalJob, StageReport, empty_report

if TYPE_CHECKING:
    from airflow.sdk import Context

    from lakehouse.dremio.client import DremioClient
    from lakehouse.dremio.job import Job

SHORT_WAIT: Final = timedelta(seconds=20)
"""How long a task waits itself before it defers: most statements are over by then."""
_JOB_KEY: Final = "dremio_job_id"


def dremio_job(job: Job) -> ExternalJob:
    """A job as receipts name it."""
    return ExternalJob(system="dremio", id=job.id, url=job.url)


class DremioSqlOperator(BaseOperator):
    """Run one statement in Dremio and wait for it.

    The job's id is stored before the first poll: a retry attaches to the job if it still runs. A task that
    is killed or times out cancels the job.

    Args:
        sql: one statement without a semicolon, or a template of it.
        timeout: from submission to the end; then the job is canceled and the task retried.
        conn_id: Dremio's Airflow connection.

    Raises (from execute):
        DremioJobFailedError: the statement cannot succeed as it is.
        DremioJobInterruptedError, DremioJobTimeoutError: it may succeed another time.
        DremioJobCanceledError: someone canceled the job.
    """

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
        super().__init__(**{"pool": DREMIO_POOL, **kwargs})
        self.sql = sql
        self.timeout = timeout
        self.conn_id = conn_id
        self._job_id: str | None = None

    def execute(self, context: Context) -> StageReport:
        """Submit the statement, or attach to the one an earlier attempt left running."""
        client = self._client()
        store = context["task_state_store"]
        self._job_id = self._running_job(client, store.get(_JOB_KEY))
        if self._job_id is None:
            self._job_id = client.submit(self.sql)
            store.set(_JOB_KEY, self._job_id)
        self.log.info("Dremio job %s: %s", self._job_id, client.job_url(self._job_id))
        job = client.wait(self._job_id, min(self.timeout, SHORT_WAIT).total_seconds())
        if not job.state.is_final and self.timeout > SHORT_WAIT:
            deadline = datetime.now(UTC) + self.timeout - SHORT_WAIT
            self.defer(
                trigger=DremioJobTrigger(self.conn_id, deadline.isoformat(), job.id),
                method_name="finish",
                kwargs={"job_id": job.id},
            )
        return self._end(client, job)

    def finish(self, context: Context, event: Mapping[str, Any], job_id: str) -> StageReport:
        """Judge the job after a deferral."""
        self._job_id = job_id
        client = self._client()
        return self._end(client, client.job(job_id))

    def on_kill(self) -> None:
        """Cancel the job."""
        if self._job_id is not None:
            self._client().cancel_quietly(self._job_id)

    def _end(self, client: DremioClient, job: Job) -> StageReport:
        if not job.state.is_final:
            client.cancel_quietly(job.id)
            raise DremioJobTimeoutError(
                job.id, job.url, f"was {job.raw_state} after {self.timeout} and was canceled"
            )
        job.raise_unless_completed()
        report = empty_report(rows=job.rows)
        report["external_jobs"].append(dremio_job(job))
        return report

    def _running_job(self, client: DremioClient, stored: object) -> str | None:
        """The stored job if it is still running: a finished one belongs to an earlier run of this task."""
        if not stored:
            return None
        try:
            job = client.job(str(stored))
        except DremioNotFoundError:
            return None
        if job.state.is_final:
            return None
        self.log.info("attaching to Dremio job %s of an earlier attempt", job.id)
        return job.id

    def _client(self) -> DremioClient:
        return DremioHook(self.conn_id).get_conn()


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

        from lakehouse.dremio.sources import LakeAccess, load_catalogue, provision
        from lakehouse.platform.storage import LakeStorage

        catalogue = load_catalogue()
        lake = S3Hook(aws_conn_id=catalogue.airflow_connection)
        keys = lake.get_credentials()
        access = LakeAccess(
            endpoint=lake.conn_config.endpoint_url or "",
            access_key=keys.access_key,
            secret_key=keys.secret_key,
            bucket=LakeStorage.of(lake).bucket,
        )
        changes = provision(DremioHook(self.conn_id).get_conn(), catalogue, access)
        self.log.info("Dremio: %s", changes)
        return empty_report(dremio=changes)
