"""
# Load the date's landing files into bronze

**Produces** one Parquet partition per stream, `bronze/<source>/<stream>/date=<d>/data.parquet`, with its
`_manifest.json`, in the bucket `datalake`; bad rows with their reasons in
`bronze/quarantine/<stream>/date=<d>/rows.parquet`; the records of REST endpoints in
`bronze/api/rest_<stream>/timestamp=<t>/response.json` and the CSV files that were dropped in
`bronze/files/csv_import/<file>.csv`; the account of each partition in PostgreSQL `bronze_loads`; and the
Dremio views `bronze.raw_<stream>`, `bronze.customers` and `bronze.stock_levels`.

**Reads** the landing objects that the extract stages claimed for the date (`landing_files`), and the stream
contracts in `include/contracts/`.

**When and why:** as soon as both extract stages are done for the date, planned at 02:15 UTC. Airbyte lands
what changed, at least once and unchecked; bronze holds each change once, checked and typed, by the date of
the run that landed it.

**If it fails:** `ContractBrokenError` names the stream and the quarantine file: look at the reasons, then
mend the source or the contract and clear the task. `VolumeBelowExpectedError`: fewer rows landed than the
contract expects, and no later date's sync explains it. `NothingClaimedError`: run the extract stage for this
date. `LandingFileUnreadableError` names the damaged object. Storage, PostgreSQL and Dremio being away, a full
disk, and another run of the same date are retried. The partition of an earlier load stays until a new one is
complete. Every error is in `docs/runbooks/quarantine.md`.

**Safe to rerun?** Yes, for any date and in any order: a partition is a pure function of its landing
objects, and the same objects give the same bytes. The source is not asked.
"""

from airflow.sdk import dag

from lakehouse.bronze.operators import LoadBronzeStreamOperator, RefreshBronzeCatalogueOperator
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets

STREAMS = ("customers", "orders", "products", "shipments", "marketing_spend", "stock_levels")


@dag(**stage_arguments("load_bronze", doc=__doc__))
def load_bronze() -> None:
    loads = [LoadBronzeStreamOperator(task_id=f"load_{stream}", stream=stream) for stream in STREAMS]
    visible = RefreshBronzeCatalogueOperator(
        task_id="refresh_catalogue", streams=STREAMS, outlets=stage_outlets("load_bronze")
    )
    loads >> visible


load_bronze()
