"""The SQL in Superset's assets: expressions of datasets and charts, each in the query that is made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


def superset_statements(folder: Path) -> Iterator[tuple[str, str]]:
    """The file, from the repository's root, and a statement; every asset in the folder."""
    root = folder.parents[1]
    for file in sorted((folder / "datasets").rglob("*.yaml")):
        for sql in _of_dataset(yaml.safe_load(file.read_text(encoding="utf-8"))):
            yield str(file.relative_to(root)), sql
    for file in sorted((folder / "charts").rglob("*.yaml")):
        for sql in dict.fromkeys(_of_chart(yaml.safe_load(file.read_text(encoding="utf-8")))):
            yield str(file.relative_to(root)), sql


def _of_dataset(dataset: dict[str, Any]) -> Iterator[str]:
    table = f'"{dataset["schema"]}"."{dataset["table_name"]}"'
    if dataset.get("sql"):
        yield dataset["sql"]
        table = f"({dataset['sql']})"
    for part in (*dataset.get("metrics", ()), *dataset.get("columns", ())):
        if part.get("expression"):
            yield f"select {part['expression']} as x from {table} as t"
    if dataset.get("fetch_values_predicate"):
        yield f"select 1 from {table} as t where {dataset['fetch_values_predicate']}"


def _of_chart(value: Any) -> Iterator[str]:
    """Of everything in a chart, however deep it stands; its query_context is JSON in a text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        yield from _of_chart(json.loads(value))
    elif isinstance(value, list):
        for each in value:
            yield from _of_chart(each)
    elif isinstance(value, dict):
        if value.get("sqlExpression"):
            is_filter = value.get("clause") in ("WHERE", "HAVING")
            expression = value["sqlExpression"]
            yield f"select 1 from t where {expression}" if is_filter else f"select {expression} as x from t"
        for clause in ("where", "having"):
            if isinstance(value.get(clause), str) and value[clause]:
                yield f"select 1 from t where {value[clause]}"
        for each in value.values():
            yield from _of_chart(each)
