"""
### Audit, then publish

**Produces** `gold.orders`, `gold.customers`, `gold.daily_revenue`, `gold.customer_metrics`: the only layer
that dashboards read. Emits the asset `gold` for the date.

**Reads** `marts.*`. First every data test of the marts runs (keys, references, `assert_positive_amounts`,
and that revenue and lifetime values are the sums of completed orders). Only when all of them pass do the
publish models (dbt, `include/dbt/models/gold`) merge what differs into gold, one atomic statement per
table.

**When and why** As soon as the marts are there for the date (planned 04:00 UTC, 15 minutes). The
specification tests after the marts are visible; here bad marts are seen by nobody.

**If it fails** `audit_marts` failed: gold, reflections and caches still show the last good night. The error
names the tests and how many rows failed them; `dbt test --select path:models/marts` finds the rows. Mend
the source or the model, replay the date from the stage at fault, and this stage follows by itself. A
`gold.publish_*` task failed: its table is as it was, the others are published; clear the task.

**Safe to rerun?** Yes, at any time: publishing unchanged marts writes nothing.
"""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag

from lakehouse.dbt.layers import gold_models, layer_tests
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets


@dag(**stage_arguments("test_data_quality", doc=__doc__))
def test_data_quality() -> None:
    audit = layer_tests("marts", task_id="audit_marts")
    publish = gold_models()
    published = EmptyOperator(task_id="gold_is_published", outlets=stage_outlets("test_data_quality"))

    audit >> publish >> published


test_data_quality()
