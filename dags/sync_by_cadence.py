"""
### Sync a connection by day

One DAG for each file of `include/airbyte/`: `sync_<connection>`.

**Produces:** landing files of the connection's streams, earlier than the night would bring them. The next
night's extract claims them for its date; nothing after landing moves by day.

**Reads:** the connection's source, by the clock of its cadence class (`cadence:` in its file): small tables
every 15 minutes, large tables every 6 hours, dimension tables daily, all in UTC.

**When and why:** so that the source is asked often and for little, changes between two nights are not
missed, and the night's own sync is short. Connections start in different minutes. From 00:00 to 05:00 none
starts: the night syncs by itself. Paused until somebody unpauses it.

**If it fails:** as in the extracts, the error names the Airbyte job and its reason; the next start of the
clock is the rerun. A start that finds the connection busy, or that comes late and into the night, is skipped.

**Safe to rerun?** Yes: a sync lands what changed since the one before, and landing is only appended to.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

from lakehouse.airbyte.cadence import cadence_of, cron_of, in_the_night
from lakehouse.airbyte.connection_file import ConnectionFile, read_all_connection_files
from lakehouse.landing.daytime_operator import AirbyteDaytimeSyncOperator
from lakehouse.night.dag_defaults import dag_arguments


def sync_dag(declared: ConnectionFile, cron: str) -> Any:
    """The DAG of one connection."""
    arguments = dag_arguments(f"sync_{declared.name}", __doc__, frozenset({"ingestion"})) | {
        "schedule": CronTriggerTimetable(cron, timezone="UTC"),
        "description": f"{cadence_of(declared).value.replace('_', ' ')}: {cron} UTC",
        "is_paused_upon_creation": True,
    }

    @dag(**arguments)
    def sync() -> None:
        @task.short_circuit
        def leave_the_night_alone() -> bool:
            """A start that comes late may come into the night."""
            return not in_the_night(datetime.now(UTC))

        leave_the_night_alone() >> AirbyteDaytimeSyncOperator(
            task_id="sync", connection_name=declared.name, retries=declared.retries, pool="airbyte"
        )

    return sync()


CONNECTIONS = read_all_connection_files()
for connection in CONNECTIONS:
    sync_dag(connection, cron_of(connection, CONNECTIONS))
