"""
### Load the date's landing files into bronze

**Produces:** the asset `bronze` and, in the bucket `datalake`:

- one Parquet partition per stream, `bronze/<source>/<stream>/date=<d>/data.parquet`, with its
  `_manifest.json`;
- bad rows with their reasons, in `bronze/quarantine/<stream>/date=<d>/rows.parquet`;
- the records of REST endpoints, in `bronze/api/rest_<stream>/timestamp=<t>/response.json`;
- the dropped files, in `bronze/files/csv_import/`.

Also the account of each partition, in the PostgreSQL table `bronze_loads`, and the Dremio views
`bronze.raw_<stream>`; a stream whose contract says `newest_view` has `bronze.<stream>` too, the newest
version of each row. `bronze.empty_lists` names the streams whose whole list had no row, and the date.

**Reads:** the landing objects that the extract stages claimed for the date (`landing_files`), and the
stream contracts in `include/contracts/`.

**When and why:** as soon as both extract stages are done for the date, planned for 02:15 UTC and 15
minutes. Airbyte lands what changed, at least once and unchecked. Bronze holds each change once, checked and
typed, under the date of the run that landed it.

**If it fails:** `ContractBrokenError` names the stream and the quarantine file: look at the reasons, fix
the source or the contract, and clear the task. `VolumeBelowExpectedError`: fewer rows landed than the
contract expects, and no later date's sync explains it. `NothingClaimedError`: run the extract stage for
this date. `LandingFileUnreadableError` names the damaged object. The task is retried if storage, PostgreSQL
or Dremio is down, if the disk is full, or if another run is loading the same date. An earlier partition
stays in place until the new one is complete. `docs/runbooks/quarantine.md` explains every error. The log of
`refresh_catalogue` names rows that some date has claimed and that were never loaded.

**Safe to rerun?** Yes, for any date and in any order. A partition is a pure function of its landing
objects: the same objects give the same bytes. The source is not read.
"""

from airflow.sdk import dag

from lakehouse.bronze.declared import night_streams
from lakehouse.bronze.operators import LoadBronzeStreamOperator, RefreshBronzeCatalogueOperator
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets

STREAMS = night_streams()
HANDLES = {"Streams": [f"`{stream}`, as `bronze.raw_{stream}`" for stream in STREAMS]}


@dag(**stage_arguments("load_bronze", doc=__doc__, handles=HANDLES))
def load_bronze() -> None:
    loads = [LoadBronzeStreamOperator(task_id=f"load_{stream}", stream=stream) for stream in STREAMS]
    visible = RefreshBronzeCatalogueOperator(
        task_id="refresh_catalogue", streams=STREAMS, outlets=stage_outlets("load_bronze")
    )
    loads >> visible


load_bronze()
