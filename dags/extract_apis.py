"""
### Extract the shop's REST API and dropped files

**Produces:** the asset `extracted/apis` and, in landing, the files of `shipments` and `marketing_spend` for
the business date, under `s3://datalake/bronze/landing/source=api/` and `source=files/`. The date claims
them in `landing_files`.

**Reads:** two sources in parallel. The shop's REST API, through the Airbyte connection `shop_api_to_lake`
(`include/airbyte/shop_api_to_lake.yaml`): shipments by `updated_at`. The CSV batches of marketing spend,
through `shop_files_to_lake` (`include/airbyte/shop_files_to_lake.yaml`): each file that is new or has
changed.

**When and why:** every night at 01:30 UTC, planned for 45 minutes; also by hand or by backfill, for any
date. Airbyte lands what changed since its last sync, and the landing ledger assigns it to the date of this
run. `load_bronze` starts once both syncs are done and `extract_postgres` has run for the date. If you rerun
only this DAG, start `load_bronze` by hand.

**If it fails:** the error names the Airbyte job, its URL and Airbyte's reason. If an API was down, the task
is retried with growing pauses. A wrong configuration, an unreadable file or a job cancelled by hand is not
retried. A file with a line that cannot be parsed is left out as a whole, and the error names the file and
the line: have the file dropped again, or move it away. Fix the cause and clear the failed task; it adopts a
job that is still running.

**Safe to rerun?** Yes. A source whose landing is complete for the date is not synced again. With
`force_sync` it is, and what the API and the files have gained since then is added to the date. If you typed
a wrong date, `bin/bronze give-back DATE` takes the rows from it (docs/runbooks/replay-and-backfill.md).
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from lakehouse.airbyte.night_syncs import night_syncs
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


@dag(**stage_arguments("extract_apis", doc=__doc__, params={"force_sync": FORCE_SYNC}))
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
