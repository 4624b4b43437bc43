"""
### Extract the shop's database

**Produces:** asset `extracted/postgres`: the landing files of `customers`, `orders` and `products`
(`s3://datalake/bronze/landing/source=postgres/`) and of `stock_levels` (`source=postgres_cdc/`) for the
business date, claimed in `landing_files`.

**Reads:** the shop's PostgreSQL through two Airbyte connections of `include/airbyte/`:
`shop_postgres_to_lake` takes customers and orders by `updated_at`, products in full;
`shop_postgres_cdc_to_lake` takes each change of the stock, deletions too, from the write-ahead log.

**When and why:** every night at 01:00 UTC, planned for 30 minutes. Also by hand or by backfill for any date.
Airbyte lands whatever changed since its last sync; the ledger gives it to the date of this run.
`load_bronze` follows once `extract_apis` has run for the date as well; after a rerun of this one alone,
start it by hand.

**If it fails:** the error names the Airbyte job, its URL and Airbyte's reason. A source that was down is
retried with growing pauses; a wrong configuration, a lost replication slot (docs/runbooks/connections.md) or
a job cancelled by hand is not. Mend the cause and clear the failed task: it adopts a job that is still
running.

**Safe to rerun?** Yes. A date whose landing is complete is not synced again, unless `force_sync` is set: then
what the source has gained since is added to the date.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.landing.announce import announce
from lakehouse.landing.extract_operator import AirbyteExtractOperator
from lakehouse.night.dag_defaults import stage_arguments

SYNCS = {
    "sync_shop_database": read_connection_file("shop_postgres_to_lake"),
    "sync_shop_changes": read_connection_file("shop_postgres_cdc_to_lake"),
}
FORCE_SYNC = Param(
    False,
    type="boolean",
    title="Sync again",
    description="Ask the source again even if this date's landing is complete.",
)


@dag(**stage_arguments("extract_postgres", doc=__doc__, params={"force_sync": FORCE_SYNC}))
def extract_postgres() -> None:
    """The syncs side by side, then the announcement."""
    syncs = [
        AirbyteExtractOperator(
            task_id=task_id,
            connection_name=connection.name,
            retries=connection.retries,
            pool="airbyte",
            max_active_tis_per_dag=1,
        )
        for task_id, connection in SYNCS.items()
    ]
    syncs >> announce("extract_postgres")


extract_postgres()
