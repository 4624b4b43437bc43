"""The DAGs follow from include/: whole before the first business, and a new one needs no edit of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lakehouse.night.plan import NIGHT
from testing.lakehouse.bare_repository import bare_repository
from testing.lakehouse.cafe import CAFE_FILES

STAGES = [stage.name for stage in NIGHT]
PRINT_THE_BAG = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
dags = {
    name: {
        "tasks": sorted(task.task_id for task in dag.tasks),
        "last": [task.task_id for task in dag.leaves],
        "assets": [asset.name for task in dag.leaves for asset in task.outlets],
        "streams": list(getattr(dag.task_dict.get("refresh_catalogue"), "streams", [])),
    }
    for name, dag in bag.dags.items()
}
print("\\n" + json.dumps({"errors": bag.import_errors, "dags": dags}))
"""


@dataclass(frozen=True)
class Parsed:
    """One DAG as Airflow parses it."""

    tasks: list[str]
    last: list[str]
    assets: list[str]
    streams: list[str]


def parsed(repository: Path) -> dict[str, Parsed]:
    """The DAGs of a repository, by id; another process reads them, with that repository's library."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT_THE_BAG, str(repository / "dags")],
        env={
            **os.environ,
            "PYTHONPATH": str(repository / "plugins"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(repository / "plugins"),
        },
        cwd=repository,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["errors"] == {}
    return {name: Parsed(**each) for name, each in found["dags"].items()}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parsed]:
    return parsed(bare_repository(tmp_path_factory.mktemp("bare") / "repository"))


@pytest.fixture(scope="module")
def cafe(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Parsed]:
    """The DAGs of a repository whose only business is the café; nothing but its files was added."""
    root = bare_repository(tmp_path_factory.mktemp("cafe") / "repository")
    for name, text in CAFE_FILES.items():
        path = root / "include" / "airbyte" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    contracts = root / "include" / "contracts"
    contracts.mkdir(exist_ok=True)
    for stream in ("cafe_orders", "cafe_tables", "cafe_stock", "cafe_deliveries", "cafe_visits"):
        (contracts / f"{stream}.yaml").write_text(f"stream: {stream}\n", encoding="utf-8")
    return parsed(root)


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_with_nothing_to_do_still_announces_its_asset(bare: dict[str, Parsed], name: str) -> None:
    [produced] = [stage.produces for stage in NIGHT if stage.name == name]
    assert bare[name].assets == [produced]
    assert len(bare[name].last) == 1


def test_without_a_business_no_task_is_about_one(bare: dict[str, Parsed]) -> None:
    assert {name: bare[name].tasks for name in STAGES} == {
        "extract_postgres": ["announce"],
        "extract_apis": ["announce"],
        "load_bronze": ["refresh_catalogue"],
        "transform_staging": ["no_model_to_build", "test_staging"],
        "transform_intermediate": ["no_model_to_build", "test_intermediate"],
        "transform_marts": ["marts_are_built", "no_model_to_build"],
        "test_data_quality": ["audit_marts", "gold_is_published", "no_model_to_publish"],
        "refresh_reflections": ["wait_for_reflections"],
        "warm_dashboards": ["dashboards_are_served"],
    }
    assert not [name for name in bare if name.startswith("sync_")]


def test_a_business_is_in_the_graph_as_soon_as_it_is_declared(cafe: dict[str, Parsed]) -> None:
    streams = ["cafe_deliveries", "cafe_orders", "cafe_stock", "cafe_tables", "cafe_visits"]
    assert cafe["extract_postgres"].tasks == ["announce", "sync_cafe_postgres", "sync_cafe_postgres_cdc"]
    assert cafe["extract_apis"].tasks == ["announce", "sync_cafe_api", "sync_cafe_files"]
    assert cafe["load_bronze"].tasks == [*(f"load_{each}" for each in streams), "refresh_catalogue"]
    assert cafe["load_bronze"].streams == streams
    assert sorted(name for name in cafe if name.startswith("sync_")) == [
        "sync_cafe_api_to_lake",
        "sync_cafe_files_to_lake",
        "sync_cafe_postgres_cdc_to_lake",
        "sync_cafe_postgres_to_lake",
    ]
