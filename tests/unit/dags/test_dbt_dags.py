"""The four DAGs that dbt does: what waits for what, and what a bad night cannot reach."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

DAGS = Path(__file__).parents[3] / "dags"
STAGES = ("transform_staging", "transform_intermediate", "transform_marts", "test_data_quality")
LAST_TASK = {
    "transform_staging": "test_staging",
    "transform_intermediate": "test_intermediate",
    "transform_marts": "marts_are_built",
    "test_data_quality": "gold_is_published",
}
PRODUCES = {
    "transform_staging": "staging",
    "transform_intermediate": "intermediate",
    "transform_marts": "marts",
    "test_data_quality": "gold",
}


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for stage in STAGES:
        bag = DagBag(str(DAGS / f"{stage}.py"))
        assert bag.import_errors == {}
        found.update(bag.dags)
    assert set(found) == set(STAGES)
    return found


def dbt_tasks(dag: Any) -> list[Any]:
    tasks = [task for task in dag.tasks if task.task_type.startswith("Dbt")]
    if not tasks:
        pytest.skip(f"no model is declared for {dag.dag_id}")
    return tasks


@pytest.mark.parametrize("stage", STAGES)
def test_only_the_last_task_emits_the_stages_asset(dags: dict[str, Any], stage: str) -> None:
    emitting = {
        task.task_id: [asset.name for asset in task.outlets] for task in dags[stage].tasks if task.outlets
    }
    assert emitting == {LAST_TASK[stage]: [PRODUCES[stage]]}
    assert [leaf.task_id for leaf in dags[stage].leaves] == [LAST_TASK[stage]]


@pytest.mark.needs_shop
@pytest.mark.parametrize(
    ("stage", "tasks"),
    [
        (
            "transform_staging",
            {
                "build_stg_customers",
                "build_stg_orders",
                "build_stg_products",
                "build_stg_shipments",
                "build_stg_marketing_spend",
                "build_stg_stock_levels",
            },
        ),
        ("transform_intermediate", {"build_int_customers", "build_int_customer_orders"}),
        (
            "transform_marts",
            {
                "build_fct_orders",
                "build_fct_daily_revenue",
                "build_fct_customer_lifetime_value",
                "build_dim_customers",
            },
        ),
        (
            "test_data_quality",
            {"publish_orders", "publish_customers", "publish_daily_revenue", "publish_customer_metrics"},
        ),
    ],
)
def test_each_model_of_the_layer_is_one_task(dags: dict[str, Any], stage: str, tasks: set[str]) -> None:
    group = PRODUCES[stage]
    in_group = {task.task_id for task in dags[stage].tasks if task.task_id.startswith(f"{group}.")}
    assert in_group >= {f"{group}.{name}" for name in tasks}, "another business may have models of its own"


@pytest.mark.parametrize("stage", ["transform_staging", "transform_intermediate"])
def test_layer_is_tested_after_all_its_models(dags: dict[str, Any], stage: str) -> None:
    tests = dags[stage].get_task(LAST_TASK[stage])
    models = {task.task_id for task in dbt_tasks(dags[stage])} - {tests.task_id}
    assert tests.upstream_task_ids == models


def test_nothing_is_published_before_the_audit(dags: dict[str, Any]) -> None:
    dag = dags["test_data_quality"]
    assert [root.task_id for root in dag.roots] == ["audit_marts"]
    publishing = [task for task in dag.tasks if task.task_id.startswith("gold.")]
    if not publishing:
        pytest.skip("no gold table is declared")
    for task in publishing:
        assert "audit_marts" in task.upstream_task_ids
        assert task.trigger_rule == "all_success"


@pytest.mark.parametrize("stage", STAGES)
def test_every_dbt_process_has_an_end_and_a_place_in_the_pool(dags: dict[str, Any], stage: str) -> None:
    """dbt-dremio polls a cancelled job forever (dremio/dbt-dremio#322)."""
    for task in dbt_tasks(dags[stage]):
        assert task.execution_timeout <= timedelta(minutes=30)
        assert task.pool == "dremio"


@pytest.mark.parametrize("stage", STAGES)
def test_nothing_of_the_connection_is_known_when_the_dag_is_parsed(dags: dict[str, Any], stage: str) -> None:
    for task in dbt_tasks(dags[stage]):
        assert not task.env
        assert [each.__name__ for each in task.interceptors] == ["tell_dbt"]


@pytest.mark.parametrize("stage", STAGES)
def test_no_task_fetches_packages_or_emits_assets_of_its_own(dags: dict[str, Any], stage: str) -> None:
    for task in dbt_tasks(dags[stage]):
        assert task.install_deps is False
        assert task.emit_datasets is False


@pytest.mark.parametrize("stage", STAGES)
def test_every_dbt_process_finds_the_parse_cache_of_the_one_before(dags: dict[str, Any], stage: str) -> None:
    for task in dbt_tasks(dags[stage]):
        assert task.cache_dir is not None
        assert task.partial_parse


def test_full_refresh_is_offered_for_every_layer_but_gold(dags: dict[str, Any]) -> None:
    assert {stage: "full_refresh" in dags[stage].params for stage in STAGES} == {
        "transform_staging": True,
        "transform_intermediate": True,
        "transform_marts": True,
        "test_data_quality": False,
    }
    for task in dbt_tasks(dags["test_data_quality"]):
        assert getattr(task, "full_refresh", False) is False
