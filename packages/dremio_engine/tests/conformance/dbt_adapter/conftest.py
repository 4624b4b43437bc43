"""The standard tests' fixtures, pointed at the target."""

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dbt.adapters.dremio.api.cursor as dremio_cursor
import pytest
import yaml
from dbt.tests.fixtures.project import write_project_files
from dbt.tests.util import write_file
from tests.conformance.dbt_adapter import names, profile
from tests.conformance.target import Target

names.install()

POLL_SECONDS = 0.01
PREVENT_TWINS = {"+twin_strategy": "prevent"}
_SCHEMAS = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def short_polls() -> Iterator[None]:
    """dbt-dremio sleeps 0.2 s before it looks at any statement's result; there are thousands here."""

    class Clock:
        sleep = staticmethod(lambda seconds: time.sleep(min(seconds, POLL_SECONDS)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dremio_cursor, "time", Clock)
        yield


@pytest.fixture(scope="class")
def unique_schema(dremio: Target) -> str:
    return f"{dremio.run}_{next(_SCHEMAS)}"


@pytest.fixture(scope="class")
def dbt_profile_target(dremio: Target, unique_schema: str) -> dict[str, Any]:
    return profile.output(dremio, unique_schema)


@pytest.fixture(scope="class")
def dbt_project_yml(project_root: Any, project_config_update: Any) -> dict[str, Any]:
    """The project's settings; a name is a table or a view, never both, as in the databases of the tests."""
    update = project_config_update
    if isinstance(update, str):
        update = yaml.safe_load(update)
    flags = {"send_anonymous_usage_stats": False}
    config = {"name": "test", "profile": "test", "flags": flags, **(update or {})}
    for kind in ("models", "seeds", "snapshots"):
        config[kind] = {**PREVENT_TWINS, **(config.get(kind) or {})}
    config = names.complete_files(config)
    write_file(yaml.safe_dump(config), project_root, "dbt_project.yml")
    return config


@pytest.fixture(scope="class")
def project_files(
    project_root: Any,
    models: Any,
    macros: Any,
    snapshots: Any,
    properties: Any,
    seeds: Any,
    tests: Any,
    analyses: Any,
    functions: Any,
    selectors_yml: None,
    dependencies_yml: None,
    packages_yml: None,
    dbt_project_yml: dict[str, Any],
) -> None:
    folders = {
        "models": {**models, **properties},
        "macros": macros,
        "snapshots": snapshots,
        "seeds": seeds,
        "tests": tests,
        "analyses": analyses,
        "functions": functions,
    }
    for folder, files in folders.items():
        write_project_files(project_root, folder, names.complete_files(files))


@pytest.fixture(scope="class")
def logs_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = str(tmp_path_factory.mktemp("logs"))
    os.environ["DBT_LOG_PATH"] = folder
    yield folder
    del os.environ["DBT_LOG_PATH"]


@pytest.fixture(scope="module")
def test_data_dir(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The folder of the hooks' tables; another one where the tests write one of their own."""
    if "hooks" in request.module.__name__:
        return Path(__file__).parent / "data"
    return tmp_path_factory.mktemp("tests") / "data"
