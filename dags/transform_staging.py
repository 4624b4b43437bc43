"""
### Staging: bronze, cleaned

**Produces** `staging.stg_customers`, `stg_orders`, `stg_products`, `stg_shipments`, `stg_marketing_spend`,
`stg_stock_levels` (dbt, `include/dbt/models/staging`): one row per business key, the newest version landed,
with names trimmed, e-mails in lower case, and soft-deleted orders and deleted stock marked `deleted`. Emits
the asset `staging` for the date once the layer's tests have passed.

**Reads** `bronze.raw_*`, the partition of the business date.

**When and why** As soon as bronze is there for the date (planned 02:30 UTC, 20 minutes).

**If it fails** The task's error names the model and carries Dremio's words, or names the tests and how many
rows failed them. Nothing behind it runs; gold and the dashboards stand. A lost connection is retried; a
failed test is not: mend the data or the model, then clear the failed task.

**Safe to rerun?** Yes, for any date, in any order. Rows are merged by key and the newest `updated_at` wins
(of stock, which is read from the source's log, the highest LSN), so an older partition never overwrites a
newer version. `full_refresh` rebuilds the tables from all bronze partitions.
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
