"""Jobs: every statement is one, whichever protocol it came by."""

import logging
import threading
import time
import uuid
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor, wait
from enum import StrEnum

import pyarrow as pa

from embedded.dremio.catalog.entities import Path
from embedded.dremio.errors import EngineError, InvalidStatement, NotFound
from embedded.dremio.jobs.execute import Executor
from embedded.dremio.settings import Settings
from embedded.dremio.statement import Cancelled, Interruptible, Relationship

LOG = logging.getLogger(__name__)
INTERRUPT_EVERY_SECONDS = 0.1


class JobState(StrEnum):
    """Dremio's states, as far as a job here can be in one."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    CANCELLATION_REQUESTED = "CANCELLATION_REQUESTED"


FINAL = frozenset({JobState.COMPLETED, JobState.CANCELED, JobState.FAILED})


class Job:
    """One statement from submission to end. `done` is set when its state is final."""

    def __init__(self, sql: str, context: Path, user: str, query_type: str) -> None:
        self.id = str(uuid.uuid4())
        self.sql, self.context, self.user, self.query_type = sql, context, user, query_type
        self.state = JobState.PENDING
        self.started_at = time.time()
        self.ended_at: float | None = None
        self.error: str | None = None
        self.row_count: int | None = None
        self.result: pa.Table | None = None
        self.relationships: tuple[Relationship, ...] = ()
        self.stop = Interruptible()
        self.done: Future[None] = Future()


class Jobs:
    """Runs jobs on a bounded pool; results are kept for a while and within a size, newest first."""

    def __init__(self, executor: Executor, settings: Settings) -> None:
        self._executor = executor
        self._settings = settings
        self._pool = ThreadPoolExecutor(settings.concurrent_jobs, thread_name_prefix="job")
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()

    def submit(self, sql: str, context: Path, user: str, query_type: str = "REST") -> Job:
        """Queue a statement. Raises InvalidStatement when it is too long."""
        if len(sql.encode()) > self._settings.statement_bytes:
            raise InvalidStatement(f"The statement is longer than {self._settings.statement_bytes} bytes.")
        job = Job(sql, context, user, query_type)
        with self._lock:
            self._jobs[job.id] = job
            self._forget_old()
        self._pool.submit(self._run, job)
        return job

    def get(self, job_id: str, user: str) -> Job:
        """A job of this user. Raises NotFound."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or job.user != user:
            raise NotFound(f"Could not find a job with id {job_id}")
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job; one that has ended stays as it ended."""
        with self._lock:
            if job.state in FINAL:
                return
            job.state = JobState.CANCELLATION_REQUESTED
        threading.Thread(target=self._insist, args=(job,), name=f"cancel {job.id}", daemon=True).start()

    @staticmethod
    def _insist(job: Job) -> None:
        """Interrupt until the job ends: DuckDB forgets one that comes just before a statement begins."""
        while not job.done.done():
            job.stop.cancel()
            wait([job.done], timeout=INTERRUPT_EVERY_SECONDS)

    def recent(self) -> list[Job]:
        """Every job still remembered, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def close(self) -> None:
        """Cancel what runs and wait for it."""
        for job in self.recent():
            self.cancel(job)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: Job) -> None:
        with self._lock:
            if job.state is JobState.PENDING:
                job.state = JobState.RUNNING
        state, outcome = JobState.FAILED, None
        try:
            outcome = self._executor.run(job.sql, job.context, job.user, job.stop)
            state = JobState.COMPLETED
        except Cancelled:
            state = JobState.CANCELED
        except EngineError as error:
            job.error = error.message
        except Exception as error:
            # The last resort of a worker thread: the job must end, and the log must tell why.
            LOG.exception("job %s broke: %s", job.id, job.sql[:500])
            job.error = f"SYSTEM ERROR: {type(error).__name__}: {error}"
        with self._lock:
            if outcome is not None:
                job.result, job.row_count = outcome.table, outcome.row_count
                job.relationships = outcome.relationships
            job.ended_at = time.time()
            job.state = state
        job.done.set_result(None)
        LOG.info(
            "%s %s %.0f ms rows=%s %s%s",
            job.id,
            state,
            (job.ended_at - job.started_at) * 1000,
            job.row_count,
            " ".join(job.sql.split())[:160],
            f" | {job.error}" if job.error else "",
        )

    def _forget_old(self) -> None:
        """Called with the lock held."""
        while len(self._jobs) > self._settings.jobs_kept:
            oldest = next(iter(self._jobs.values()))
            if oldest.state not in FINAL:
                break
            self._jobs.popitem(last=False)
        left, horizon = self._settings.results_kept_bytes, time.time() - self._settings.result_seconds
        for job in reversed(self._jobs.values()):
            if job.result is None:
                continue
            left -= job.result.nbytes
            if job.ended_at is not None and (job.ended_at < horizon or left < 0):
                job.result = None
