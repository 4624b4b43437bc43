"""A job: one statement from submission to end, and the states it went through."""

import threading
import time
import uuid
from concurrent.futures import Future
from enum import StrEnum

from dremio_engine.jobs.results import Rows
from dremio_engine.lake.cursors import Cursor, Interruptible
from dremio_engine.lake.outcomes import Outcome, Relationship
from dremio_engine.paths import Path
from dremio_engine.sql.statement import Statement


class JobState(StrEnum):
    """Dremio's states, all that its Job API documents.

    Here a statement is planned after it has waited, in Dremio before; a job is never in NOT_SUBMITTED,
    METADATA_RETRIEVAL, ENGINE_START, EXECUTION_PLANNING, STARTING or INVALID_STATE.
    """

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


FINAL = frozenset({JobState.COMPLETED, JobState.CANCELED, JobState.FAILED})


class Job:
    """`done` is set when the state is final. `states` tells when each was entered, in seconds since 1970.

    Thread-safe: whoever comes first decides how it ends.
    """

    def __init__(self, sql: str, context: Path, user: str, query_type: str, rows: Rows) -> None:
        self.id = str(uuid.uuid4())
        self.sql, self.context, self.user, self.query_type = sql, context, user, query_type
        self.rows = rows
        self.states: list[tuple[JobState, float]] = [(JobState.PENDING, time.time())]
        self.error: str | None = None
        self.cancellation_reason = ""
        self.row_count: int | None = None
        self.datasets: tuple[str, ...] = ()
        self.relationships: tuple[Relationship, ...] = ()
        self.may_run_again = False
        self.stop = _Stop(self)
        # Why the engine itself stopped the statement: then the job has failed and was not cancelled.
        self.overdue: str | None = None
        self.done: Future[None] = Future()
        self._lock = threading.Lock()

    @property
    def state(self) -> JobState:
        """The state now."""
        return self.states[-1][0]

    @property
    def is_final(self) -> bool:
        """Whether it has ended."""
        return self.state in FINAL

    def enter(self, state: JobState) -> None:
        """Take a state; one that is final stays, and no later step takes a wish to cancel back."""
        with self._lock:
            self._enter(state)

    def _enter(self, state: JobState) -> None:
        if self.is_final or self.state is state:
            return
        if self.state is JobState.CANCELLATION_REQUESTED and state not in FINAL:
            return
        self.states.append((state, time.time()))

    def understood(self, statement: Statement) -> None:
        """The statement's text has been read."""
        self.may_run_again = statement.is_query

    def request_cancellation(self, reason: str) -> bool:
        """Note the wish to cancel; false when it has ended or the wish is known."""
        with self._lock:
            if self.is_final or self.state is JobState.CANCELLATION_REQUESTED:
                return False
            self.cancellation_reason = reason
            self._enter(JobState.CANCELLATION_REQUESTED)
            return True

    def is_overdue(self, reason: str) -> None:
        """It has run for too long: it fails with this reason once its statement has stopped."""
        self.overdue = reason

    def answered(self, outcome: Outcome) -> JobState:
        """The statement ran to its end."""
        self.row_count, self.datasets = outcome.row_count, outcome.datasets
        self.relationships = outcome.relationships
        return JobState.COMPLETED

    def cancelled(self) -> JobState:
        """The statement was stopped; gives the state that this means."""
        if self.overdue is not None:
            return self.failed(self.overdue)
        self.cancellation_reason = self.cancellation_reason or "The client stopped reading the rows"
        return JobState.CANCELED

    def failed(self, error: str) -> JobState:
        """The statement broke; gives the state that this means."""
        self.error = error if self.overdue is None else self.overdue
        return JobState.FAILED

    def forget_rows(self, kept_sql: int) -> None:
        """Let the rows go, and all of the text but its start."""
        self.rows.drop()
        self.sql = self.sql[:kept_sql]

    def entered(self, state: JobState) -> float | None:
        """When a state was entered, nothing when it never was."""
        return next((moment for found, moment in self.states if found is state), None)

    @property
    def started_at(self) -> float:
        """When it was submitted."""
        return self.states[0][1]

    @property
    def ended_at(self) -> float | None:
        """When it came to its final state."""
        state, moment = self.states[-1]
        return moment if state in FINAL else None


class _Stop(Interruptible):
    """The first cursor a statement gets is the moment it starts to run."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job

    def attach(self, cursor: Cursor | None) -> None:
        if cursor is not None:
            self._job.enter(JobState.RUNNING)
        super().attach(cursor)
