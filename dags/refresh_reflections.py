"""
### Refresh Dremio's reflections on tonight's gold

**Produces:** the asset `accelerated` and the reflections of `include/dremio/reflections/`, listed at the end,
rebuilt from the data published tonight and ready to use.

**Reads:** the datasets of the reflections in Dremio: gold, and views of bronze.

**When and why:** as soon as gold is published for the date, planned for 04:15 UTC and 20 minutes. A
reflection answers from stored data; one that was built before tonight's publication would answer with
yesterday's.

**If it fails:** the error names the reflection, its id and Dremio's own `lastFailureMessage`. If a
definition no longer fits its dataset (`ReflectionInvalidError`), fix the YAML file; a failed build is
retried. Meanwhile queries stay correct, but are slower.

**Safe to rerun?** Yes. Reflections are found by dataset and name, changed only if they differ from the
file, and refreshed again. A retry keeps waiting for the refresh that its earlier attempt requested.
"""

from datetime import timedelta

from airflow.sdk import dag

from lakehouse.dremio.reflection_operators import DremioRefreshReflectionsOperator, reflections_listed
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets
from lakehouse.night.plan import stage

STAGE = stage("refresh_reflections")


HANDLES = {"Reflections": reflections_listed()}


@dag(**stage_arguments(STAGE.name, doc=__doc__, handles=HANDLES))
def refresh_reflections() -> None:
    DremioRefreshReflectionsOperator(
        task_id="wait_for_reflections",
        timeout=timedelta(minutes=STAGE.minutes),
        outlets=stage_outlets(STAGE.name),
    )


refresh_reflections()
