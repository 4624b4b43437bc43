"""
### Report drift

**Produces:** nothing but its own success or failure.

**Reads:** Airbyte's sources, destinations and connections, and the files of `include/airbyte/` that declare
them. Writes nothing. Secrets, which Airbyte hides, count as equal.

**When and why:** every day at 06:00 UTC, after the night: somebody may have changed a connection in Airbyte's
own pages, and the next run of `provision_platform` would silently change it back.

**If it fails:** the error lists what is missing, what differs (paths, never values) and which connections no
file declares. Run `provision_platform` to bring the server to the files, or change the files to what the
server should keep. `python -m lakehouse.airbyte diff` (here: `bin/airbyte diff`) shows the same at once.

**Safe to rerun?** Yes.
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag

from lakehouse.airbyte.provision_operator import CompareAirbyteOperator
from lakehouse.night.dag_defaults import dag_arguments

AFTER_THE_NIGHT = "0 6 * * *"  # every day at 06:00 UTC


@dag(
    **dag_arguments("report_drift", __doc__, frozenset({"platform"}))
    | {"schedule": CronTriggerTimetable(AFTER_THE_NIGHT, timezone="UTC")}
)
def report_drift() -> None:
    """One comparison a service."""
    CompareAirbyteOperator(task_id="compare_airbyte_with_files")


report_drift()
