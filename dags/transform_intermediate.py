"""
### Join staging into intermediate

**Produces:** the asset `intermediate`, once the layer's tests have passed, and the tables
`intermediate.int_*` (dbt, `include/dbt/models/intermediate`), listed at the end: what belongs together is
joined.

**Reads:** `staging.stg_*`, in full. Only rows that differ are merged.

**When and why:** as soon as staging is ready for the date, planned for 02:50 UTC and 30 minutes.

**If it fails:** the error names the model with Dremio's message, or names the tests and how many rows
failed each. No later stage runs; gold and the dashboards stay as they are. Fix the cause, then clear the
failed task.

**Safe to rerun?** Yes, at any time. The result depends only on what staging holds, not on the date or on
earlier runs. `full_refresh` rebuilds the tables.
"""

from __future__ import annotations

from airflow.sdk import dag

from lakehouse.dbt.layers import FULL_REFRESH, layer_models, layer_tests, tables_listed
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets

HANDLES = {"Tables": tables_listed("intermediate")}


@dag(**stage_arguments("transform_intermediate", doc=__doc__, params=FULL_REFRESH, handles=HANDLES))
def transform_intermediate() -> None:
    models = layer_models("intermediate")
    tests = layer_tests(
        "intermediate", task_id="test_intermediate", outlets=stage_outlets("transform_intermediate")
    )

    models >> tests


transform_intermediate()
