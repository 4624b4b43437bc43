"""Following a night: which run each stage has, how it fares, and when there is nothing left to wait for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Protocol

from lakehouse.night.plan import NIGHT, Stage
from lakehouse.night.starting import announced_at, has_seen, start_id
from lakehouse.platform.airflow_api import Run, Task

START_PATIENCE: Final = timedelta(seconds=180)
"""How long a stage may take to start once all it waits for is done: the scheduler needs seconds."""
OVERTIME: Final = 3
"""A stage that takes this many times its planned minutes is given up on."""
RETRY_CHECK_INTERVAL: Final = timedelta(seconds=5)
"""How often a running stage's tasks are listed, to show retries and silent tasks: the list costs Airflow ten
times what a run does."""
JOIN_PATIENCE: Final = timedelta(seconds=15)
"""How long Airflow may take to start a stage that waits for two others, before it is started by hand."""


class NightApi(Protocol):
    """What following needs of Airflow."""

    def run(self, dag_id: str, run_id: str) -> Run: ...

    def newest_run(self, dag_id: str, partition_key: str, created_since: datetime) -> Run | None: ...

    def tasks(self, run: Run) -> list[Task]: ...

    def trigger(
        self,
        dag_id: str,
        partition_key: str | None = None,
        conf: Mapping[str, Any] | None = None,
        run_id: str | None = None,
    ) -> Run: ...

    def error_of(self, run: Run, task: Task) -> str | None: ...


class SignsOfLife(Protocol):
    """Why a stage that is said to run may not be running."""

    def doubts(self, run: Run) -> str:
        """One sentence; empty if there is none."""


@dataclass(frozen=True)
class Progress:
    """One stage of the night that is being followed."""

    stage: Stage
    state: str = "waiting"
    """waiting, queued, running, retrying, success, failed or blocked (something before it failed)."""
    run: Run | None = None
    note: str = ""
    retries_checked_at: datetime | None = None

    @property
    def seconds(self) -> float | None:
        """From the run's start to its end, or to now."""
        if self.run is None or self.run.started_at is None:
            return None
        return ((self.run.ended_at or datetime.now(UTC)) - self.run.started_at).total_seconds()


class NightFollower:
    """Follows the runs that the first ones set off, stage after stage."""

    def __init__(
        self,
        api: NightApi,
        night: date,
        first: Mapping[str, Run],
        life: SignsOfLife | None = None,
        conf: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Args:
            api: Airflow.
            night: the business date.
            first: the runs that the night begins with, by stage: of both extracts, or of one later stage.
                Only these stages and what comes behind them are followed.
            life: who knows of tasks that died without a word.
            conf: what the first runs were started with, for a stage that has to be started by hand.
        """
        self._api = api
        self._life = life
        self._errors: dict[tuple[str, str, int, int], str] = {}
        self._key = night.isoformat()
        self._conf = dict(conf or {})
        self.stages: dict[str, Progress] = {}
        for stage in NIGHT:
            if stage.name in first:
                self.stages[stage.name] = Progress(stage, run=first[stage.name], state="queued")
            elif any(name in self.stages for name in stage.waits_for):
                self.stages[stage.name] = Progress(stage)

    @property
    def failed(self) -> list[Progress]:
        """The stages that failed, in the plan's order."""
        return [each for each in self.stages.values() if each.state == "failed"]

    @property
    def is_over(self) -> bool:
        """All stages succeeded; or one failed, so that those behind it never start, and none still runs."""
        left = [each for each in self.stages.values() if each.state not in ("success", "failed", "blocked")]
        return not left

    def poll(self) -> None:
        """Look at every stage once.

        Raises:
            AirflowApiError: Airflow does not answer or refuses.
        """
        for before in list(self.stages.values()):
            if before.state not in ("success", "failed", "blocked"):
                self.stages[before.stage.name] = self._look_at(before)
        if self.failed:
            for name, each in self.stages.items():
                if each.state == "waiting":
                    self.stages[name] = replace(each, state="blocked")

    def _look_at(self, before: Progress) -> Progress:
        waits_for = [self.stages[name] for name in before.stage.waits_for if name in self.stages]
        if before.run is None:
            if any(each.state != "success" for each in waits_for):
                return before
            run = self._started_run(before.stage, waits_for)
            if run is None:
                return self._late_to_start(before, waits_for)
        else:
            run = self._api.run(before.run.dag_id, before.run.run_id)
        return self._fared(replace(before, run=run), run)

    def _started_run(self, stage: Stage, waits_for: list[Progress]) -> Run | None:
        since = max(each.run.moment for each in waits_for if each.run is not None)
        run = self._api.newest_run(stage.name, self._key, since)
        if len(waits_for) < 2:
            return run
        ready = self._all_announced(waits_for)
        if run is not None and has_seen(run, ready):
            return run
        if datetime.now(UTC) - ready > JOIN_PATIENCE:
            return self._api.trigger(stage.name, self._key, self._conf, start_id(self._key, ready))
        return None

    def _all_announced(self, waits_for: list[Progress]) -> datetime:
        """When the last of the runs waited for announced: a run that started before has missed it."""
        runs = [each.run for each in waits_for if each.run is not None]
        return max(announced_at(run, self._api.tasks(run)) for run in runs)

    def _late_to_start(self, before: Progress, waits_for: list[Progress]) -> Progress:
        ends = [each.run.ended_at for each in waits_for if each.run and each.run.ended_at]
        if ends and datetime.now(UTC) - max(ends) > START_PATIENCE:
            note = f"did not start within {START_PATIENCE.seconds} s: is the DAG paused, the scheduler alive?"
            return replace(before, state="failed", note=note)
        return before

    def _fared(self, now: Progress, run: Run) -> Progress:
        if run.has_ended:
            return replace(now, state=run.state, note="")
        limit = timedelta(minutes=now.stage.minutes * OVERTIME)
        if datetime.now(UTC) - run.moment > limit:
            minutes = int(limit.total_seconds() // 60)
            return replace(now, state="failed", note=f"still {run.state} after {minutes} minutes")
        if run.state == "queued":
            return replace(now, state="queued", note="")
        if (
            now.retries_checked_at is not None
            and datetime.now(UTC) - now.retries_checked_at < RETRY_CHECK_INTERVAL
        ):
            return now
        tasks = self._api.tasks(run)
        looked = replace(now, retries_checked_at=datetime.now(UTC))
        if again := [task for task in tasks if task.state == "up_for_retry"]:
            note = ", ".join(self._failed_attempt(run, task, task.try_number) for task in again)
            return replace(looked, state="retrying", note=note)
        notes = [
            self._failed_attempt(run, task, task.try_number - 1)
            for task in tasks
            if task.state in ("running", "queued", "scheduled") and task.try_number > 1
        ]
        if self._life is not None and (doubts := self._life.doubts(run)):
            notes.append(doubts)
        return replace(looked, state="running", note=", ".join(notes))

    def _failed_attempt(self, run: Run, task: Task, attempt: int) -> str:
        """`sync (attempt 1 of 4 failed: TimeoutError: ...)`; the log is read once per attempt."""
        key = (run.run_id, task.task_id, task.map_index, attempt)
        if key not in self._errors:
            self._errors[key] = self._api.error_of(run, replace(task, try_number=attempt)) or "without a word"
        return f"{task.task_id} (attempt {attempt} of {task.max_tries + 1} failed: {self._errors[key]})"
