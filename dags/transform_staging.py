"""
### Clean bronze into staging

**Produces:** the asset `staging`, once the layer's tests have passed, and the tables `staging.stg_*` (dbt,
`include/dbt/models/staging`), listed at the end. Each has one row per business key, in the newest version
that landed. Values are cleaned, and what the source has deleted has the status `deleted`.

**Reads:** `bronze.raw_*`, the partition of the business date.

**When and why:** as soon as bronze is ready for the date, planned for 02:30 UTC and 20 minutes.

**If it fails:** the error names the model with Dremio's message, or names the tests and how many rows
failed each. No later stage runs; gold and the dashboards stay as they are. A lost connection is retried. A
failed test is not: fix the data or the model, then clear the failed task.

**Safe to rerun?** Yes, for any date and in any order. Rows are merged by key and the newest version
wins (by the cursor, or by the position in the source's log), so an older partition never overwrites
a newer version. `full_refresh` rebuilds the tables from all bronze partitions.
"""

from __future__ import annotations

from airflow.sdk import dag

from lakehouse.dbt.layers import FULL_REFRESH, layer_models, layer_tests, tables_listed
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets

HANDLES = {"Tables": tables_listed("staging")}


@dag(**stage_arguments("transform_staging", doc=__doc__, params=FULL_REFRESH, handles=HANDLES))
def transform_staging() -> None:
    models = layer_models("staging")
    tests = layer_tests("staging", task_id="test_staging", outlets=stage_outlets("transform_staging"))

    models >> tests


transform_staging()
