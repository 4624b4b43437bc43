"""The plan's end times as Airflow deadlines.

A stage of a night that runs by the clock must be done by its planned end. A replay, a backfill or a night
started by hand during the day has no such deadline, and must not wake anybody.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import (
    AsyncCallback,
    BaseDeadlineReference,
    DeadlineAlert,
    DeadlineReference,
    deadline_reference,
)

from lakehouse.night.business_date import business_date_or_none
from lakehouse.night.plan import Stage, night_window, stage
from lakehouse.night.starting import started_as

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

TELL_MISSED_DEADLINE = "lakehouse.observe.incidents.deadline.tell_missed_deadline"
"""Named by its path: who tells people stands above the night."""
AUTOMATIC_RUN_TYPES = frozenset({"scheduled", "asset_triggered"})


def planned_end(
    planned: Stage, run_type: str, partition_key: str | None, queued_at: datetime
) -> datetime | None:
    """When a run of that stage must be done, or None if no deadline applies to it.

    A run started by another stage carries the type `asset_triggered` whoever started the first one, so
    what tells a night that runs by the clock is that it was queued inside its own night's window.
    """
    if run_type not in AUTOMATIC_RUN_TYPES:
        return None
    night = business_date_or_none(partition_key, today=queued_at.date())
    if night is None:
        return None
    opens, closes = night_window(night)
    return planned.ends_at(night) if opens <= queued_at <= closes else None


@deadline_reference(DeadlineReference.TYPES.DAGRUN_QUEUED)
class PlannedEnd(BaseDeadlineReference):
    """The planned end of the DAG's stage, in the night of the run's business date."""

    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    def _evaluate_with(self, *, session: Session, dag_id: str, run_id: str, **_: Any) -> datetime | None:
        from airflow.models import DagRun
        from sqlalchemy import select

        run = session.execute(
            select(DagRun.run_type, DagRun.partition_key, DagRun.queued_at).where(
                DagRun.dag_id == dag_id, DagRun.run_id == run_id
            )
        ).one_or_none()
        if run is None:
            return None
        return planned_end(
            stage(dag_id),
            str(started_as(run_id, run.run_type)),
            run.partition_key,
            run.queued_at or datetime.now(UTC),
        )


def deadline_of(stage_name: str) -> DeadlineAlert:
    """The alert for a stage that is not done at its planned end."""
    return DeadlineAlert(
        name=f"{stage_name} is done by {stage(stage_name).end:%H:%M} UTC",
        reference=PlannedEnd(),
        interval=timedelta(0),
        callback=AsyncCallback(
            TELL_MISSED_DEADLINE,
            {"stage_name": stage_name, "planned_end_utc": stage(stage_name).end.isoformat("minutes")},
        ),
    )
