"""
### Tidy the platform

**Produces:** free space. It deletes landing objects, refused rows, logs, receipts, old versions of Dremio's
tables, rows of Airflow's own database and scratch files that are older than `include/observe/retention.yaml`
says, and compresses older bronze partitions again. Each task returns what it planned and what it did, in
objects, rows and bytes.

**Reads:** the policy; the ledger and the accounts, which say what is still needed; listings of the lake.

**When and why:** every Sunday at 09:00 UTC, long after the night. With the param `dry_run` it only plans.
`bin/retention plan` shows the same plan immediately.

**If it fails:** the error names the kind and what it met; the other kinds go on. What a task had marked is
deleted by its next attempt. Rows that no load has brought into bronze are never deleted,
and neither is anything that a running task holds.

**Safe to rerun?** Yes. A second run finds nothing left to do.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, dag, task

from lakehouse.night.dag_defaults import dag_arguments
from lakehouse.observe.retention.policy import KINDS
from lakehouse.platform.names import DREMIO_POOL

SUNDAY_MORNING = "0 9 * * 0"  # every Sunday at 09:00 UTC
PARAMS = {
    "dry_run": Param(
        False,
        type="boolean",
        title="Only plan",
        description="Show what would be deleted, in objects, rows and bytes, and delete nothing.",
    )
}


@dag(
    **dag_arguments("tidy_platform", __doc__, frozenset({"operations"}), PARAMS)
    | {"schedule": CronTriggerTimetable(SUNDAY_MORNING, timezone="UTC")}
)
def tidy_platform() -> None:
    """One task for each kind, one after the other: the next one goes on when one has failed."""

    @task(trigger_rule="all_done", pool=DREMIO_POOL)
    def tidy(kind: str, params: dict[str, Any]) -> dict[str, Any]:
        """Plan, and unless it is a dry run, apply."""
        from lakehouse.observe.retention.task import tidied

        return tidied(kind, dry_run=params["dry_run"])

    before = None
    for kind in KINDS:
        this = tidy.override(task_id=f"tidy_{kind}")(kind)
        if before is not None:
            before >> this
        before = this


tidy_platform()
