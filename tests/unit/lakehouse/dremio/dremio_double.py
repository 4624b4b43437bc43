"""A Dremio that inserts rows, shows its statements in system tables, and kills its caller at a chosen step.

Time passes with the steps of those who call: a job runs for some of them, also when nobody watches it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lakehouse.dremio.errors import DremioNotFoundError, DremioRefusedError, DremioUnavailableError
from lakehouse.dremio.job import Job
from lakehouse.dremio.states import JobState


class KilledError(BaseException):
    """kill -9: nothing of the process runs any more."""


@dataclass
class Statement:
    """One statement that was submitted."""

    sql: str
    ends_at: int
    state: JobState = JobState.RUNNING


class Steps:
    """Counts what a process does, and kills it at one of these moments."""

    def __init__(self) -> None:
        self.now = 0
        self.kill_at: list[int] = []

    def take(self) -> None:
        self.now += 1
        if self.now in self.kill_at:
            raise KilledError

    def around(self, effect: Callable[..., Any]) -> Callable[..., Any]:
        """The effect between two moments at which the process may be killed."""

        def stepped(*values: Any) -> Any:
            self.take()
            result = effect(*values)
            self.take()
            return result

        return stepped


class FakeDremio:
    """What DremioSqlOperator uses of DremioClient. `rows` counts what was inserted."""

    base_url = "http://dremio"

    def __init__(self, steps: Steps, runs_for: int = 0, fails: int = 0) -> None:
        self.steps = steps
        self.runs_for = runs_for
        self.fails = fails
        self.statements: list[Statement] = []
        self.rows = 0
        self.cancelled: list[str] = []
        self.shows_jobs = True
        self.away = 0
        self.submit = steps.around(self._submit)
        self.job = steps.around(self._job)
        self.query = steps.around(self._query)
        self.cancel = steps.around(self._cancel)

    def job_url(self, job_id: str) -> str:
        return f"{self.base_url}/job/{job_id}"

    def close(self) -> None:
        return None

    def _submit(self, sql: str) -> str:
        self.statements.append(Statement(sql, self.steps.now + self.runs_for))
        return str(len(self.statements) - 1)

    def _job(self, job_id: str) -> Job:
        if self.away:
            self.away -= 1
            raise DremioUnavailableError("503")
        self._advance()
        try:
            state = self.statements[int(job_id)].state
        except IndexError:
            raise DremioNotFoundError(f"no job {job_id}") from None
        return Job(job_id, self.job_url(job_id), state, state.value, "", rows=1)

    def _query(self, sql: str) -> list[dict[str, Any]]:
        """The system tables hold the question itself as well."""
        if not self.shows_jobs:
            raise DremioRefusedError("you may not read sys.jobs")
        self._advance()
        running = "sys.jobs\n" in sql
        [(head, tail)] = re.findall(r"like '%(.*)' \|\| '(.*)%'", sql)
        known = [*enumerate(self.statements), (-1, Statement(sql, 0))]
        return [
            {"job_id": str(number)}
            for number, each in known
            if head + tail in each.sql and running is (each.state is JobState.RUNNING)
        ]

    def _cancel(self, job_id: str) -> None:
        self.cancelled.append(job_id)
        self.statements[int(job_id)].state = JobState.CANCELED

    def _advance(self) -> None:
        for each in self.statements:
            if each.state is JobState.RUNNING and each.ends_at <= self.steps.now:
                if self.fails:
                    self.fails -= 1
                    each.state = JobState.FAILED
                else:
                    each.state = JobState.COMPLETED
                    self.rows += 1
