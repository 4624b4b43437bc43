"""Dremio's states, as its REST API names them. States are compared through these and nothing else."""

from __future__ import annotations

from typing import Final

from lakehouse.platform.external_job.job import Phase
from lakehouse.platform.remote_state import RemoteState


class JobState(RemoteState):
    """State of a job (Job API)."""

    NOT_SUBMITTED = "NOT_SUBMITTED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    CANCELLATION_REQUESTED = "CANCELLATION_REQUESTED"
    PLANNING = "PLANNING"
    PENDING = "PENDING"
    METADATA_RETRIEVAL = "METADATA_RETRIEVAL"
    QUEUED = "QUEUED"
    ENGINE_START = "ENGINE_START"
    EXECUTION_PLANNING = "EXECUTION_PLANNING"
    INVALID_STATE = "INVALID_STATE"
    UNKNOWN = "UNKNOWN"

    @property
    def phase(self) -> Phase:
        """A state that is neither running nor an end may still become one: it is waited on."""
        return _PHASES.get(self, Phase.RUNNING)


_PHASES: Final = {
    JobState.COMPLETED: Phase.SUCCEEDED,
    JobState.CANCELED: Phase.STOPPED,
    JobState.FAILED: Phase.STOPPED,
}


class ReflectionConfigState(RemoteState):
    """Can the reflection's definition be used? (`status.config`)"""

    OK = "OK"
    INVALID = "INVALID"
    UNKNOWN = "UNKNOWN"


class ReflectionRefreshState(RemoteState):
    """How the reflection is refreshed, or that it is being refreshed (`status.refresh`)."""

    MANUAL = "MANUAL"
    SCHEDULED = "SCHEDULED"
    RUNNING = "RUNNING"
    PENDING = "PENDING"
    ON_DATA_CHANGES = "ON_DATA_CHANGES"
    GIVEN_UP = "GIVEN_UP"
    UNKNOWN = "UNKNOWN"


class ReflectionAvailability(RemoteState):
    """Is there a materialisation that queries can use? (`status.availability`)"""

    NONE = "NONE"
    INCOMPLETE = "INCOMPLETE"
    EXPIRED = "EXPIRED"
    AVAILABLE = "AVAILABLE"
    UNKNOWN = "UNKNOWN"


class ReflectionCombinedStatus(RemoteState):
    """The reflection's state in one word (`status.combinedStatus`)."""

    NONE = "NONE"
    CAN_ACCELERATE = "CAN_ACCELERATE"
    CAN_ACCELERATE_WITH_FAILURES = "CAN_ACCELERATE_WITH_FAILURES"
    REFRESHING = "REFRESHING"
    FAILED = "FAILED"
    DISABLED = "DISABLED"
    INVALID = "INVALID"
    INCOMPLETE = "INCOMPLETE"
    EXPIRED = "EXPIRED"
    CANNOT_ACCELERATE_SCHEDULED = "CANNOT_ACCELERATE_SCHEDULED"
    CANNOT_ACCELERATE_MANUAL = "CANNOT_ACCELERATE_MANUAL"
    CANNOT_ACCELERATE_INITIALIZING = "CANNOT_ACCELERATE_INITIALIZING"
    UNKNOWN = "UNKNOWN"
