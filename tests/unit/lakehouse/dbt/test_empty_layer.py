"""A layer without models, as in a repository that has only staging so far, is a stage that can be run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from lakehouse.dbt import layers


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The manifest of a project without models."""
    file = tmp_path / "manifest.json"
    file.write_text(
        json.dumps({"metadata": {"adapter_type": "dremio"}, "nodes": {}, "sources": {}, "exposures": {}})
    )
    monkeypatch.setattr(layers, "MANIFEST_FILE", file)
    return file


@pytest.mark.usefixtures("manifest")
def test_an_empty_layer_has_a_task_that_does_nothing_between_its_neighbours() -> None:
    with DAG("stage", schedule=None) as dag:
        before = EmptyOperator(task_id="before")
        after = EmptyOperator(task_id="after")
        before >> layers.gold_models() >> after
    dag.check_cycle()
    assert sorted(dag.task_ids) == ["after", "before", "gold.nothing_to_publish"]
    assert dag.get_task("gold.nothing_to_publish").upstream_task_ids == {"before"}
    assert dag.get_task("after").upstream_task_ids == {"gold.nothing_to_publish"}


@pytest.mark.usefixtures("manifest")
def test_a_layer_alone_at_the_beginning_of_its_dag_does_so_too() -> None:
    with DAG("stage", schedule=None) as dag:
        after = EmptyOperator(task_id="after")
        layers.layer_models("marts") >> after
    dag.check_cycle()
    assert dag.get_task("after").upstream_task_ids == {"marts.nothing_to_build"}
