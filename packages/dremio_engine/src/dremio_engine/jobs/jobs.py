"""Jobs: every statement is one, whichever protocol it came by."""

import logging
import threading
import time
from concurrent.futures import wait

from dremio_engine.errors import EngineError, InvalidStatement
from dremio_engine.jobs.book import JobBook
from dremio_engine.jobs.history import JobRecord
from dremio_engine.jobs.job import Job, JobState
from dremio_engine.jobs.queue import QUEUE, FairQueue
from dremio_engine.jobs.results import HeldBytes, Rows
from dremio_engine.jobs.runner import Runner
from dremio_engine.lake.cursors import Cancelled
from dremio_engine.lake.messages import without_folders
from dremio_engine.paths import Path
from dremio_engine.settings import Settings
from dremio_engine.sql.statement import read_statement

LOG = logging.getLogger(__name__)
INTERRUPT_EVERY_SECONDS = 0.1
LOOK_SECONDS = 0.5
# As long as closing waits for statements that do not let themselves be interrupted.
CLOSE_SECONDS = 3.0


class Jobs:
    """Runs jobs in their turn, from `start` until `close`."""

    def __init__(self, runner: Runner, book: JobBook, settings: Settings) -> None:
        self._runner, self._book, self._settings = runner, book, settings
        self._memory = HeldBytes(settings.rows_held_bytes, book.make_room)
        per_user = min(settings.user_jobs, settings.concurrent_jobs)
        self._queue = FairQueue(per_user, settings.queued_jobs, settings.user_queued_jobs)
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name=f"job-{number}", daemon=True)
            for number in range(settings.concurrent_jobs)
        ] + [threading.Thread(target=self._watch, name="job-watch", daemon=True)]

    def start(self) -> None:
        """Start to run jobs; returns at once."""
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
        self._book.add(job)
        return job

    def get(self, job_id: str, user: str) -> Job:
        """A job of this user since the engine started. Raises NotFound."""
        return self._book.get(job_id, user)

    def record(self, job_id: str, user: str) -> JobRecord:
        """What is known of a job of this user, also from before a restart. Raises NotFound."""
        return self._book.record(job_id, user)

    # -- stopping ------------------------------------------------------------------------------------

    def cancel(self, job: Job, reason: str | None = None) -> None:
        """Stop a job: at once when it waits; one that has ended stays as it ended."""
        if not job.request_cancellation(reason or f"Query cancelled by user '{job.user}'"):
            return
        if self._queue.remove(job):
            self._finish(job, JobState.CANCELED)
        else:
            self._stop_running(job)

    def _stop_running(self, job: Job) -> None:
        threading.Thread(target=_insist, args=(job,), name=f"cancel {job.id}", daemon=True).start()

    def close(self) -> None:
        """Cancel what waits and runs, and wait for it."""
        self._closing.set()
        jobs = self._book.unfinished()
        for job in jobs:
            self.cancel(job, "The engine was stopped")
        self._queue.close()
        wait([job.done for job in jobs], timeout=CLOSE_SECONDS)
        for thread in self._threads:
            thread.join(timeout=1.0)
        self._book.flush()

    # -- running -------------------------------------------------------------------------------------

    def _work(self) -> None:
        while (job := self._queue.take()) is not None:
            try:
                job.enter(JobState.PLANNING)
                self._finish(job, self._run(job))
            finally:
                self._queue.ended(job)

    def _run(self, job: Job) -> JobState:
        try:
            statement = read_statement(job.sql, job.context, job.user)
            job.understood(statement)
            return job.answered(self._runner.run_into(job.rows, statement, job.stop))
        except Cancelled:
            return job.cancelled()
        except EngineError as error:
            return job.failed(error.message)
        except Exception as error:
            # The last resort of a worker thread: the job must end, and the log must tell why.
            LOG.exception("job %s broke: %s", job.id, job.sql[:500])
            return job.failed(f"SYSTEM ERROR: {without_folders(str(error))} (see the engine's log)")

    def _finish(self, job: Job, state: JobState) -> None:
        job.rows.end(None if state is JobState.COMPLETED else job.error or job.cancellation_reason)
        job.enter(state)
        self._book.keep(job)
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
                self._book.forget_old()
                self._book.flush()
            except Exception:
                # Jobs must go on ending in time whatever happened to one look at them.
                LOG.exception("watching the jobs failed; it goes on")

    def _end_overdue(self) -> None:
        now = time.time()
        for job in self._queue.waiting():
            if now - job.started_at > self._settings.queue_seconds and self._queue.remove(job):
                reason = _overdue("enqueued time", self._settings.queue_seconds)
                self._finish(job, job.failed(reason))
        for job in self._book.unfinished():
            started = job.entered(JobState.PLANNING)
            if job.overdue is not None or started is None:
                continue
            if now - started > self._settings.statement_seconds:
                job.is_overdue(_overdue("runtime", self._settings.statement_seconds))
                self._stop_running(job)


def _overdue(what: str, seconds: float) -> str:
    return (
        f"RESOURCE ERROR: Query cancelled by Workload Manager. Query {what} of"
        f" {seconds:.2f} seconds exceeded for queue '{QUEUE}'."
    )


def _insist(job: Job) -> None:
    """Interrupt until the job ends: DuckDB forgets one that comes just before a statement begins."""
    while not job.done.done():
        job.stop.cancel()
        wait([job.done], timeout=INTERRUPT_EVERY_SECONDS)
