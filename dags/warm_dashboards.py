"""
### Warm the dashboards

**Produces** Superset's cache holds tonight's answer for every chart of every dashboard, each proven by a
second read that hits an entry written by this run. Emits the asset `served` for the date: the night is done.

**Reads** `gold.*`, through Superset, with the very requests readers' browsers send (filter defaults
included).

**When and why** As soon as the reflections are accelerated for the date (planned 04:35 UTC, 10 minutes), so
that the first reader of the morning waits for the cache, not for the lake. Until this stage has run, readers
see what was cached last night.

**If it fails** The error names the chart and Superset's own words for it. *Cannot be drawn*: compare the
chart's dataset (`include/superset/datasets`) with the gold model of that name; after a repair, run
`provision_platform`, then clear the failed task. *Not one chart can be drawn*: Dremio is away; the task is
retried by itself. *Not warm*: Superset's caches are not one store, see
`embedded/superset/superset_config.py`.

**Safe to rerun?** Yes, at any time; gold is only read.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag

from lakehouse.night.dag_defaults import stage_arguments, stage_outlets
from lakehouse.night.plan import stage
from lakehouse.superset.operators import SupersetWarmDashboardOperator

STAGE = "warm_dashboards"
DASHBOARDS = ("customer-analytics",)
"""Slugs of the dashboards that must be warm in the morning: those of include/superset/dashboards."""


@dag(**stage_arguments(STAGE, doc=__doc__))
def warm_dashboards() -> None:
    served = EmptyOperator(task_id="dashboards_are_served", outlets=stage_outlets(STAGE))
    for slug in DASHBOARDS:
        warm = SupersetWarmDashboardOperator(
            task_id=f"warm_{slug.replace('-', '_')}",
            dashboard=slug,
            execution_timeout=timedelta(minutes=stage(STAGE).minutes),
        )
        warm >> served


warm_dashboards()
