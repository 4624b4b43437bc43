"""
### Verify the seam of hot and cold

**Produces:** a row in `seam_checks`: equal, different (with the days, orders and sides) or not ready; and,
once for each day that has become cold, what the audited numbers have changed of it (`seam_audits`).

**Reads:** `serving.orders` and `serving.daily_revenue`, and the bronze of the night and of the stream, from
which Dremio recomputes every order of the days around the edge. It writes nothing to the lake.

**When and why:** every hour, also while the stream is paused; the stream's loop does the same, and sees
sooner that a night has published. Whoever comes first does it. The unified view is made of two tables that
were filled in different ways: this is the proof that each order is in it once, in its newest version.

**If it fails:** nothing was compared: Dremio or PostgreSQL is away, or a batch held the stream's lock; the
next hour does it. A difference does not fail the task: it becomes an incident, which resolves itself with the
next check that finds none. `docs/runbooks/seam.md` says what to do.

**Safe to rerun?** Yes. It waits for the batch in flight and holds the stream for the seconds it takes.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, Param, dag

from lakehouse.night.dag_defaults import dag_arguments
from lakehouse.stream.plan import is_declared
from lakehouse.stream.seam_operators import VerifySeamOperator

EVERY_HOUR = "23 * * * *"  # at minute 23, when no stage of the night is planned to start

PARAMS = {
    "now": Param(
        False, type="boolean", description="Check although the last check is less than an hour old."
    ),
    "all_days": Param(
        False, type="boolean", description="Compare all orders there are, not only those around the edge."
    ),
}


@dag(
    **dag_arguments("verify_seam", __doc__, frozenset({"operations"}), PARAMS)
    | {
        "schedule": CronTriggerTimetable(EVERY_HOUR, timezone="UTC"),
        "dagrun_timeout": timedelta(minutes=50),
    }
)
def verify_seam() -> None:
    """One task."""
    VerifySeamOperator(
        task_id="compare_with_bronze",
        now="{{ params.now }}",
        all_days="{{ params.all_days }}",
        execution_timeout=timedelta(minutes=45),
    )


if is_declared():
    verify_seam()
