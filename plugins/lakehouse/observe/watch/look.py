"""One look at Airflow through its REST API: a dozen questions, more only for what looks wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Protocol

from lakehouse.night.plan import NIGHT
from lakehouse.night.starting import announced_at
from lakehouse.observe.watch.seen import LOOK_BACK, MOST_RUNS, Seen
from lakehouse.observe.watch.starts import Case, Suspect, newest_that_ran
from lakehouse.platform.airflow_runs import Backfill, PendingPartition, Run, Task

STAGES: Final = tuple(stage.name for stage in NIGHT)
BY_THE_CLOCK: Final = tuple(stage.name for stage in NIGHT if not stage.waits_for)
JOINED: Final = tuple({name for stage in NIGHT if len(stage.waits_for) > 1 for name in stage.waits_for})
"""Stages whose asset is awaited together with another one."""
WATCH: Final = "watch_platform"


class WatchedAirflow(Protocol):
    """What a look asks of Airflow; `AirflowApi` has it."""

    def paused_by_dag(self) -> dict[str, bool]: ...

    def import_errors(self) -> list[str]: ...

    def unfinished_runs(self, dag_ids: Sequence[str]) -> list[Run]: ...

    def runs_ended_since(self, dag_ids: Sequence[str], since: datetime, at_most: int) -> list[Run]: ...

    def announcements(self, dag_id: str, since: datetime) -> dict[str, datetime]: ...

    def pending_partitions(self) -> Sequence[PendingPartition] | None: ...

    def active_tasks(self, dag_ids: Sequence[str]) -> list[Task]: ...

    def backfills(self, dag_id: str) -> list[Backfill]: ...

    def scheduler_started_at(self) -> datetime | None: ...

    def heartbeats(self) -> dict[str, datetime | None]: ...

    def newest_of_type(self, dag_id: str, run_type: str) -> Run | None: ...

    def oldest_run_since(self, dag_id: str, since: datetime) -> Run | None: ...

    def runs_of_key(self, dag_id: str, partition_key: str) -> list[Run]: ...

    def tasks(self, run: Run) -> list[Task]: ...


def look(api: WatchedAirflow, now: datetime) -> Seen:
    """What Airflow shows now.

    Raises:
        AirflowApiError: Airflow does not answer, or refuses.
    """
    since = now - LOOK_BACK
    unfinished = api.unfinished_runs(STAGES)
    ended = api.runs_ended_since(STAGES, since, MOST_RUNS)
    pending = api.pending_partitions()
    watched = api.oldest_run_since(WATCH, since)
    return Seen(
        now=now,
        alive_since=api.scheduler_started_at(),
        paused=api.paused_by_dag(),
        import_errors=tuple(api.import_errors()),
        unfinished=tuple(unfinished),
        ended=tuple(ended),
        announced={
            (dag_id, run_id): announced
            for dag_id in JOINED
            if any(run.dag_id == dag_id for run in ended)
            for run_id, announced in api.announcements(dag_id, since).items()
        },
        pending=None if pending is None else tuple(pending),
        tasks=tuple(api.active_tasks(STAGES)) if unfinished else (),
        backfills={
            dag_id: tuple(api.backfills(dag_id))
            for dag_id in {
                run.dag_id for run in unfinished if (run.run_type, run.state) == ("backfill", "queued")
            }
        },
        heartbeats=api.heartbeats(),
        last_scheduled={name: api.newest_of_type(name, "scheduled") for name in BY_THE_CLOCK},
        watched_since=watched.moment if watched else None,
    )


def look_closer(api: WatchedAirflow, suspect: Suspect) -> Case:
    """All runs of the suspect's date, however old, and when its inputs were announced.

    Raises:
        AirflowApiError: Airflow does not answer, or refuses.
    """
    key = suspect.partition_key
    inputs = {name: tuple(api.runs_of_key(name, key)) for name in suspect.stage.waits_for}
    newest = {name: newest_that_ran(runs) for name, runs in inputs.items()}
    return Case(
        suspect=suspect,
        inputs=inputs,
        own=tuple(api.runs_of_key(suspect.stage.name, key)),
        announced={
            name: announced_at(run, api.tasks(run))
            for name, run in newest.items()
            if run is not None and run.state == "success"
        },
    )
