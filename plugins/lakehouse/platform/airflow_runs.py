"""What Airflow's REST API tells of runs and tasks, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Run:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    """queued, running, success or failed."""
    created_at: datetime
    """For a run that a backfill made: the planned start of the date's night, not the time of the backfill."""
    started_at: datetime | None
    ended_at: datetime | None
    partition_key: str | None = None
    run_type: str = "manual"
    """manual, scheduled, asset_triggered, backfill."""
    queued_at: datetime | None = None
    """When it was queued last: clearing a run queues it again."""

    @property
    def has_ended(self) -> bool:
        return self.state in ("success", "failed")

    @property
    def moment(self) -> datetime:
        """When it started, or was queued if it has not: what makes one run of a date newer than another."""
        return self.started_at or self.queued_at or self.created_at


@dataclass(frozen=True)
class Task:
    """One task of a run. Times are those of the newest attempt."""

    task_id: str
    state: str | None
    try_number: int
    max_tries: int
    map_index: int
    started_at: datetime | None
    dag_id: str = ""
    run_id: str = ""
    waits_since: datetime | None = None
    """When it got to where it is now, if it is scheduled, queued or deferred."""
    pool: str = ""


@dataclass(frozen=True)
class PendingPartition:
    """A date for which Airflow holds some of a DAG's assets and has made no run yet."""

    dag_id: str
    partition_key: str
    since: datetime | None
    received: int
    required: int


@dataclass(frozen=True)
class Backfill:
    """A backfill of a DAG."""

    backfill_id: int
    first: datetime
    last: datetime
    is_paused: bool
    completed_at: datetime | None

    @property
    def is_over_and_paused(self) -> bool:
        """It starts none of its runs any more. Airflow pauses a backfill that is cancelled."""
        return self.completed_at is not None and self.is_paused


def run_of(answer: Mapping[str, Any]) -> Run:
    """A run as the API tells it."""
    return Run(
        dag_id=answer["dag_id"],
        run_id=answer["dag_run_id"],
        state=answer["state"],
        created_at=datetime.fromisoformat(answer["run_after"]),
        started_at=instant(answer["start_date"]),
        ended_at=instant(answer["end_date"]),
        partition_key=answer.get("partition_key"),
        run_type=answer.get("run_type") or "manual",
        queued_at=instant(answer.get("queued_at")),
    )


def task_of(answer: Mapping[str, Any]) -> Task:
    """A task instance as the API tells it."""
    state = answer["state"]
    waits_since = {
        "scheduled": answer.get("scheduled_when"),
        "queued": answer.get("queued_when") or answer.get("scheduled_when"),
        "deferred": answer["start_date"],
    }.get(state)
    return Task(
        task_id=answer["task_id"],
        state=state,
        try_number=answer["try_number"],
        max_tries=answer["max_tries"],
        map_index=answer.get("map_index", -1),
        started_at=instant(answer["start_date"]),
        dag_id=answer.get("dag_id", ""),
        run_id=answer.get("dag_run_id", ""),
        waits_since=instant(waits_since),
        pool=answer.get("pool", ""),
    )


def pending_of(answer: Mapping[str, Any]) -> PendingPartition:
    """A pending partition as Airflow's own pages are told it."""
    return PendingPartition(
        dag_id=answer["dag_id"],
        partition_key=answer["partition_key"],
        since=instant(answer.get("created_at")),
        received=answer["total_received"],
        required=answer["total_required"],
    )


def backfill_of(answer: Mapping[str, Any]) -> Backfill:
    """A backfill as the API tells it."""
    return Backfill(
        backfill_id=answer["id"],
        first=datetime.fromisoformat(answer["from_date"]),
        last=datetime.fromisoformat(answer["to_date"]),
        is_paused=answer["is_paused"],
        completed_at=instant(answer.get("completed_at")),
    )


def instant(text: str | None) -> datetime | None:
    """The moment written in ISO 8601, with its zone."""
    return datetime.fromisoformat(text) if text else None
