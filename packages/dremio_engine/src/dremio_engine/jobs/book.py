"""Every job the engine knows: those since its start with their rows, those of before as records."""

import threading
import time
from collections import OrderedDict

from dremio_engine.errors import NotFound
from dremio_engine.jobs.history import KEPT_SQL, JobHistory, JobRecord, record_of
from dremio_engine.jobs.job import Job
from dremio_engine.settings import Settings
from dremio_engine.state import StateFile


class JobBook:
    """Thread-safe. Rows are kept for a while and within a size, newest first."""

    def __init__(self, state: StateFile, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._history = JobHistory(state, settings.jobs_kept)

    def add(self, job: Job) -> None:
        """A job that was submitted."""
        with self._lock:
            self._jobs[job.id] = job

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

    def unfinished(self) -> list[Job]:
        """Jobs that have not ended, oldest first."""
        with self._lock:
            return [job for job in self._jobs.values() if not job.is_final]

    def current(self) -> list[JobRecord]:
        """What is known of the jobs that have not ended, oldest first."""
        return [record_of(job) for job in self.unfinished()]

    def ended(self) -> list[JobRecord]:
        """Jobs that have ended and are still remembered, oldest first."""
        return self._history.all()

    def keep(self, job: Job) -> None:
        """Remember a job that has ended; on disk after the next `flush`."""
        self._history.add(record_of(job))

    def flush(self) -> None:
        """Write what is new to the state file."""
        self._history.flush()

    def make_room(self, needed: int) -> None:
        """Let the oldest results go until so many bytes are free."""
        with self._lock:
            for job in self._jobs.values():
                if needed <= 0:
                    return
                if job.is_final:
                    needed -= job.rows.held_bytes
                    job.rows.drop()

    def forget_old(self) -> None:
        """Let go of the rows that are too old or too many, and of the oldest jobs."""
        horizon, left = time.time() - self._settings.result_seconds, self._settings.results_kept_bytes
        with self._lock:
            while len(self._jobs) > self._settings.jobs_kept:
                if not next(iter(self._jobs.values())).is_final:
                    break
                self._jobs.popitem(last=False)
            for job in reversed(self._jobs.values()):
                if (ended := job.ended_at) is None:
                    continue
                held = job.rows.held_bytes + len(job.sql)
                left -= held
                if ended < horizon or left < 0:
                    left += held
                    job.forget_rows(KEPT_SQL)
