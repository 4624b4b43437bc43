"""Jobs become attempts here: one at a time per connection, a few at a time in all, retried, cancelled,
resumed.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg

from airbyte_engine.problems import Problem
from airbyte_engine.store.connections import ConnectionStore, StateStore
from airbyte_engine.store.database import Row
from airbyte_engine.store.jobs import JobStatus, JobStore
from airbyte_engine.sync.archive import LogArchive, owner_of
from airbyte_engine.sync.attempt import Attempt, Outcome, append_line, failure_reason
from airbyte_engine.sync.orders import OrderBook
from airbyte_engine.sync.worker_process import WorkerProcesses

log = logging.getLogger("airbyte_engine.sync")

_INTERRUPTED = (
    "The Airbyte server stopped, or lost its database, while this attempt was running; nothing stored before"
    " it is lost"
)
_KEPT_JOBS = 1000
_KEPT_FOR = dt.timedelta(days=1)
"""Of a connection, the newest jobs and all that have ended since stay. A stream has one every few seconds."""
_FORGET_EVERY = 50
"""Jobs: less than are forgotten at once, so that their number falls."""
_DATABASE_PAUSE_SECONDS = 1.0
"""Between two looks whether the platform database is back; the pool itself waits for a connection, too."""


class SyncSupervisor:
    """Owns the worker processes of this server."""

    def __init__(
        self,
        jobs: JobStore,
        connections: ConnectionStore,
        states: StateStore,
        orders: OrderBook,
        archive: LogArchive,
        max_attempts: int,
        retry_delay: float,
        max_concurrent: int,
    ) -> None:
        self._jobs = jobs
        self._connections = connections
        self._states = states
        self._orders = orders
        self._archive = archive
        self._max_attempts = max_attempts
        self._retry_delay = retry_delay
        self._slots = ThreadPoolExecutor(max_concurrent, thread_name_prefix="sync")
        self._lock = threading.Lock()
        self._running: dict[int, Attempt] = {}
        self._cancelled: dict[int, threading.Event] = {}
        self._stopping = threading.Event()
        self._workers = WorkerProcesses(orders.settings.workspace_root / "sockets")

    def start(self) -> None:
        """Go on with what a previous server left unfinished."""
        # Not at once: the imports that workers are forked from take as long as this server's own.
        self._slots.submit(self._workers.prepare)
        for job in self._jobs.unfinished():
            self._close_interrupted(job)
        self._slots.submit(self._keep_owed_logs)

    def stop(self) -> None:
        """Kill the workers. Their jobs stay unfinished in the database: the next server goes on with them."""
        self._stopping.set()
        with self._lock:
            attempts = list(self._running.values())
            for event in self._cancelled.values():
                event.set()
        for attempt in attempts:
            attempt.kill()
        self._workers.close()
        self._slots.shutdown(wait=True, cancel_futures=True)

    def submit(self, connection_id: UUID, job_type: str) -> int:
        """Create a job and run it as soon as there is a slot.

        Raises Problem: 404 without the connection, 422 when it is inactive, 409 while it has an unfinished
        job.
        """
        connection = self._connections.get(connection_id)
        if connection["status"] != "active":
            raise Problem(
                422, "unprocessable-entity", f"Connection {connection['name']!r} is {connection['status']}."
            )
        job_id = self._jobs.create(connection_id, connection["name"], job_type)
        self._enqueue(job_id)
        return job_id

    def cancel(self, job_id: int) -> None:
        """Stop the job; when this returns no worker of it is alive. Raises Problem: 404, 409 when it has
        ended.
        """
        job = self._jobs.get(job_id)
        status = JobStatus(job["status"])
        if status.finished:
            raise Problem(409, "conflict", f"Job {job_id} has already {status}; it cannot be cancelled.")
        self._jobs.request_cancel(job_id)
        with self._lock:
            event = self._cancelled.get(job_id)
            attempt = self._running.get(job_id)
            if event is not None:
                event.set()
        if attempt is not None:
            attempt.kill()
        self._jobs.set_status(job_id, JobStatus.CANCELLED)

    def _enqueue(self, job_id: int) -> None:
        with self._lock:
            self._cancelled[job_id] = threading.Event()
        self._slots.submit(self._run_job, job_id)

    def _close_interrupted(self, job: Row) -> None:
        job_id = int(job["job_id"])
        attempts = self._jobs.attempts(job_id)
        self._orders.clear_scratch(job_id)
        interrupted = [attempt for attempt in attempts if attempt["status"] == "running"]
        if job["cancel_requested"]:
            status = JobStatus.CANCELLED
        elif interrupted and len(attempts) >= self._max_attempts:
            status = JobStatus.FAILED
        else:
            status = JobStatus.INCOMPLETE if attempts else JobStatus.PENDING
        for attempt in interrupted:
            number = int(attempt["attempt_number"])
            self._jobs.end_attempt(job_id, number, False, failure_reason(_INTERRUPTED), status)
            append_line(self._orders.log_file(job_id, number), "ERROR", _INTERRUPTED)
        self._jobs.set_status(job_id, status)
        self._keep_logs(job)
        if not status.finished:
            log.info("job %s was interrupted; it goes on", job_id)
            self._enqueue(job_id)

    def _run_job(self, job_id: int) -> None:
        left_open = False
        try:
            self._run_attempts(job_id)
        except Exception:
            log.exception("job %s: the server itself failed", job_id)
            left_open = True
        finally:
            with self._lock:
                self._cancelled.pop(job_id, None)
                self._running.pop(job_id, None)
        if left_open:
            self._close_when_possible(job_id)
        elif job_id % _FORGET_EVERY == 0:
            self._forget_old_jobs(job_id)

    def _forget_old_jobs(self, job_id: int) -> None:
        """Of this job's connection. What cannot be forgotten now is forgotten later."""
        before = dt.datetime.now(dt.UTC) - _KEPT_FOR
        try:
            connection_id = self._jobs.get(job_id)["connection_id"]
            for forgotten in self._jobs.forget_old(connection_id, _KEPT_JOBS, before):
                self._orders.forget_job(forgotten)
        except (psycopg.Error, OSError, Problem):
            log.exception("old jobs are still there")

    def _run_attempts(self, job_id: int) -> None:
        job = self._jobs.get(job_id)
        cancelled = self._cancelled[job_id]
        if job["job_type"] in ("reset", "clear", "refresh") and not self._jobs.attempts(job_id):
            self._states.clear(job["connection_id"])
        while not cancelled.is_set():
            number = self._jobs.begin_attempt(job_id)
            outcome = self._run_attempt(job, number)
            if self._stopping.is_set():
                return
            status = self._status_after(number, outcome, cancelled.is_set())
            self._jobs.end_attempt(job_id, number, outcome.succeeded, outcome.failure, status)
            self._workers.prepare()
            self._keep_logs(job)
            if status.finished:
                return
            cancelled.wait(self._retry_delay * 2**number)

    def _keep_logs(self, job: Row) -> None:
        job_id = int(job["job_id"])
        service = self._orders.service(job["connection_id"])
        for attempt in self._jobs.attempts(job_id):
            if attempt["status"] != "running":
                file = self._orders.log_file(job_id, attempt["attempt_number"])
                self._archive.keep(file, owner_of(job, attempt, service))

    def _keep_owed_logs(self) -> None:
        """What the bucket did not take from an earlier server."""
        for job_id in self._orders.jobs_with_logs():
            try:
                self._keep_logs(self._jobs.get(job_id))
            except Problem:
                log.info("job %s is not in the database; its log stays local", job_id)

    def _run_attempt(self, job: Row, number: int) -> Outcome:
        job_id = int(job["job_id"])
        if job["job_type"] in ("reset", "clear"):
            return Outcome(None)
        try:
            order = self._orders.write(job["connection_id"], job_id, number)
        except Problem as problem:
            return Outcome(failure_reason(problem.detail, "config_error"))
        log_file = self._orders.log_file(job_id, number)
        attempt = Attempt(self._jobs, self._workers, job["connection_id"], order, log_file)
        with self._lock:
            self._running[job_id] = attempt
        if self._cancelled[job_id].is_set():
            attempt.kill()
        return attempt.run()

    def _status_after(self, number: int, outcome: Outcome, cancelled: bool) -> JobStatus:
        if cancelled:
            return JobStatus.CANCELLED
        if outcome.succeeded:
            return JobStatus.SUCCEEDED
        if outcome.hopeless or number + 1 >= self._max_attempts:
            return JobStatus.FAILED
        return JobStatus.INCOMPLETE

    def _close_when_possible(self, job_id: int) -> None:
        """The platform database refused us: end the attempt there, and go on, once it listens again."""
        while not self._stopping.is_set():
            try:
                self._close_interrupted(self._jobs.get(job_id))
            except psycopg.OperationalError as error:
                log.warning("job %s waits for the platform database: %s", job_id, error)
                self._stopping.wait(_DATABASE_PAUSE_SECONDS)
            except Exception:
                log.exception("job %s stays unfinished until this server is restarted", job_id)
                return
            else:
                return
