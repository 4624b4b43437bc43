"""
### Build the marts, the candidates for gold

**Produces:** the asset `marts` and the tables `marts.fct_*` and `marts.dim_*` (dbt,
`include/dbt/models/marts`), listed at the end. They are built beside gold, and no dashboard reads them;
`test_data_quality` tests and publishes them.

**Reads:** `intermediate.int_*`, in full. Only rows that differ are merged.

**When and why:** as soon as intermediate is ready for the date, planned for 03:20 UTC and 40 minutes.

**If it fails:** the error names the model with Dremio's message. No later stage runs; gold and the
dashboards stay as they are. Fix the cause, then clear the failed task.

**Safe to rerun?** Yes, at any time. The result depends only on what intermediate holds, not on the date or
on earlier runs. `full_refresh` rebuilds the tables.
"""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag

from lakehouse.dbt.layers import FULL_REFRESH, layer_models, tables_listed
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets

HANDLES = {"Tables": tables_listed("marts")}


@dag(**stage_arguments("transform_marts", doc=__doc__, params=FULL_REFRESH, handles=HANDLES))
def transform_marts() -> None:
    models = layer_models("marts")
    all_built = EmptyOperator(task_id="marts_are_built", outlets=stage_outlets("transform_marts"))

    models >> all_built


transform_marts()
