"""The states of an Airbyte job, as its public API spells them."""

from __future__ import annotations

from typing import Final

from lakehouse.platform.external_job.job import Phase
from lakehouse.platform.remote_state import RemoteState


class JobState(RemoteState):
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
