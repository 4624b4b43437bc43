"""
### Extract the shop's database

**Produces:** asset `extracted/postgres`: the landing files of `customers`, `orders` and `products` for the
business date, under `s3://datalake/bronze/landing/source=postgres/`, claimed in `landing_files`.

**Reads:** the shop's PostgreSQL through the Airbyte connection `shop_postgres_to_lake`
(`include/airbyte/shop_postgres_to_lake.yaml`): customers and orders by `updated_at`, products in full.

**When and why:** every night at 01:00 UTC, planned for 30 minutes. Also by hand or by backfill for any date.
Airbyte lands whatever changed since its last sync; the ledger gives it to the date of this run.
`load_bronze` follows once `extract_apis` has run for the date as well; after a rerun of this one alone,
start it by hand.

**If it fails:** the error names the Airbyte job, its URL and Airbyte's reason. A source that was down is
retried with growing pauses; a wrong configuration or a job cancelled by hand is not. Mend the cause and clear
the failed task: it adopts a job that is still running.

**Safe to rerun?** Yes. A date whose landing is complete is not synced again, unless `force_sync` is set: then
what the source has gained since is added to the date.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from lakehouse.airbyte.announce import announce
from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.extract_operator import AirbyteExtractOperator
from lakehouse.dag_defaults import stage_arguments

CONNECTION = read_connection_file("shop_postgres_to_lake")
FORCE_SYNC = Param(
    False,
    type="boolean",
    title="Sync again",
    description="Ask the source again even if this date's landing is complete.",
)


@dag(**stage_arguments("extract_postgres", doc=__doc__, params={"force_sync": FORCE_SYNC}))
def extract_postgres() -> None:
    """One sync, then the announcement."""
    sync = AirbyteExtractOperator(
        task_id="sync_shop_database",
        connection_name=CONNECTION.name,
        retries=CONNECTION.retries,
        pool="airbyte",
        max_active_tis_per_dag=1,
    )
    sync >> announce("extract_postgres")


extract_postgres()
