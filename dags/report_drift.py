"""
### Report drift between Airbyte and the repository

**Produces:** nothing except its own success or failure.

**Reads:** Airbyte's sources, destinations and connections, and the files in `include/airbyte/` that declare
them. It writes nothing. Airbyte hides secrets, so they count as equal.

**When and why:** every day at 06:00 UTC, after the night. If somebody changes a connection in Airbyte's own
UI, the next run of `provision_platform` would silently change it back.

**If it fails:** the error lists what is missing, what differs (paths, never values), which connections
no file declares, and which source is left out because its values are not set here. To change the server, run
`provision_platform`; to keep the server as it is, change the files.
`python -m lakehouse.airbyte diff` (on the embedded platform: `bin/airbyte diff`) shows the same list.

**Safe to rerun?** Yes.
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag

from lakehouse.airbyte.provision_operators import CompareAirbyteOperator
from lakehouse.night.dag_defaults import dag_arguments

AFTER_THE_NIGHT = "0 6 * * *"  # every day at 06:00 UTC


@dag(
    **dag_arguments("report_drift", __doc__, frozenset({"platform"}))
    | {"schedule": CronTriggerTimetable(AFTER_THE_NIGHT, timezone="UTC")}
)
def report_drift() -> None:
    """Only Airbyte is compared."""
    CompareAirbyteOperator(task_id="compare_airbyte_with_files")


report_drift()
