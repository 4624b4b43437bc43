"""An INSERT whose worker or triggerer is killed at any moment is done exactly once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from airflow.sdk.exceptions import TaskDeferred

from lakehouse.dremio.errors import (
    DremioJobCanceledError,
    DremioJobFailedError,
    DremioJobTimeoutError,
    DremioSubmissionUnknownError,
    DremioUnavailableError,
)
from lakehouse.dremio.marks import marked, new_mark
from lakehouse.dremio.operators import DremioSqlOperator
from lakehouse.dremio.states import JobState
from lakehouse.dremio.triggers import DremioJobTrigger
from lakehouse.platform.external_job import operators, triggers
from testing.lakehouse.task_memory import kept, task_memory
from tests.unit.lakehouse.dremio.dremio_double import FakeDremio, KilledError, Statement, Steps

INSERT = "insert into t values (1)"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "FIRST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(triggers, "POLL_SECONDS", 0.0)


class Task:
    """One task of one run: its attempts, its triggers, and the store between them."""

    def __init__(self, dremio: FakeDremio, synchronous: timedelta) -> None:
        self.dremio = dremio
        self.synchronous = synchronous
        self.cleared = 0
        self.store: dict[str, Any] = {}

    @property
    def context(self) -> Any:
        memory = task_memory(self.store, self.cleared)
        store = memory["task_state_store"]
        for name in ("get", "set", "delete"):
            setattr(store, name, self.dremio.steps.around(getattr(store, name)))
        return memory

    def operator(self, **arguments: Any) -> DremioSqlOperator:
        """The operator as a new worker makes it."""
        operator = DremioSqlOperator(
            task_id="insert", sql=INSERT, **{"synchronous": self.synchronous, **arguments}
        )
        operator.__dict__["client"] = self.dremio
        return operator

    def attempt(self) -> Any:
        """What Airflow does in one attempt; a trigger that dies is started again from its row."""
        try:
            return self.operator().execute(self.context)
        except TaskDeferred as deferred:
            path, arguments = deferred.trigger.serialize()
            assert path.endswith(".DremioJobTrigger")
            kwargs = dict(deferred.kwargs or {})
        while True:
            try:
                event = asyncio.run(self._fired(arguments))
            except KilledError:
                continue
            return self.operator().resume(self.context, event, **kwargs)

    async def _fired(self, arguments: dict[str, Any]) -> dict[str, Any]:
        trigger = DremioJobTrigger(**arguments)
        trigger.client_of = lambda connection: self.dremio  # type: ignore[assignment, method-assign, return-value]
        outcome, why = await trigger._end_of_wait(self.dremio)  # type: ignore[arg-type]
        return {"outcome": outcome.value, "why": why}

    def succeed(self) -> Any:
        """Attempts until one succeeds."""
        for _ in range(20):
            try:
                return self.attempt()
            except (KilledError, DremioJobFailedError):
                continue
        raise AssertionError("no attempt succeeded")


def steps_without_a_kill(runs_for: int, synchronous: timedelta, fails: int) -> int:
    steps = Steps()
    Task(FakeDremio(steps, runs_for, fails), synchronous).succeed()
    return steps.now


WAYS = pytest.mark.parametrize("synchronous", [timedelta(minutes=5), timedelta()], ids=["waits", "defers"])


@WAYS
@pytest.mark.parametrize("runs_for", [0, 3, 9, 40])
@pytest.mark.parametrize("fails", [0, 1])
def test_killed_at_any_moment_the_insert_is_done_once(
    runs_for: int, synchronous: timedelta, fails: int
) -> None:
    moments = steps_without_a_kill(runs_for, synchronous, fails)
    assert moments > 8
    for moment in range(1, moments + 1):
        inserts_once([moment], runs_for, synchronous, fails)


@WAYS
def test_killed_at_any_two_moments_the_insert_is_done_once(synchronous: timedelta) -> None:
    runs_for = 3
    moments = steps_without_a_kill(runs_for, synchronous, 0)
    for first in range(1, moments + 1):
        for second in range(first + 1, first + moments):
            inserts_once([first, second], runs_for, synchronous, 0)


def inserts_once(kill_at: list[int], runs_for: int, synchronous: timedelta, fails: int) -> None:
    steps = Steps()
    steps.kill_at = kill_at
    dremio = FakeDremio(steps, runs_for, fails)
    report = Task(dremio, synchronous).succeed()
    where = f"killed at {kill_at}: {[each.sql for each in dremio.statements]}"
    assert dremio.rows == 1, where
    assert dremio.cancelled == [], where
    [job] = report["external_jobs"]
    assert dremio.statements[int(job["id"])].state is JobState.COMPLETED, where
    assert len(dremio.statements) == 1 + fails, where


def killed_while_it_submits(dremio: FakeDremio, task: Task) -> None:
    """The statement is in Dremio, and nobody has heard of it."""
    submit = dremio.submit

    def dies(sql: str) -> str:
        submit(sql)
        raise KilledError

    dremio.submit = dies
    with pytest.raises(KilledError):
        task.attempt()
    dremio.submit = submit


def test_a_success_that_was_reported_is_done_again_when_the_task_is_cleared() -> None:
    dremio = FakeDremio(Steps())
    task = Task(dremio, timedelta(minutes=5))
    task.attempt()
    task.attempt()
    assert dremio.rows == 1, "a worker that died after its last step has not been cleared"
    task.cleared = 1
    task.attempt()
    assert dremio.rows == 2


def test_a_success_that_nobody_heard_of_counts_after_the_task_is_cleared() -> None:
    """Its retries were used up by dying workers: who clears the failed task does not want a second INSERT."""
    dremio = FakeDremio(Steps())
    task = Task(dremio, timedelta(minutes=5))
    killed_while_it_submits(dremio, task)
    task.cleared = 1
    task.attempt()
    assert (dremio.rows, len(dremio.statements)) == (1, 1)


def test_whether_it_was_submitted_is_not_guessed_but_a_clearing_decides() -> None:
    dremio = FakeDremio(Steps())
    task = Task(dremio, timedelta(minutes=5))
    killed_while_it_submits(dremio, task)
    dremio.shows_jobs = False
    with pytest.raises(DremioSubmissionUnknownError, match=r"may not read sys\.jobs.*clear this task"):
        task.attempt()
    assert len(dremio.statements) == 1
    task.cleared = 1
    task.attempt()
    assert len(dremio.statements) == 2


def test_a_job_that_somebody_canceled_is_named_and_the_next_attempt_starts_its_own() -> None:
    dremio = FakeDremio(Steps(), runs_for=9)
    task = Task(dremio, timedelta(minutes=5))
    submit = dremio.submit

    def canceled_at_once(sql: str) -> str:
        job_id: str = submit(sql)
        dremio.statements[int(job_id)].state = JobState.CANCELED
        return job_id

    dremio.submit = canceled_at_once
    with pytest.raises(DremioJobCanceledError, match="job 0 was canceled"):
        task.attempt()
    dremio.submit = submit
    task.attempt()
    assert (dremio.rows, len(dremio.statements)) == (1, 2)


@WAYS
def test_at_the_deadline_the_job_is_canceled_and_the_next_attempt_starts_anew(synchronous: timedelta) -> None:
    dremio = FakeDremio(Steps(), runs_for=1_000_000)
    task = Task(dremio, synchronous)
    operator = task.operator(timeout=timedelta(seconds=-1))
    with pytest.raises(DremioJobTimeoutError, match=r"job 0 was PENDING after .* and was canceled"):
        operator.execute(task.context)
    assert dremio.cancelled == ["0"]
    assert task.store == {}


def test_a_job_that_could_not_be_canceled_is_taken_up_by_the_next_attempt() -> None:
    dremio = FakeDremio(Steps(), runs_for=60)
    task = Task(dremio, timedelta(minutes=5))
    cancel, numbers = dremio.cancel, count()

    def away(job_id: str) -> None:
        raise DremioUnavailableError(f"503 number {next(numbers)}")

    dremio.cancel = away
    with pytest.raises(DremioJobTimeoutError, match="could not be canceled"):
        task.operator(timeout=timedelta(seconds=-1)).execute(task.context)
    dremio.cancel = cancel
    task.attempt()
    assert (dremio.rows, len(dremio.statements)) == (1, 1)


def test_a_kill_cancels_the_job_and_a_task_without_one_cancels_nothing() -> None:
    dremio = FakeDremio(Steps(), runs_for=1_000_000)
    task = Task(dremio, timedelta())
    operator = task.operator()
    operator.on_kill()
    assert dremio.cancelled == []
    with pytest.raises(TaskDeferred):
        operator.execute(task.context)
    operator.on_kill()
    assert dremio.cancelled == ["0"]


def test_polls_that_fail_are_ridden_out() -> None:
    dremio = FakeDremio(Steps(), runs_for=3)
    dremio.away = 7
    Task(dremio, timedelta(minutes=5)).attempt()
    assert dremio.rows == 1


def test_a_job_that_dremio_has_forgotten_is_not_waited_for() -> None:
    dremio = FakeDremio(Steps())
    task = Task(dremio, timedelta(minutes=5))
    task.store |= kept("99")
    task.attempt()
    assert dremio.rows == 1


def test_a_mark_stays_within_its_comment_and_is_found_in_no_question() -> None:
    mark = new_mark("dag */ drop table t; /*", "ta'sk%")
    assert set("*/'%; ").isdisjoint(mark)
    dremio = FakeDremio(Steps())
    dremio.statements.append(Statement(marked("select 1", mark), 0))
    from lakehouse.dremio.marks import job_with

    assert job_with(dremio, mark) == "0"  # type: ignore[arg-type]
    assert job_with(dremio, new_mark("dag", "task")) is None  # type: ignore[arg-type]
