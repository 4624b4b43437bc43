"""The sync of a micro-batch: adopted or started, followed to its end, cancelled with its loop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteJobTimeoutError,
    AirbyteNotFoundError,
)
from lakehouse.airbyte.failed_job import error_of, job_name
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.states import JobState
from lakehouse.platform.errors import LakehouseError, TransientError
from lakehouse.platform.external_job.job import Phase
from lakehouse.platform.stop_event import StopEvent
from lakehouse.stream.ledger import Batch, StreamLedger

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS: Final = 0.15
"""The embedded Airbyte's sync takes a second."""
LONGEST_PAUSE_SECONDS: Final = 5.0
_SHORT_SYNC: Final = timedelta(seconds=3)


class StreamStoppedError(LakehouseError):
    """The loop was told to stop at once; the batch goes on with the next run."""


class SyncCancelledError(TransientError):
    """Somebody cancelled the sync of a batch."""


@dataclass(frozen=True)
class Synced:
    """A sync that has succeeded."""

    batch: Batch
    rows: int
    """Rows that the job committed."""
    committed: dict[str, int]
    """The same by stream, as the lake names it."""


class BatchSync:
    """Runs one Airbyte connection for one batch after the other.

    Args:
        client: the Airbyte server's.
        declared: the connection.
        ledger: where the job's id is kept before the first look.
        position: where the source's log ends now; None if it cannot tell.
        stopped: set when the loop must end at once.
    """

    def __init__(
        self,
        client: AirbyteClient,
        declared: ConnectionFile,
        ledger: StreamLedger,
        position: Callable[[], int | None],
        stopped: StopEvent,
    ) -> None:
        self._client = client
        self._declared = declared
        self._ledger = ledger
        self._position = position
        self._stopped = stopped
        self._id: str | None = None
        self._own: int | None = None

    def run(self, batch: Batch) -> Synced:
        """See the batch's sync through: the one that an earlier attempt started, or a new one.

        Raises:
            AirbyteJobFailedError, AirbyteJobMisconfiguredError, AirbyteJobTimeoutError, SyncCancelledError:
                the job did not succeed.
            AirbyteUnavailableError, AirbyteRefusedError: of a call. The next attempt goes on with the job.
            StreamStoppedError: the loop was stopped; a job that this process started is cancelled.
        """
        batch, job = self._job_of(batch)
        job = self._followed(job)
        self._own = None
        if job.phase is not Phase.SUCCEEDED:
            if job.state is JobState.CANCELLED:
                raise SyncCancelledError(
                    f"{self._name(job)} was cancelled; the batch syncs again. To stop the stream, pause it"
                )
            raise error_of(self._client, self._declared.name, job)
        told = self._client.rows_by_stream(job.job_id) if job.rows else {}
        return Synced(batch, job.rows, self._declared.rows_by_lake_name(told))

    def _cancel(self) -> None:
        """Cancel the job that this process started, if there is one."""
        if self._own is None:
            return
        log.warning("cancelling Airbyte job %s: the stream was stopped at once", self._own)
        try:
            self._client.cancel(self._own)
        except LakehouseError as error:
            log.warning("Airbyte job %s could not be cancelled: %s", self._own, error)
        self._own = None

    def _job_of(self, batch: Batch) -> tuple[Batch, Job]:
        if batch.job_id is not None:
            known = self._known(batch.job_id)
            if known is not None and known.phase is not Phase.STOPPED:
                log.info("batch %s goes on with Airbyte job %s: %s", batch.id, known.job_id, known.progress)
                return batch, known
            batch = self._ledger.attempt(batch, self._position())
        return self._start(batch)

    def _start(self, batch: Batch) -> tuple[Batch, Job]:
        try:
            job = self._client.start_sync(self._connection_id())
        except AirbyteNotFoundError:
            self._id = None
            raise
        except AirbyteBusyError:
            running = self._client.unfinished_job(self._connection_id())
            if running is None:
                raise
            # Whoever started it: what it lands is the stream's. It may have looked at the log too early.
            log.info("attaching to Airbyte job %s, started %s", running.job_id, running.started_at)
            return self._ledger.started(batch, running.job_id, keeps_position=False), running
        self._own = job.job_id
        return self._ledger.started(batch, job.job_id, keeps_position=True), job

    def _followed(self, job: Job) -> Job:
        begun = datetime.now(UTC)
        pause = FIRST_PAUSE_SECONDS
        while not job.phase.is_over:
            if self._stopped.wait(pause):
                self._cancel()
                raise StreamStoppedError(f"stopped while {self._name(job)} ran")
            elapsed = datetime.now(UTC) - begun
            if elapsed > self._declared.timeout:
                self._cancel()
                raise AirbyteJobTimeoutError(
                    f"{self._name(job)} had not ended after {self._declared.timeout}: {job.progress}"
                )
            if elapsed > _SHORT_SYNC:
                pause = min(pause * 1.3, LONGEST_PAUSE_SECONDS)
            job = self._look(job)
        return job

    def _look(self, job: Job) -> Job:
        try:
            return self._client.job(job.job_id)
        except AirbyteNotFoundError as error:
            raise SyncCancelledError(f"{self._name(job)} is gone: {error}") from error

    def _known(self, job_id: int) -> Job | None:
        try:
            return self._client.job(job_id)
        except AirbyteNotFoundError:
            return None

    def _connection_id(self) -> str:
        if self._id is None:
            self._id = self._client.connection_id(self._declared.name)
        return self._id

    def _name(self, job: Job) -> str:
        return job_name(self._client, self._declared.name, job.job_id)
