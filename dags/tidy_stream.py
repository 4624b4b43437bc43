"""
### Tidy the stream

**Produces:** free space. It deletes landing objects of the stream that are older than
`include/observe/retention.yaml` says and whose changes gold has, the bronze files of its tracers, and refused
rows. The task returns what it planned and what it did, in objects, rows and bytes.

**Reads:** the policy, the stream's ledger, the edge between hot and cold, listings of the lake.

**When and why:** every day at 09:30 UTC. A day of streaming can land tens of thousands of small objects, so
they do not wait for the weekly `tidy_platform`. With the param `dry_run` it only plans.

**If it fails:** what it had marked is deleted by its next attempt. What a rebuild of the hot tables may need
is never deleted. A batch, a check or a rebuild that holds the stream is left alone: the next day deletes
more.

**Safe to rerun?** Yes. A second run finds nothing left to do.
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, Param, dag

from lakehouse.night.dag_defaults import dag_arguments
from lakehouse.observe.retention.operators import TidyOperator
from lakehouse.stream.plan import is_declared

EVERY_MORNING = "30 9 * * *"  # every day at 09:30 UTC
PARAMS = {
    "dry_run": Param(
        False,
        type="boolean",
        title="Only plan",
        description="Show what would be deleted, in objects, rows and bytes, and delete nothing.",
    )
}


@dag(
    **dag_arguments("tidy_stream", __doc__, frozenset({"operations"}), PARAMS)
    | {"schedule": CronTriggerTimetable(EVERY_MORNING, timezone="UTC")}
)
def tidy_stream() -> None:
    """One kind of what tidy_platform tidies, every day."""
    TidyOperator(task_id="tidy_stream", kind="stream")


if is_declared():
    tidy_stream()
