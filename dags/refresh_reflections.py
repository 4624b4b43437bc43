"""
# Refresh Dremio's reflections on tonight's gold

**Produces** usable reflections `raw_customers`, `agg_daily_revenue`, `common_metrics` and `raw_daily_revenue`
(`include/dremio/reflections.yaml`), built from data published tonight.

**Reads** `bronze.customers` and `gold.orders` in Dremio.

**When and why:** after gold was published, planned at 04:15 UTC. A reflection answers from prepared data;
one that was built before tonight's publication would answer with yesterday's.

**If it fails:** the error names the reflection, its id and Dremio's own `lastFailureMessage`. A definition
that no longer fits its dataset (`ReflectionInvalidError`) is mended in the YAML file; a failed build is
retried. Queries stay correct meanwhile, only slower.

**Safe to rerun?** Yes: reflections are found by dataset and name, changed only where they differ from the
file, and refreshed again. A retry goes on waiting for the refresh that its earlier attempt asked for.
"""

from datetime import timedelta

from airflow.sdk import dag

from lakehouse.dremio.reflection_operators import DremioRefreshReflectionsOperator
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets
from lakehouse.night.plan import stage

STAGE = stage("refresh_reflections")


@dag(**stage_arguments(STAGE.name, doc=__doc__))
def refresh_reflections() -> None:
    DremioRefreshReflectionsOperator(
        task_id="wait_for_reflections",
        timeout=timedelta(minutes=STAGE.minutes),
        outlets=stage_outlets(STAGE.name),
    )


refresh_reflections()
