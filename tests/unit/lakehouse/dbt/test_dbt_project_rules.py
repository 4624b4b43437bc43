"""Rules of the dbt project that dbt itself does not enforce, read from the shipped manifest and the files."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.bronze.declared import night_streams
from lakehouse.dbt.project import LAYERS, MANIFEST_FILE, PROJECT_FOLDER

MANIFEST = json.loads(MANIFEST_FILE.read_text(encoding="utf-8"))
MODELS: dict[str, dict[str, Any]] = {
    node["name"]: node for node in MANIFEST["nodes"].values() if node["resource_type"] == "model"
}
TESTS = [node for node in MANIFEST["nodes"].values() if node["resource_type"] == "test"]

EVERY_MODEL = pytest.mark.parametrize("name", sorted(MODELS))

LAYER_BELOW = dict(zip(LAYERS[1:], LAYERS, strict=False))


def layer_of(model: dict[str, Any]) -> str:
    return model["fqn"][1]


@EVERY_MODEL
def test_a_model_lies_in_its_layer_s_folder_of_a_declared_business(name: str) -> None:
    layer, business, *_ = MODELS[name]["fqn"][1:]
    assert layer in LAYERS
    assert business in {each.business for each in read_all_connection_files()}


@EVERY_MODEL
def test_model_is_the_table_that_the_documents_name(name: str) -> None:
    assert MODELS[name]["relation_name"] == f'"{layer_of(MODELS[name])}"."{name}"'


@EVERY_MODEL
def test_model_has_one_sql_file_and_one_yml_file_of_its_own(name: str) -> None:
    sql = PROJECT_FOLDER / MODELS[name]["original_file_path"]
    described = yaml.safe_load(sql.with_suffix(".yml").read_text(encoding="utf-8"))["models"]
    assert [each["name"] for each in described] == [name]


@EVERY_MODEL
def test_description_opens_with_the_grain(name: str) -> None:
    assert MODELS[name]["description"].startswith("One row per ")


@EVERY_MODEL
def test_every_column_has_a_type_and_a_description(name: str) -> None:
    columns = MODELS[name]["columns"]
    assert columns
    assert [c["name"] for c in columns.values() if not c["data_type"] or not c["description"]] == []


@EVERY_MODEL
def test_key_is_tested_unique_and_not_null(name: str) -> None:
    key = MODELS[name]["config"]["unique_key"]
    found = {test["name"] for test in TESTS}
    assert {f"unique_{name}_{key}", f"not_null_{name}_{key}"} <= found


@EVERY_MODEL
def test_model_merges_by_its_key(name: str) -> None:
    """dbt-dremio's default strategy is append: a replay would double every row."""
    config = MODELS[name]["config"]
    assert (config["materialized"], config["incremental_strategy"]) == ("incremental", "merge")


@EVERY_MODEL
def test_model_reads_only_the_layer_below(name: str) -> None:
    model = MODELS[name]
    parents = [parent.split(".") for parent in model["depends_on"]["nodes"]]
    assert parents
    if layer_of(model) == "staging":
        assert {parent[0] for parent in parents} == {"source"}
        assert len({parent[-1] for parent in parents}) == 1
    else:
        assert {layer_of(MODELS[parent[2]]) for parent in parents} == {LAYER_BELOW[layer_of(model)]}


@EVERY_MODEL
def test_model_is_one_statement_without_a_semicolon(name: str) -> None:
    """A semicolon inside CREATE TABLE AS (...) is a syntax error in Dremio."""
    text = (PROJECT_FOLDER / MODELS[name]["original_file_path"]).read_text(encoding="utf-8")
    assert ";" not in re.sub(r"--[^\n]*|\{#.*?#\}", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("name", sorted(name for name, each in MODELS.items() if layer_of(each) == "gold"))
def test_gold_is_never_rebuilt_under_its_readers(name: str) -> None:
    assert MODELS[name]["config"]["full_refresh"] is False


def test_every_source_is_a_stream_of_the_night_and_says_when_it_is_stale() -> None:
    sources = MANIFEST["sources"].values()
    assert {source["name"] for source in sources} <= {f"raw_{stream}" for stream in night_streams()}
    for source in sources:
        assert source["loaded_at_field"] == "_airbyte_extracted_at"
        assert source["freshness"]["error_after"]["count"]


def test_a_failing_test_is_always_an_error() -> None:
    assert {test["config"]["severity"].lower() for test in TESTS} <= {"error"}


def test_dbt_does_not_phone_home_and_needs_no_packages() -> None:
    project = yaml.safe_load((PROJECT_FOLDER / "dbt_project.yml").read_text(encoding="utf-8"))
    assert project["flags"]["send_anonymous_usage_stats"] is False
    assert not (PROJECT_FOLDER / "packages.yml").exists()
    assert not (PROJECT_FOLDER / "dependencies.yml").exists()
