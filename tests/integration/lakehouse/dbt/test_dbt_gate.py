"""The publish gate, with the DAG's own tasks: bad marts never reach gold, and the run is on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from airflow.dag_processing.dagbag import DagBag

from lakehouse.dbt.project import MANIFEST_FILE
from lakehouse.dbt.run_results import DataTestFailedError
from lakehouse.platform.repository import REPOSITORY
from lakehouse.platform.sql_files import read_sql

NIGHT = "2025-10-16"


class TaskInstance(SimpleNamespace):
    """As much of a running task as the dbt callback touches."""

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed = {**getattr(self, "pushed", {}), key: value}


@pytest.fixture
def platform(wire: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """Airflow's connections to the platform, and its PostgreSQL with an empty run history."""
    if "LAKEHOUSE_STATE_DIR" in wire:
        # So that what dbt is forked from belongs to the platform, and ends with it.
        monkeypatch.setenv("LAKEHOUSE_STATE_DIR", wire["LAKEHOUSE_STATE_DIR"])
    monkeypatch.setenv(
        "AIRFLOW_CONN_DREMIO_DEFAULT",
        f"http://{wire['DREMIO_USER']}:{wire['DREMIO_PASSWORD']}@{wire['DREMIO_HOST']}:{wire['DREMIO_PORT']}",
    )
    login = f"{wire['PLATFORM_PG_USER']}:{wire['PLATFORM_PG_PASSWORD']}"
    place = f"{wire['PLATFORM_PG_HOST']}:{wire['PLATFORM_PG_PORT']}/{wire['PLATFORM_PG_DATABASE']}"
    monkeypatch.setenv("AIRFLOW_CONN_PLATFORM_POSTGRES", f"postgresql://{login}@{place}")
    connection = psycopg2.connect(f"postgresql://{login}@{place}")
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(read_sql("postgres/tables/create_dbt_run_history.sql"))
        cursor.execute("truncate dbt_run_history")
        yield cursor
    connection.close()


def execute(dag_id: str, task_id: str) -> dict[str, Any]:
    """Run one task of a DAG as a worker would, without the scheduler; its report."""
    task = DagBag(str(REPOSITORY / "dags" / f"{dag_id}.py")).dags[dag_id].get_task(task_id)
    task.full_refresh = False
    instance = TaskInstance(dag_id=dag_id, task_id=task_id, run_id="gate", map_index=-1, try_number=1)
    context = {
        "dag_run": SimpleNamespace(partition_key=NIGHT),
        "ti": instance,
        "run_id": "gate",
        "params": {},
    }
    task.execute(context)
    return instance.pushed["return_value"]


def test_sound_marts_pass_the_audit_and_the_run_is_on_record(platform: Any, built: Any) -> None:
    report = execute("test_data_quality", "audit_marts")
    assert report["detail"]["tests"]["passed"] == report["detail"]["tests"]["run"] > 20
    platform.execute(
        "select run_id::text, project_name, status, models_run, tests_run, metadata from dbt_run_history"
    )
    (run_id, project, status, models, tests, metadata), *others = platform.fetchall()
    assert others == []
    assert (project, status, models, tests) == ("lakehouse", "success", 0, report["detail"]["tests"]["run"])
    assert run_id == report["external_jobs"][0]["id"]
    assert metadata["business_date"] == NIGHT
    assert metadata["task"] == "audit_marts"


def test_broken_mart_fails_the_audit_and_leaves_gold_untouched(platform: Any, lake: Any, built: Any) -> None:
    lake.client.run("update marts.fct_orders set amount = -5 where order_id = 1")
    with pytest.raises(DataTestFailedError, match="assert_positive_amounts found 1 bad rows"):
        execute("test_data_quality", "audit_marts")
    assert lake.gold() == built.gold
    platform.execute("select status from dbt_run_history")
    assert platform.fetchall() == [("fail",)]

    # The next build of the mart finds what differs and fixes it, with no full refresh.
    assert execute("transform_marts", "marts.build_fct_orders")["rows_out"] == 1
    execute("test_data_quality", "audit_marts")


def test_publishing_unchanged_marts_writes_nothing(platform: Any, lake: Any, built: Any) -> None:
    assert execute("test_data_quality", "gold.publish_orders")["rows_out"] == 0
    assert lake.gold() == built.gold


def test_every_table_has_the_columns_and_types_of_its_yml(lake: Any, built: Any) -> None:
    models = [
        node
        for node in json.loads(MANIFEST_FILE.read_text(encoding="utf-8"))["nodes"].values()
        if node["resource_type"] == "model"
    ]
    assert models
    for model in models:
        source, table = model["relation_name"].replace('"', "").split(".")
        found = lake.rows(
            "select column_name, data_type, numeric_precision, numeric_scale from information_schema.columns "
            f"where table_schema = '{source}' and table_name = '{table}'"
        )
        types = {row["column_name"]: sql_type(row) for row in found}
        assert types == {name: column["data_type"] for name, column in model["columns"].items()}, table


def sql_type(column: dict[str, Any]) -> str:
    """A row of information_schema.columns as the .yml writes the type."""
    words = {"CHARACTER VARYING": "varchar"}
    if column["data_type"] == "DECIMAL":
        return f"decimal({column['numeric_precision']}, {column['numeric_scale']})"
    return words.get(column["data_type"], column["data_type"].lower())
