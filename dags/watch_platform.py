"""
### Watch the platform

**Produces:** runs that Airflow lost or started too early, started once; an end for runs that nothing will
ever start; incidents for what it found, resolved if it was repaired. The task's log has a line for each.

**Reads:** Airflow's own REST API (connection `airflow_api`): runs, tasks, pause states, pending partitions,
backfills, import errors and heartbeats. It reads no data of the lake.

**When and why:** every 5 minutes. Airflow 3.3.2 can lose the run of a stage that waits for two others, start
it too early, leave the runs of a cancelled backfill in the queue and pass over a run whose DAG version is
gone. `make night` repairs the first two while it follows a night; this does so for every night, replay and
backfill. A pause, a night that did not start and a task that hangs are told with the command, not changed:
`docs/runbooks/watch.md` says why. It also does what the observer process does (incidents from the receipts,
messages not delivered yet, figures, the night's ETA), so that nothing depends on that process alone.

**If it fails:** the error names the call of the REST API, or what else could not be done; the next round
tries again in 5 minutes, and nothing is lost by a missed round. Check the connection `airflow_api`: its user
needs the right to start runs and to mark them as failed.

**Safe to rerun?** Yes. What it starts has an id made from what was announced, so two rounds at the same time,
or `make night` beside it, start one run.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag

from lakehouse.night.dag_defaults import dag_arguments
from lakehouse.observe.watch.operators import WatchPlatformOperator

EVERY_FIVE_MINUTES = "*/5 * * * *"


@dag(
    **dag_arguments("watch_platform", __doc__, frozenset({"operations"}))
    | {
        "schedule": CronTriggerTimetable(EVERY_FIVE_MINUTES, timezone="UTC"),
        "dagrun_timeout": timedelta(minutes=20),
    }
)
def watch_platform() -> None:
    WatchPlatformOperator(task_id="look_and_repair", retries=1, execution_timeout=timedelta(minutes=4))


watch_platform()
