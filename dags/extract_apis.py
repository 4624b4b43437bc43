"""
### Extract the shop's REST API

**Produces:** asset `extracted/apis`: the landing files of `shipments` for the business date, under
`s3://datalake/bronze/landing/source=api/`, claimed in `landing_files`.

**Reads:** the shop's REST API through the Airbyte connection `shop_api_to_lake`
(`include/airbyte/shop_api_to_lake.yaml`): shipments by `updated_at`.

**When and why:** every night at 01:30 UTC, planned for 45 minutes. Also by hand or by backfill for any date.
Airbyte lands whatever changed since its last sync; the ledger gives it to the date of this run.
`load_bronze` follows once `extract_postgres` has run for the date as well; after a rerun of this one alone,
start it by hand.

**If it fails:** the error names the Airbyte job, its URL and Airbyte's reason. An API that was down is
retried with growing pauses; a wrong configuration or a job cancelled by hand is not. Mend the cause and clear
the failed task: it adopts a job that is still running.

**Safe to rerun?** Yes. A date whose landing is complete is not synced again, unless `force_sync` is set: then
what the API has gained since is added to the date.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from lakehouse.airbyte.announce import announce
from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.extract_operator import AirbyteExtractOperator
from lakehouse.dag_defaults import stage_arguments

CONNECTION = read_connection_file("shop_api_to_lake")
FORCE_SYNC = Param(
    False,
    type="boolean",
    title="Sync again",
    description="Ask the API again even if this date's landing is complete.",
)


@dag(**stage_arguments("extract_apis", doc=__doc__, params={"force_sync": FORCE_SYNC}))
def extract_apis() -> None:
    """One sync, then the announcement."""
    sync = AirbyteExtractOperator(
        task_id="sync_shop_api",
        connection_name=CONNECTION.name,
        retries=CONNECTION.retries,
        pool="airbyte",
        max_active_tis_per_dag=1,
    )
    sync >> announce("extract_apis")


extract_apis()
