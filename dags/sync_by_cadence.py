"""
### Sync a connection during the day

There is one such DAG for each file in `include/airbyte/`: `sync_<connection>`. Only the connection that
`stream_orders` reads has none.

**Produces:** landing files of the connection's streams, earlier than the night would bring them. The next
night's extract claims them for its date. Nothing after landing runs during the day.

**Reads:** the connection's source, on the schedule of its cadence class (`cadence:` in its file): small
tables every 15 minutes, large tables every 6 hours, dimension tables daily, all in UTC.

**When and why:** to read the source often and in small pieces, so that no change between two nights is
missed and the night's own sync is short. Connections start at different minutes. None starts between 00:00
and 05:00: the night has its own syncs. The DAG is paused until somebody unpauses it.

**If it fails:** as in the extracts, the error names the Airbyte job and its reason. The next scheduled run
is the rerun. A run is skipped if the connection is busy, or if the run is so late that it would fall into
the night.

**Safe to rerun?** Yes. A sync lands what changed since the previous one, and landing is append-only.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow.sdk import CronTriggerTimetable, dag, task

from lakehouse.airbyte.cadence import by_the_clock, cadence_of, cron_of, in_the_night
from lakehouse.airbyte.connection_file import ConnectionFile, read_all_connection_files
from lakehouse.landing.operators import AirbyteDaytimeSyncOperator
from lakehouse.night.dag_defaults import dag_arguments
from lakehouse.platform.names import AIRBYTE_POOL


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
            """A late run may fall into the night."""
            return not in_the_night(datetime.now(UTC))

        leave_the_night_alone() >> AirbyteDaytimeSyncOperator(
            task_id="sync", connection_name=declared.name, retries=declared.retries, pool=AIRBYTE_POOL
        )

    return sync()


CONNECTIONS = by_the_clock(read_all_connection_files())
for connection in CONNECTIONS:
    sync_dag(connection, cron_of(connection, CONNECTIONS))
