"""A job of Dremio, and what its end means."""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.dremio.errors import DremioJobCanceledError, job_failure
from lakehouse.dremio.states import JobState


@dataclass(frozen=True)
class Job:
    """A job as Dremio describes it; `rows` is None while or when Dremio does not count them."""

    id: str
    url: str
    state: JobState
    raw_state: str
    message: str
    rows: int | None

    def raise_unless_completed(self) -> None:
        """Only COMPLETED is success.

        Raises:
            DremioJobFailedError, DremioJobInterruptedError, DremioJobCanceledError: as the state says.
        """
        if self.state is JobState.COMPLETED:
            return
        if self.state is JobState.CANCELED:
            raise DremioJobCanceledError(self.id, self.url, f"was canceled{_because(self.message)}")
        if self.state is JobState.FAILED:
            raise job_failure(self.id, self.url, self.message)
        raise job_failure(self.id, self.url, f"ended in the state {self.raw_state}{_because(self.message)}")


def _because(message: str) -> str:
    return f": {message}" if message else ""
