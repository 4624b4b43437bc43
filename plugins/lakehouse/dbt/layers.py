"""How a layer of the dbt project becomes tasks: a group with one task per model, and one task of tests.

Each task and its dbt process cost something before their first statement, so a layer's tests share one
process, sources get no tasks, and the graph is drawn from the shipped manifest instead of by asking dbt. A
layer without models, in a repository before its first business, is a task that does nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import Asset, Param
from cosmos import settings as cosmos_settings
from cosmos.airflow.task_group import DbtTaskGroup
from cosmos.config import ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import InvocationMode, LoadMode, TestBehavior, TestIndirectSelection
from cosmos.dbt.graph import DbtNode
from cosmos.operators.local import DbtTestLocalOperator

from lakehouse.dbt.connection import tell_dbt
from lakehouse.dbt.history import record_dbt_run
from lakehouse.dbt.project import (
    LAYERS,
    MANIFEST_FILE,
    PROFILES_FILE,
    PROJECT_FOLDER,
    PROJECT_NAME,
    dbt_executable,
)
from lakehouse.platform.names import DREMIO_POOL

DBT_TIMEOUT: Final = timedelta(minutes=30)
"""dbt-dremio 1.11.0 polls a cancelled job forever (dremio/dbt-dremio#322: it tests CANCELLED, Dremio says
CANCELED), so a dbt process needs an end of its own. Thirty minutes is the plan's longest layer."""

FULL_REFRESH: Final = {
    "full_refresh": Param(
        False,
        type="boolean",
        title="Full refresh",
        description="Rebuild this layer's tables from everything in the layer below, instead of merging. "
        "Gold is never rebuilt: it changes by merges only.",
    )
}
"""Params of a DAG that builds a layer."""


def layer_models(layer: str) -> DbtTaskGroup | EmptyOperator:
    """The layer's models as a task group, one task `build_<model>` each, in the models' own order.

    The DAG needs the params `FULL_REFRESH`. Without a model: the task `no_model_to_build`.
    """
    if not has_models(layer):
        return EmptyOperator(task_id="no_model_to_build")
    wanted = "{{ is_wanted('full_refresh', params, triggering_asset_events) }}"
    return _model_group(layer, group_id=layer, verb="build", full_refresh=wanted)


def gold_models() -> DbtTaskGroup | EmptyOperator:
    """The models that publish marts as gold, one task `publish_<model>` each. Never a full refresh.

    Without a model: the task `no_model_to_publish`.
    """
    if not has_models("gold"):
        return EmptyOperator(task_id="no_model_to_publish")
    return _model_group("gold", group_id="gold", verb="publish", full_refresh=False)


def _model_group(layer: str, group_id: str, verb: str, full_refresh: str | bool) -> DbtTaskGroup:
    def task_name(node: DbtNode) -> str:
        return f"{verb}_{node.name}"

    return DbtTaskGroup(
        group_id=group_id,
        project_config=ProjectConfig(
            dbt_project_path=PROJECT_FOLDER, manifest_path=MANIFEST_FILE, install_dbt_deps=False
        ),
        profile_config=_profile(),
        execution_config=ExecutionConfig(
            invocation_mode=InvocationMode.SUBPROCESS, dbt_executable_path=str(dbt_executable())
        ),
        render_config=RenderConfig(
            select=[f"path:models/{_known(layer)}"],
            load_method=LoadMode.DBT_MANIFEST,
            invocation_mode=InvocationMode.SUBPROCESS,
            test_behavior=TestBehavior.NONE,
            # The night is chained by its own assets, one per layer.
            emit_datasets=False,
            normalize_task_id=task_name,
            normalize_task_display_name=task_name,
            enable_owner_inheritance=False,
        ),
        operator_args={**_every_dbt_task(), "full_refresh": full_refresh},
    )


def layer_tests(
    layer: str, task_id: str, outlets: Sequence[Asset] = ()
) -> DbtTestLocalOperator | EmptyOperator:
    """All tests of the layer's models, in one dbt process; without a model a task that does nothing."""
    if not has_models(layer):
        return EmptyOperator(task_id=task_id, outlets=list(outlets))
    return DbtTestLocalOperator(
        task_id=task_id,
        project_dir=str(PROJECT_FOLDER),
        profile_config=_profile(),
        dbt_executable_path=str(dbt_executable()),
        invocation_mode=InvocationMode.SUBPROCESS,
        install_deps=False,
        emit_datasets=False,
        # Without it, Cosmos keeps no parse cache for a task of no group: dbt would parse the whole project.
        cache_dir=cosmos_settings.cache_dir / "layer_tests",
        select=f"path:models/{_known(layer)}",
        # Eager selection would run a later layer's relationship test before that layer is built.
        indirect_selection=TestIndirectSelection.BUILDABLE.value,
        outlets=list(outlets),
        **_every_dbt_task(),
    )


def has_models(layer: str, manifest: Path = MANIFEST_FILE) -> bool:
    """Does the shipped manifest hold a model of the layer?

    Raises:
        ValueError: no such layer.
    """
    return bool(_models_of(layer, manifest))


def tables_listed(layer: str, manifest: Path = MANIFEST_FILE) -> list[str]:
    """The layer's tables with the first sentence of their descriptions, for a DAG's page.

    Raises:
        ValueError: no such layer.
    """
    return [
        f"`{layer}.{node['alias'] or node['name']}`: {_first_sentence(node['description'])}"
        for node in sorted(_models_of(layer, manifest), key=lambda node: str(node["name"]))
    ]


def _models_of(layer: str, manifest: Path) -> list[dict[str, Any]]:
    folder = ("models", _known(layer))
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"].values()
    return [
        node
        for node in nodes
        if node["resource_type"] == "model" and Path(node["original_file_path"]).parts[:2] == folder
    ]


def _first_sentence(description: str) -> str:
    words = " ".join(description.split())
    return words.partition(". ")[0].rstrip(".") or "no description"


def _every_dbt_task() -> dict[str, Any]:
    return {
        "interceptors": [tell_dbt],
        "callback": record_dbt_run,
        "append_env": True,
        "pool": DREMIO_POOL,
        "execution_timeout": DBT_TIMEOUT,
    }


def _profile() -> ProfileConfig:
    return ProfileConfig(
        profile_name=PROJECT_NAME, target_name=PROJECT_NAME, profiles_yml_filepath=PROFILES_FILE
    )


def _known(layer: str) -> str:
    if layer not in LAYERS:
        raise ValueError(f"no layer named {layer!r} in the dbt project; there are: {', '.join(LAYERS)}")
    return layer
