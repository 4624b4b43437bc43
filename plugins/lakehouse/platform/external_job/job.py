"""What a task must know of the job that it follows, whichever system runs it. Knows nothing of Airflow."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol, TypeVar

Handle = Any
"""What the other system finds a job by, as JSON: a number, a text or an object. It is stored between attempts
and handed to the triggerer."""


class Phase(StrEnum):
    """All that the states of any system come down to."""

    RUNNING = "running"
    """It may still change; a state this code has not met counts as this, and never as success."""
    SUCCEEDED = "succeeded"
    STOPPED = "stopped"
    """It has ended in any other way: failed, cancelled, given up."""

    @property
    def is_over(self) -> bool:
        """Nothing follows."""
        return self is not Phase.RUNNING


class FollowedJob(Protocol):
    """One job, as it was when it was last looked at."""

    @property
    def handle(self) -> Handle:
        """What the job is found by."""

    @property
    def phase(self) -> Phase:
        """Whether it goes on, and if not, how it ended."""

    @property
    def progress(self) -> str:
        """Its state in the other system's own words, for messages."""


Job = TypeVar("Job", bound=FollowedJob)
JobOut = TypeVar("JobOut", bound=FollowedJob, covariant=True)


class JobClient(Protocol[JobOut]):
    """The part of a service's client that following a job needs.

    Raises from every call: TransientError if the service is away, NotFoundError if it has no such job.
    """

    def job(self, handle: Handle, /) -> JobOut:
        """The job as it is now."""

    def cancel(self, handle: Handle, /) -> None:
        """Stop the job; one that has ended stays as it is."""

    def close(self) -> None:
        """Give the connections back."""
