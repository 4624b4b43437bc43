"""
### Warm the dashboards

**Produces:** the asset `served`, which completes the night, and Superset's cached answer of tonight for
every chart of every dashboard. A second read of each chart proves it: it must hit the entry that this run
wrote.

**Reads:** `gold.*`, through Superset, with exactly the requests that readers' browsers send, default
filters included.

**When and why:** as soon as the reflections are refreshed for the date, planned for 04:35 UTC and 10
minutes, so that the first reader in the morning is served from the cache and not from the lake. Until this
stage has run, readers see what was cached last night.

**If it fails:** the error names the chart and quotes Superset. `BrokenChartsError`: compare the chart's
dataset (`include/superset/datasets`) with the gold model of the same name, fix it, run
`provision_platform`, then clear the failed task. `NothingDrawnError`: Dremio is down; the task is retried.
`CacheNotWarmError`: Superset's caches are not one store, see `embedded/superset/superset_config.py`.

**Safe to rerun?** Yes, at any time. Gold is only read.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag

from lakehouse.night.dag_defaults import stage_arguments, stage_outlets
from lakehouse.night.plan import stage
from lakehouse.superset.dashboards import dashboards_listed, night_dashboards
from lakehouse.superset.operators import SupersetWarmDashboardOperator

STAGE = "warm_dashboards"


HANDLES = {"Dashboards": dashboards_listed()}


@dag(**stage_arguments(STAGE, doc=__doc__, handles=HANDLES))
def warm_dashboards() -> None:
    served = EmptyOperator(task_id="dashboards_are_served", outlets=stage_outlets(STAGE))
    # What a live dashboard shows is kept for seconds: there is nothing to warm.
    for slug in night_dashboards():
        warm = SupersetWarmDashboardOperator(
            task_id=f"warm_{slug.replace('-', '_')}",
            dashboard=slug,
            execution_timeout=timedelta(minutes=stage(STAGE).minutes),
        )
        warm >> served


warm_dashboards()
