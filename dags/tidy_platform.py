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
and neither is anything that a running task holds. On a platform that is not provisioned yet there is nothing
to tidy: tasks that need its tables are skipped.

**Safe to rerun?** Yes. A second run finds nothing left to do.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import CronTriggerTimetable, Param, chain, dag, task

from lakehouse.night.dag_defaults import dag_arguments
from lakehouse.observe.retention.operators import KINDS, TidyOperator

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
    """One task for each kind, one after the other; the next one goes on when one has failed."""

    @task
    def sum_up(figures: list[dict[str, Any]]) -> dict[str, int]:
        """Bytes by kind; it fails with any of them, and the run with it."""
        return {each["kind"]: (each.get("done") or each["planned"])["bytes"] for each in figures}

    tidied = [TidyOperator(task_id=f"tidy_{kind}", kind=kind, trigger_rule="all_done") for kind in KINDS]
    chain(*tidied)
    sum_up([each.output for each in tidied])


tidy_platform()
