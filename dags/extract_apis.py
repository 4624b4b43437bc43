"""
### Extract the shop's REST API and its file drops

**Produces:** asset `extracted/apis`: the landing files of `shipments` and `marketing_spend` for the business
date, under `s3://datalake/bronze/landing/source=api/` and `source=files/`, claimed in `landing_files`.

**Reads:** side by side, the shop's REST API through the Airbyte connection `shop_api_to_lake`
(`include/airbyte/shop_api_to_lake.yaml`), shipments by `updated_at`; and the CSV batches of marketing spend
through `shop_files_to_lake` (`include/airbyte/shop_files_to_lake.yaml`), each file that is new or changed.

**When and why:** every night at 01:30 UTC, planned for 45 minutes. Also by hand or by backfill for any date.
Airbyte lands whatever changed since its last sync; the ledger gives it to the date of this run.
`load_bronze` follows once both syncs are done and `extract_postgres` has run for the date as well; after a
rerun of this one alone, start it by hand.

**If it fails:** the error names the Airbyte job, its URL and Airbyte's reason. An API that was down is
retried with growing pauses; a wrong configuration, a file that cannot be read or a job cancelled by hand is
not. A file with a line that is no record is left out as a whole, and the error names file and line: have it
dropped again, or move it away. Mend the cause and clear the failed task: it adopts a job still running.

**Safe to rerun?** Yes. A source whose landing is complete for the date is not synced again, unless
`force_sync` is set: then what API and files have gained since is added to the date.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.landing.announce import announce
from lakehouse.landing.extract_operator import AirbyteExtractOperator
from lakehouse.night.dag_defaults import stage_arguments

SYNCS = {
    "sync_shop_api": read_connection_file("shop_api_to_lake"),
    "sync_shop_files": read_connection_file("shop_files_to_lake"),
}
FORCE_SYNC = Param(
    False,
    type="boolean",
    title="Sync again",
    description="Ask the API and look for files again even if this date's landing is complete.",
)


@dag(**stage_arguments("extract_apis", doc=__doc__, params={"force_sync": FORCE_SYNC}))
def extract_apis() -> None:
    """A sync for each source, then the announcement that both are there."""
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
    syncs >> announce("extract_apis")


extract_apis()
