"""
### Test the marts, then publish gold

**Produces:** the asset `gold` and the tables `gold.*`, listed at the end: the only layer that dashboards
read. This stage does both: it **tests** the marts, and only if every test passes does it **publish** them.

**Reads:** `marts.*`. First, every data test of the marts runs: keys, references, and each rule that a table
must keep, such as that its sums agree with their parts. If all of them pass, the publish
models (dbt, `include/dbt/models/gold`) merge the differences into gold, with one atomic statement per
table.

**When and why:** as soon as the marts are ready for the date, planned for 04:00 UTC and 15 minutes. The
specification tests the marts when they are already visible; here nobody ever sees bad marts.

**If it fails:** at `audit_marts`, gold, reflections and caches still show the last good night. The error
names the tests and how many rows failed each; `dbt test --select path:models/marts` finds the rows. Fix the
source or the model, replay the date from the stage at fault, and this stage follows automatically. At a
`gold.publish_*` task, its table is unchanged and the others are published: clear the task.

**Safe to rerun?** Yes, at any time. Publishing unchanged marts writes nothing.
"""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag

from lakehouse.dbt.layers import gold_models, layer_tests, tables_listed
from lakehouse.night.dag_defaults import stage_arguments, stage_outlets

ARGUMENTS = stage_arguments(
    "test_data_quality", doc=__doc__, handles={"Published tables": tables_listed("gold")}
)
ARGUMENTS["description"] += ", then publication of gold"


@dag(**ARGUMENTS)
def test_data_quality() -> None:
    audit = layer_tests("marts", task_id="audit_marts")
    publish = gold_models()
    published = EmptyOperator(task_id="gold_is_published", outlets=stage_outlets("test_data_quality"))

    audit >> publish >> published


test_data_quality()
