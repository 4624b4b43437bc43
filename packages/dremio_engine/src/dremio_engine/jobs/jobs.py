"""Jobs: every statement is one, whichever protocol it came by."""

import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import wait

from dremio_engine.catalog.entities import Path
from dremio_engine.errors import EngineError, InvalidStatement, NotFound
from dremio_engine.jobs.execute import Executor
from dremio_engine.jobs.history import KEPT_SQL, JobHistory, JobRecord, record_of
from dremio_engine.jobs.job import FINAL, Job, JobState
from dremio_engine.jobs.queue import FairQueue
from dremio_engine.jobs.results import HeldBytes, Rows
from dremio_engine.settings import Settings
from dremio_engine.state import StateFile
from dremio_engine.statement import Cancelled

LOG = logging.getLogger(__name__)
INTERRUPT_EVERY_SECONDS = 0.1
LOOK_SECONDS = 0.5
# Dremio's Community Edition has the queues LARGE and SMALL, told apart by cost; here is one.
QUEUE = "LARGE"
# As long as closing waits for statements that do not let themselves be interrupted.
CLOSE_SECONDS = 3.0


class Jobs:
    """Runs jobs in their turn; rows are kept for a while and within a size, newest first."""

    def __init__(self, executor: Executor, settings: Settings, state: StateFile) -> None:
        self._executor, self._settings = executor, settings
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._memory = HeldBytes(settings.rows_held_bytes, self._make_room)
        self._history = JobHistory(state, settings.jobs_kept)
        per_user = min(settings.user_jobs, settings.concurrent_jobs)
        self._queue = FairQueue(per_user, settings.queued_jobs, settings.user_queued_jobs)
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"job-{number}", daemon=True)
            for number in range(settings.concurrent_jobs)
        ] + [threading.Thread(target=self._watch, name="job-watch", daemon=True)]
        for thread in self._threads:
            thread.start()

    def submit(self, sql: str, context: Path, user: str, query_type: str = "REST") -> Job:
        """Queue a statement. Raises InvalidStatement when it is too long, TooMany when too many wait."""
        if len(sql.encode(errors="replace")) > self._settings.statement_bytes:
            raise InvalidStatement(f"The statement is longer than {self._settings.statement_bytes} bytes.")
        streamed = query_type == "FLIGHT"
        limit = self._settings.stream_bytes if streamed else self._settings.result_bytes
        rows = Rows(limit, streamed, self._settings.unread_seconds, self._memory)
        job = Job(sql, context, user, query_type, rows)
        job.enter(JobState.QUEUED)
        self._queue.put(job)
        with self._lock:
            self._jobs[job.id] = job
        return job

    def get(self, job_id: str, user: str) -> Job:
        """A job of this user since the engine started. Raises NotFound."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or job.user != user:
            raise NotFound(f"Could not find a job with id [{job_id}]")
        return job

    def record(self, job_id: str, user: str) -> JobRecord:
        """What is known of a job of this user, also from before a restart. Raises NotFound."""
        with self._lock:
            job = self._jobs.get(job_id)
        found = record_of(job) if job is not None else self._history.get(job_id)
        if found is None or found.user != user:
            raise NotFound(f"Could not find a job with id [{job_id}]")
        return found

    def current(self) -> list[JobRecord]:
        """Jobs that have not ended, oldest first."""
        with self._lock:
            jobs = list(self._jobs.values())
        return [record_of(job) for job in jobs if job.state not in FINAL]

    def ended(self) -> list[JobRecord]:
        """Jobs that have ended and are still remembered, oldest first."""
        return self._history.all()

    # -- stopping ------------------------------------------------------------------------------------

    def cancel(self, job: Job, reason: str | None = None) -> None:
        """Stop a job: at once when it waits; one that has ended stays as it ended."""
        with self._lock:
            if job.state in FINAL or job.state is JobState.CANCELLATION_REQUESTED:
                return
            job.cancellation_reason = reason or f"Query cancelled by user '{job.user}'"
            job.enter(JobState.CANCELLATION_REQUESTED)
        if self._queue.remove(job):
            self._finish(job, JobState.CANCELED)
        else:
            self._stop_running(job)

    def _stop_running(self, job: Job) -> None:
        threading.Thread(target=_insist, args=(job,), name=f"cancel {job.id}", daemon=True).start()

    def close(self) -> None:
        """Cancel what waits and runs, and wait for it."""
        self._closing.set()
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.state not in FINAL]
        for job in jobs:
            self.cancel(job, "The engine was stopped")
        self._queue.close()
        wait([job.done for job in jobs], timeout=CLOSE_SECONDS)
        for thread in self._threads:
            thread.join(timeout=1.0)
        self._history.flush()

    # -- running -------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._queue.take()) is not None:
            try:
                self._run(job)
            finally:
                self._queue.ended(job)

    def _run(self, job: Job) -> None:
        with self._lock:
            job.enter(JobState.PLANNING)
        state = JobState.FAILED
        try:
            outcome = self._executor.run_into(job.rows, job.sql, job.context, job.user, job.stop)
            job.row_count, job.datasets = outcome.row_count, outcome.datasets
            job.relationships = outcome.relationships
            state = JobState.COMPLETED
        except Cancelled:
            state = JobState.CANCELED
            job.cancellation_reason = job.cancellation_reason or "The client stopped reading the rows"
        except EngineError as error:
            job.error = error.message
        except Exception as error:
            # The last resort of a worker thread: the job must end, and the log must tell why.
            LOG.exception("job %s broke: %s", job.id, job.sql[:500])
            job.error = f"SYSTEM ERROR: {type(error).__name__}: {error}"
        if job.overdue is not None and state is not JobState.COMPLETED:
            state, job.error = JobState.FAILED, job.overdue
        self._finish(job, state)

    def _finish(self, job: Job, state: JobState) -> None:
        job.rows.end(None if state is JobState.COMPLETED else job.error or job.cancellation_reason)
        with self._lock:
            job.enter(state)
        self._history.add(record_of(job))
        job.done.set_result(None)
        LOG.info(
            "%s %s %.0f ms rows=%s %s%s",
            job.id,
            state,
            ((job.ended_at or job.started_at) - job.started_at) * 1000,
            job.row_count,
            " ".join(job.sql[:500].split())[:160],
            f" | {job.error}" if job.error else "",
        )

    # -- watching ------------------------------------------------------------------------------------

    def _watch(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            try:
                self._end_overdue()
                self._forget_old()
                self._history.flush()
            except Exception:
                # Jobs must go on ending in time whatever happened to one look at them.
                LOG.exception("watching the jobs failed; it goes on")

    def _end_overdue(self) -> None:
        now = time.time()
        for job in self._queue.waiting():
            if now - job.started_at > self._settings.queue_seconds and self._queue.remove(job):
                job.error = (
                    "RESOURCE ERROR: Query cancelled by Workload Manager. Query enqueued time of"
                    f" {self._settings.queue_seconds:.2f} seconds exceeded for queue '{QUEUE}'."
                )
                self._finish(job, JobState.FAILED)
        with self._lock:
            running = [j for j in self._jobs.values() if j.overdue is None and j.state not in FINAL]
        for job in running:
            began = job.entered(JobState.PLANNING)
            if began is not None and now - began > self._settings.statement_seconds:
                job.overdue = (
                    "RESOURCE ERROR: Query cancelled by Workload Manager. Query runtime of"
                    f" {self._settings.statement_seconds:.2f} seconds exceeded for queue '{QUEUE}'."
                )
                self._stop_running(job)

    def _make_room(self, needed: int) -> None:
        """Let the oldest results go until so many bytes are free."""
        with self._lock:
            for job in self._jobs.values():
                if needed <= 0:
                    return
                if job.state in FINAL:
                    needed -= job.rows.held_bytes
                    job.rows.drop()

    def _forget_old(self) -> None:
        horizon, left = time.time() - self._settings.result_seconds, self._settings.results_kept_bytes
        with self._lock:
            while len(self._jobs) > self._settings.jobs_kept:
                if next(iter(self._jobs.values())).state not in FINAL:
                    break
                self._jobs.popitem(last=False)
            for job in reversed(self._jobs.values()):
                if (ended := job.ended_at) is None:
                    continue
                held = job.rows.held_bytes + len(job.sql)
                left -= held
                if ended < horizon or left < 0:
                    left += held
                    job.rows.drop()
                    job.sql = job.sql[:KEPT_SQL]


def _insist(job: Job) -> None:
    """Interrupt until the job ends: DuckDB forgets one that comes just before a statement begins."""
    while not job.done.done():
        job.stop.cancel()
        wait([job.done], timeout=INTERRUPT_EVERY_SECONDS)
