"""The states of an Airbyte job, as its public API spells them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from lakehouse.platform.external_job.job import Phase


class JobState(StrEnum):
    """State of a sync job. UNKNOWN stands for a word this code has not met."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    INCOMPLETE = "incomplete"
    """An attempt failed and Airbyte is about to start another one: not an end."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, word: str) -> JobState:
        """The state that the word names, UNKNOWN if none."""
        try:
            return cls(word.lower())
        except ValueError:
            return cls.UNKNOWN

    @property
    def phase(self) -> Phase:
        """An unknown state is waited on until the deadline, for it may be a new word for running; it never
        counts as success."""
        return _PHASES.get(self, Phase.RUNNING)


_PHASES: Final = {
    JobState.SUCCEEDED: Phase.SUCCEEDED,
    JobState.FAILED: Phase.STOPPED,
    JobState.CANCELLED: Phase.STOPPED,
}
