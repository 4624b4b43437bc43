"""A task that has another system do its work, and sees that through, whatever happens to the worker."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, NoReturn

from airflow.sdk import BaseOperator

from lakehouse.platform.errors import BusyError, LakehouseError, NotFoundError, TransientError
from lakehouse.platform.external_job.job import Handle, Job, JobClient, Phase
from lakehouse.platform.external_job.kept import KeptJobs
from lakehouse.platform.external_job.triggers import ExternalJobTrigger, Outcome

SYNCHRONOUS: Final = timedelta(seconds=20)
"""How long a worker waits before the task is handed to the triggerer: most jobs of a night are shorter."""
FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 1.0
DEFERRAL_MARGIN: Final = timedelta(minutes=5)
"""The trigger ends the wait at its deadline; Airflow's own timeout is only there should it be gone."""


class Purpose(StrEnum):
    """Why a task is deferred."""

    FOLLOW = "follow"
    """It waits for the job that does its work."""
    WAIT_FOR_TURN = "wait_for_turn"
    """It waits for a job that stands in the way of its own."""


class JobAheadError(BusyError):
    """Raised by `submit`: another job must end first. `job` is None if the service does not say which."""

    def __init__(self, message: str, job: Any = None) -> None:
        super().__init__(message)
        self.job = job


class ExternalJobOperator(BaseOperator, Generic[Job]):
    """Adopt or submit a job, follow it to its end, and report it. Subclasses say how; this says when.

    - What the job is found by is stored before the first look: an attempt after a killed worker takes up the
      job that runs, or the success of one that has ended meanwhile, and submits only if there is neither.
    - The worker waits for `synchronous`; after that the triggerer does.
    - At the deadline, and when the task is killed, a job that this task started is cancelled.
    - Only success is success. Any other end raises `failure`, and the next attempt starts another job.

    Args:
        conn_id: the service's Airflow connection.
        synchronous: how long the worker waits itself.
    """

    trigger_class: ClassVar[type[ExternalJobTrigger[Any]]]
    outlives_clearing: ClassVar[bool] = True
    """Whether work done before the task was cleared, and not reported yet, still counts afterwards."""

    def __init__(self, *, conn_id: str, synchronous: timedelta = SYNCHRONOUS, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.synchronous = synchronous
        self._own: Handle | None = None

    # what a service says

    @property
    @abstractmethod
    def client(self) -> JobClient[Job]:
        """Where jobs are looked at and cancelled."""

    @property
    @abstractmethod
    def job_timeout(self) -> timedelta:
        """How long the task may take, from its start to the job's end."""

    @abstractmethod
    def submit(self, context: Mapping[str, Any], kept: KeptJobs) -> tuple[Job, bool]:
        """Start the job; and whether it is this task's own: one that somebody else started may serve.

        Raises:
            JobAheadError: another job must end first.
        """

    @abstractmethod
    def report(self, context: Mapping[str, Any], job: Job, owned: bool) -> Any:
        """What the task returns for a job that succeeded."""

    @abstractmethod
    def failure(self, job: Job) -> LakehouseError:
        """The error for a job that did not succeed; names the job, its page and the service's reason."""

    @abstractmethod
    def late(self, handle: Handle, progress: str, cancelled: bool) -> LakehouseError:
        """The error for a job that had not ended at the deadline."""

    def find(self, context: Mapping[str, Any], mark: str, same_try: bool) -> Job | None:
        """The job that carries this mark, if the service has one: its submission was not heard of again.

        Args:
            context: the task's.
            mark: given to `KeptJobs.intend` before the submission.
            same_try: False if the task has been cleared since.
        """
        return None

    def own_job_started(self, context: Mapping[str, Any], job: Job) -> None:
        """Called when this task's job is known, before the first look: by the attempt that started it and by
        each one that adopts it."""

    # the task

    def execute(self, context: Any) -> Any:
        """Adopt or submit a job and see it through."""
        deadline = datetime.now(UTC) + self.job_timeout
        adopted = self._adopted(context)
        if adopted is None:
            return self._start(context, deadline)
        return self._follow(context, adopted, True, deadline)

    def resume(
        self,
        context: Any,
        event: Mapping[str, Any],
        handle: Handle,
        deadline: str,
        owned: bool,
        purpose: str,
    ) -> Any:
        """Back from the triggerer: the job has ended, is late, or is gone."""
        late = event["outcome"] == Outcome.DEADLINE
        if purpose == Purpose.WAIT_FOR_TURN:
            if late:
                raise self.late(handle, str(event["why"]), False)
            return self._start(context, datetime.fromisoformat(deadline))
        self._own = handle if owned else None
        try:
            job = self.client.job(handle)
        except TransientError:
            if not late:
                raise
            self._end_late(context, handle, str(event["why"]), owned)
        if late and not job.phase.is_over:
            self._end_late(context, handle, str(event["why"]), owned)
        return self._finish(context, job, owned)

    def on_kill(self) -> None:
        """The task is killed while a worker runs it: cancel the job if this task started it."""
        if self._own is not None:
            self.log.warning("cancelling job %s of %s: its task was killed", self._own, self.conn_id)
            self.client.cancel(self._own)

    # adopt, start, wait, finish

    def _adopted(self, context: Mapping[str, Any]) -> Job | None:
        memory = KeptJobs(context)
        kept = memory.read()
        if kept is None:
            return None
        if kept.handle is None:
            job = self.find(context, kept.mark, kept.cleared == memory.cleared)
        else:
            job = self._known(kept.handle)
        if job is None or not kept.is_wanted(job.phase, memory.cleared, self.outlives_clearing):
            return None
        self.log.info("adopting job %s of an earlier attempt: %s", job.handle, job.progress)
        memory.keep(job.handle)
        self._own = job.handle
        self.own_job_started(context, job)
        return job

    def _known(self, handle: Handle) -> Job | None:
        try:
            return self.client.job(handle)
        except NotFoundError as error:
            self.log.warning("job %s of an earlier attempt is gone: %s", handle, error)
            return None

    def _start(self, context: Mapping[str, Any], deadline: datetime) -> Any:
        memory = KeptJobs(context)
        pauses = _pauses()
        while True:
            try:
                job, owned = self.submit(context, memory)
            except JobAheadError as ahead:
                if ahead.job is not None:
                    self._await_turn(ahead, deadline)
                elif datetime.now(UTC) >= deadline:
                    raise
                else:
                    time.sleep(next(pauses))
                continue
            if owned:
                memory.keep(job.handle)
                self._own = job.handle
                self.log.info("started job %s of %s", job.handle, self.conn_id)
                self.own_job_started(context, job)
            return self._follow(context, job, owned, deadline)

    def _await_turn(self, ahead: JobAheadError, deadline: datetime) -> None:
        self.log.info("waiting for job %s: %s", ahead.job.handle, ahead)
        job = self._wait_here(ahead.job, deadline)
        if not job.phase.is_over:
            self._defer(job.handle, deadline, False, Purpose.WAIT_FOR_TURN)

    def _follow(self, context: Mapping[str, Any], job: Job, owned: bool, deadline: datetime) -> Any:
        job = self._wait_here(job, deadline)
        if not job.phase.is_over:
            if datetime.now(UTC) >= deadline:
                self._end_late(context, job.handle, job.progress, owned)
            self._defer(job.handle, deadline, owned, Purpose.FOLLOW)
        return self._finish(context, job, owned)

    def _wait_here(self, job: Job, deadline: datetime) -> Job:
        until = min(datetime.now(UTC) + self.synchronous, deadline)
        for pause in _pauses():
            if job.phase.is_over or datetime.now(UTC) >= until:
                break
            time.sleep(pause)
            try:
                job = self.client.job(job.handle)
            except TransientError as error:
                self.log.warning("job %s could not be looked at, trying again: %s", job.handle, error)
        return job

    def _defer(self, handle: Handle, deadline: datetime, owned: bool, purpose: Purpose) -> None:
        until = deadline.isoformat()
        self.defer(
            trigger=self.trigger_class(self.conn_id, handle, until, owned),
            method_name="resume",
            kwargs={"handle": handle, "deadline": until, "owned": owned, "purpose": purpose.value},
            timeout=max(timedelta(), deadline - datetime.now(UTC)) + DEFERRAL_MARGIN,
        )

    def _finish(self, context: Mapping[str, Any], job: Job, owned: bool) -> Any:
        memory = KeptJobs(context)
        if job.phase is not Phase.SUCCEEDED:
            if owned and job.phase is Phase.STOPPED:
                memory.forget()
            raise self.failure(job)
        report = self.report(context, job, owned)
        if owned:
            memory.report(job.handle)
        return report

    def _end_late(self, context: Mapping[str, Any], handle: Handle, progress: str, owned: bool) -> NoReturn:
        cancelled = owned and self._cancelled(handle)
        if cancelled:
            KeptJobs(context).forget()
        raise self.late(handle, progress, cancelled)

    def _cancelled(self, handle: Handle) -> bool:
        try:
            self.client.cancel(handle)
        except LakehouseError as error:
            self.log.warning("job %s could not be cancelled: %s", handle, error)
            return False
        return True


def _pauses() -> Iterator[float]:
    """Short at first, for most jobs are, then longer."""
    pause = FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(pause * 1.6, LONGEST_PAUSE_SECONDS)
