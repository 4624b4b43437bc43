"""
### Provision the platform

**Produces:** everything that the night expects to exist: the lake's bucket; the metadata tables
(`include/sql/postgres/tables`); Airbyte's sources, destinations and connections (`include/airbyte/`);
Dremio's sources and spaces (`include/dremio/`), the stream's hot tables and the live views over them;
Superset's database, datasets, charts and dashboards (`include/superset/`).

**Reads:** the files above, and addresses and secrets from the Airflow connections.

**When and why:** by hand, before the first night and after any change to those files or connections. It has
no schedule. `make night` runs it before every night.

**A source without values** is left out and the run succeeds: everything else is provisioned, and one secret
that a machine lacks must not stop the nights of the others. `provision_airbyte` warns in its log and in the
run's note, with the variables to set and the file to write them to. Until then each night names the source
among what it has not loaded, `report_drift` fails, and a sync of it outside the night fails at once. What
Airbyte already holds of the source is not touched.

**If it fails:** the task's name shows which service refused, and the error says what and why. Fix the file
or the Airflow connection and clear the task. Nothing is left half created. `check_what_is_declared` refuses a
stream without a contract and a contract without a stream, before Airbyte is told of either.

**Safe to rerun?** Yes. Every task looks for what exists, creates what is missing and changes only what
differs. Nothing is deleted.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, task

from lakehouse.airbyte.provision_operators import ProvisionAirbyteOperator
from lakehouse.bronze.provision_operators import CheckDeclarationOperator
from lakehouse.dremio.operators import ProvisionDremioOperator
from lakehouse.night.dag_defaults import dag_arguments
from lakehouse.stream.provision_operators import ProvisionHotOperator
from lakehouse.superset.operators import SupersetImportAssetsOperator

PARAMS = {
    "rewrite_secrets": Param(
        False,
        type="boolean",
        title="Write secrets again",
        description="After a secret was changed in Airbyte itself: send it all, even without a difference.",
    ),
    "force_dashboards": Param(
        False,
        type="boolean",
        title="Import dashboards again",
        description="Import Superset's assets even if nothing changed. This undoes edits made in Superset.",
    ),
}


@dag(**dag_arguments("provision_platform", __doc__, frozenset({"platform"}), PARAMS))
def provision_platform() -> None:
    """Storage first, then the services that point at it."""

    @task
    def create_lake_bucket() -> dict[str, Any]:
        """The bucket that the connection `lake_s3` names."""
        from lakehouse.platform.storage import LakeStorage

        lake = LakeStorage.from_connection()
        return {"bucket": lake.bucket, "created": lake.create_bucket()}

    @task
    def create_metadata_tables() -> list[str]:
        """Every table of include/sql/postgres/tables/create_*.sql."""
        from lakehouse.platform.database import platform_postgres
        from lakehouse.platform.metadata_tables import create_metadata_tables

        return create_metadata_tables(platform_postgres())

    declaration = CheckDeclarationOperator(task_id="check_what_is_declared")
    airbyte = ProvisionAirbyteOperator(
        task_id="provision_airbyte", rewrite_secrets="{{ params.rewrite_secrets }}"
    )
    dremio = ProvisionDremioOperator(task_id="provision_dremio")
    live_views = ProvisionHotOperator(task_id="create_live_views")
    dashboards = SupersetImportAssetsOperator(
        task_id="import_dashboards", force="{{ params.force_dashboards }}"
    )

    declaration >> airbyte
    tables = create_metadata_tables()
    create_lake_bucket() >> [airbyte, dremio]
    tables >> airbyte
    [tables, dremio] >> live_views >> dashboards


provision_platform()
