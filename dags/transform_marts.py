"""
### Marts: the candidates for gold

**Produces** `marts.fct_orders`, `fct_daily_revenue`, `fct_customer_lifetime_value` and `dim_customers`
(dbt, `include/dbt/models/marts`). They are built beside gold and seen by nobody; `test_data_quality` tests
and publishes them. Emits the asset `marts` for the date.

**Reads** `intermediate.int_*`, whole; only rows that came out different are merged.

**When and why** As soon as intermediate is there for the date (planned 03:20 UTC, 40 minutes).

**If it fails** The task's error names the model and carries Dremio's words. Nothing behind it runs; gold
and the dashboards stand. Mend the cause, then clear the failed task.

**Safe to rerun?** Yes, at any time: the result depends on what intermediate holds, not on the date or on
what ran before. `full_refresh` rebuilds the tables.
"""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag

from lakehouse.dbt.layers import FULL_REFRESH, layer_models
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets


@dag(**stage_arguments("transform_marts", doc=__doc__, params=FULL_REFRESH))
def transform_marts() -> None:
    models = layer_models("marts")
    all_built = EmptyOperator(task_id="marts_are_built", outlets=stage_outlets("transform_marts"))

    models >> all_built


transform_marts()
