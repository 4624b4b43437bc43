"""
### Extract REST APIs and dropped files

A night needs both extracts, this one and `extract_postgres`: a trigger or a backfill of one alone loads
nothing. The DAG `run_night` starts both, and its form asks for the date.

**Produces:** the asset `extracted/apis` and, in landing, files of each stream for the business date
(`s3://datalake/bronze/landing/source=<source>/<stream>/`). The date claims them in `landing_files`.

**Reads:** each declared REST API and each folder of files, in parallel, through its Airbyte connection of
`include/airbyte/`: of an API what changed since the last sync, of a folder each file that is new or has
changed. The list at the end says which.

**When and why:** every night at 01:30 UTC, planned for 45 minutes; also by hand or by backfill, for any
date. Airbyte lands what changed since its last sync, and the landing ledger assigns it to the date of this
run. `load_bronze` starts once both extracts are done for the date.

**If it fails:** the error names the Airbyte job, its URL and Airbyte's reason. If an API was down, the task
is retried with growing pauses. A wrong configuration, an unreadable file or a job cancelled by hand is not
retried. A file with a line that cannot be parsed is left out as a whole, and the error names the file and
the line: have the file dropped again, or move it away. Fix the cause and clear the failed task; it adopts a
job that is still running.

A source without values (its Airflow connection is missing, so Airbyte does not have it) is left out with a
warning that names the variables to set; the others go on.

**Safe to rerun?** Yes. A source whose landing is complete for the date is not synced again. With
`force_sync` it is, and what the API and the files have gained since then is added to the date. If you typed
a wrong date, `bin/bronze give-back DATE` takes the rows from it (docs/runbooks/replay-and-backfill.md).
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from lakehouse.airbyte.night_syncs import night_syncs, syncs_listed
from lakehouse.landing.announce import announce
from lakehouse.landing.operators import AirbyteExtractOperator
from lakehouse.night.dag_defaults import stage_arguments
from lakehouse.platform.names import AIRBYTE_POOL

FORCE_SYNC = Param(
    False,
    type="boolean",
    title="Sync again",
    description="Read the API and look for files again, even if this date's landing is complete.",
)
ARGUMENTS = stage_arguments(
    "extract_apis",
    doc=__doc__,
    params={"force_sync": FORCE_SYNC},
    handles={"What it syncs": syncs_listed("extract_apis")},
)


@dag(**ARGUMENTS)
def extract_apis() -> None:
    """The syncs in parallel, then the announcement that all have landed."""
    syncs = [
        AirbyteExtractOperator(
            task_id=f"sync_{connection.short_name}",
            connection_name=connection.name,
            retries=connection.retries,
            pool=AIRBYTE_POOL,
            max_active_tis_per_dag=1,
        )
        for connection in night_syncs("extract_apis")
    ]
    syncs >> announce("extract_apis")


extract_apis()
