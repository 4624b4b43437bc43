"""A job of Dremio, and what its end means."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.dremio.errors import DremioJobCanceledError, DremioJobError, job_failure
from lakehouse.dremio.states import JobState
from lakehouse.platform.external_job.job import Phase


@dataclass(frozen=True)
class Job:
    """A job as Dremio describes it; `rows` is None while or when Dremio does not count them."""

    id: str
    url: str
    state: JobState
    raw_state: str
    message: str
    rows: int | None

    @classmethod
    def submitted(cls, job_id: str, url: str) -> Job:
        """A job that Dremio has just taken."""
        state = JobState.PENDING
        return cls(job_id, url, state, state.value, message="", rows=None)

    @property
    def handle(self) -> str:
        """What the job is found by."""
        return self.id

    @property
    def phase(self) -> Phase:
        """Whether it goes on, and if not, how it ended."""
        return self.state.phase

    @property
    def progress(self) -> str:
        """Dremio's own word for its state."""
        return self.raw_state

    def raise_unless_completed(self) -> None:
        """Only COMPLETED is success.

        Raises:
            DremioJobFailedError, DremioJobInterruptedError, DremioJobCanceledError: as the state says.
        """
        if self.state is not JobState.COMPLETED:
            raise self.failure()

    def failure(self) -> DremioJobError:
        """The error of a job that did not complete."""
        if self.state is JobState.CANCELED:
            return DremioJobCanceledError(self.id, self.url, f"was canceled{_because(self.message)}")
        if self.state is JobState.FAILED:
            return job_failure(self.id, self.url, self.message)
        ended = f"ended in the state {self.raw_state}{_because(self.message)}"
        return job_failure(self.id, self.url, ended)


def _because(message: str) -> str:
    return f": {message}" if message else ""
