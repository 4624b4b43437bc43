"""
### Clean bronze into staging

**Produces:** the asset `staging`, once the layer's tests have passed, and the tables
`staging.stg_customers`, `stg_orders`, `stg_products`, `stg_shipments`, `stg_marketing_spend` and
`stg_stock_levels` (dbt, `include/dbt/models/staging`). Each has one row per business key, in the newest
version that landed. Names are trimmed, e-mail addresses are in lower case, and soft-deleted orders and
deleted stock have the status `deleted`.

**Reads:** `bronze.raw_*`, the partition of the business date.

**When and why:** as soon as bronze is ready for the date, planned for 02:30 UTC and 20 minutes.

**If it fails:** the error names the model with Dremio's message, or names the tests and how many rows
failed each. No later stage runs; gold and the dashboards stay as they are. A lost connection is retried. A
failed test is not: fix the data or the model, then clear the failed task.

**Safe to rerun?** Yes, for any date and in any order. Rows are merged by key and the newest `updated_at`
wins (for stock, which comes from the source's log, the highest LSN), so an older partition never overwrites
a newer version. `full_refresh` rebuilds the tables from all bronze partitions.
"""

from __future__ import annotations

from airflow.sdk import dag

from lakehouse.dbt.layers import FULL_REFRESH, layer_models, layer_tests
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets


@dag(**stage_arguments("transform_staging", doc=__doc__, params=FULL_REFRESH))
def transform_staging() -> None:
    models = layer_models("staging")
    tests = layer_tests("staging", task_id="test_staging", outlets=stage_outlets("transform_staging"))

    models >> tests


transform_staging()
