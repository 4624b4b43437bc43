"""
### Intermediate: staging, joined

**Produces** `intermediate.int_customers` and `intermediate.int_customer_orders` (dbt,
`include/dbt/models/intermediate`): every order with its customer, product and newest shipment. Emits the
asset `intermediate` for the date once the layer's tests have passed.

**Reads** `staging.stg_*`, whole; only rows that came out different are merged.

**When and why** As soon as staging is there for the date (planned 02:50 UTC, 30 minutes).

**If it fails** The task's error names the model and carries Dremio's words, or names the tests and how many
rows failed them. Nothing behind it runs; gold and the dashboards stand. Mend the cause, then clear the
failed task.

**Safe to rerun?** Yes, at any time: the result depends on what staging holds, not on the date or on what
ran before. `full_refresh` rebuilds the tables.
"""

from __future__ import annotations

from airflow.sdk import dag

from lakehouse.dbt.layers import FULL_REFRESH, layer_models, layer_tests
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets


@dag(**stage_arguments("transform_intermediate", doc=__doc__, params=FULL_REFRESH))
def transform_intermediate() -> None:
    models = layer_models("intermediate")
    tests = layer_tests(
        "intermediate", task_id="test_intermediate", outlets=stage_outlets("transform_intermediate")
    )

    models >> tests


transform_intermediate()
