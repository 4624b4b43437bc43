"""A DAG file puts tasks together: what works inside them is imported by the tasks themselves."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

DAGS = sorted((Path(__file__).parents[3] / "dags").glob("*.py"))
ALLOWED = re.compile(
    r"lakehouse\.("
    r"night\.\w+"
    r"|platform\.(names|database|metadata_tables|storage)"
    r"|(observe\.)?\w+\.(\w+_)?operators"
    r"|landing\.announce"
    r"|bronze\.declared"
    r"|superset\.dashboards"
    r"|dbt\.layers"
    r"|airbyte\.(cadence|connection_file|night_syncs)"
    r"|stream\.plan"
    r")"
)


def library_imports(source: str) -> set[str]:
    """The modules of the repository that a file imports, at whatever depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    ours = ("lakehouse", "embedded", "dremio_engine", "airbyte_engine", "testing", "bench")
    return {name for name in found if name.split(".")[0] in ours}


@pytest.mark.parametrize("path", DAGS, ids=lambda path: path.stem)
def test_a_dag_imports_tasks_the_plan_and_the_platform_only(path: Path) -> None:
    imported = library_imports(path.read_text())
    assert imported
    assert [name for name in sorted(imported) if not ALLOWED.fullmatch(name)] == []


@pytest.mark.parametrize(
    "name", ["lakehouse.dremio.client", "lakehouse.bronze.partition_loader", "embedded.cli", "dremio_engine"]
)
def test_what_works_inside_a_task_is_not_for_a_dag(name: str) -> None:
    assert library_imports(f"def task():\n    import {name}\n") == {name}
    assert not ALLOWED.fullmatch(name)
