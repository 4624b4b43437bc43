"""What a task remembers of its job between attempts, in Airflow's task state store.

The store belongs to one task of one run: it outlives attempts, killed workers and clearing, and no other run
sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from lakehouse.platform.external_job.job import Handle, Phase

KEY: Final = "external_job"


@dataclass(frozen=True)
class KeptJob:
    """The newest job of a task."""

    handle: Handle | None
    """None: it may have been submitted, but the worker died before it learnt what the job is found by."""
    mark: str
    """What the submission carried to be found by; empty for a system that cannot be asked."""
    cleared: int
    """Which clearing of the task it was submitted after: see `KeptJobs`."""
    reported: bool = False
    """Its success has been given to Airflow: clearing the task then asks for a new one."""

    def is_wanted(self, phase: Phase, cleared: int, outlives_clearing: bool) -> bool:
        """Whether an attempt takes the job for its own instead of starting another one."""
        if phase is Phase.STOPPED:
            return False
        if self.cleared == cleared:
            return True
        return outlives_clearing and (phase is Phase.RUNNING or not self.reported)


class KeptJobs:
    """The memory of one attempt's task.

    `cleared` tells the attempts before a clearing of the task from those after it: Airflow leaves a task's
    `max_tries` alone from one retry to the next, and raises it whenever the task is cleared.
    """

    def __init__(self, context: Mapping[str, Any]) -> None:
        self._store = context["task_state_store"]
        self.cleared = int(context["ti"].max_tries)

    def read(self) -> KeptJob | None:
        """The newest job, if there was one."""
        found = self._store.get(KEY)
        return KeptJob(**found) if found else None

    def intend(self, mark: str) -> None:
        """A job with this mark is about to be submitted."""
        self._write(KeptJob(None, mark, self.cleared))

    def keep(self, handle: Handle, mark: str = "") -> None:
        """The job is this one."""
        self._write(KeptJob(handle, mark, self.cleared))

    def report(self, handle: Handle) -> None:
        """The job succeeded, and the task says so next."""
        self._write(KeptJob(handle, "", self.cleared, reported=True))

    def forget(self) -> None:
        """The job is over and did not succeed: the next attempt starts another one."""
        self._store.delete(KEY)

    def _write(self, kept: KeptJob) -> None:
        self._store.set(KEY, asdict(kept))
