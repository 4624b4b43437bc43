"""
### Extract the databases

A night needs both extracts, this one and `extract_apis`: a trigger or a backfill of one alone loads nothing.
The DAG `run_night` starts both, and its form asks for the date.

**Produces:** the asset `extracted/postgres` and, in landing, files of each stream for the business date
(`s3://datalake/bronze/landing/source=<source>/<stream>/`). The date claims them in `landing_files`.

**Reads:** each declared PostgreSQL source, through its Airbyte connections of `include/airbyte/`: by cursor,
in full, or every change from the write-ahead log, deletions included. The list at the end says which.

**When and why:** every night at 01:00 UTC, planned for 30 minutes; also by hand or by backfill, for any
date. Airbyte lands what changed since its last sync, and the landing ledger assigns it to the date of this
run. `load_bronze` starts once `extract_apis` has run for the date too.

**If it fails:** the error names the Airbyte job, its URL and Airbyte's reason. If the source was down, the
task is retried with growing pauses. A wrong configuration, a lost replication slot
(docs/runbooks/connections.md) or a job cancelled by hand is not retried. Fix the cause and clear the failed
task; it adopts a job that is still running.

A source without values (its Airflow connection is missing, so Airbyte does not have it) is left out with a
warning that names the variables to set; the others go on. If no source of the night has values, the task
fails.

**Safe to rerun?** Yes. A date whose landing is complete is not synced again. With `force_sync` it is, and
what the source has gained since then is added to the date. If you typed a wrong date,
`bin/bronze give-back DATE` takes the rows from it (docs/runbooks/replay-and-backfill.md).
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
    description="Read the source again, even if this date's landing is complete.",
)
ARGUMENTS = stage_arguments(
    "extract_postgres",
    doc=__doc__,
    params={"force_sync": FORCE_SYNC},
    handles={"What it syncs": syncs_listed("extract_postgres")},
)


@dag(**ARGUMENTS)
def extract_postgres() -> None:
    """The syncs in parallel, then the announcement."""
    syncs = [
        AirbyteExtractOperator(
            task_id=f"sync_{connection.short_name}",
            connection_name=connection.name,
            retries=connection.retries,
            pool=AIRBYTE_POOL,
            max_active_tis_per_dag=1,
        )
        for connection in night_syncs("extract_postgres")
    ]
    syncs >> announce("extract_postgres")


extract_postgres()
