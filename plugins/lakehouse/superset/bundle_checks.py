"""What can be wrong with dashboards as code, said before Superset sees them.

Superset's importer answers a bare 500 whatever it meets, from a misspelled key to a reference into nothing,
and puts the reason into its own log only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

Files = Mapping[str, Mapping[str, Any]]

REQUIRED: Final[Mapping[str, tuple[str, ...]]] = {
    "databases": ("database_name", "sqlalchemy_uri", "uuid", "version", "extra"),
    "datasets": ("table_name", "uuid", "version", "database_uuid", "columns"),
    "charts": ("slice_name", "viz_type", "params", "query_context", "uuid", "version", "dataset_uuid"),
    "dashboards": ("dashboard_title", "slug", "uuid", "version", "position", "metadata"),
}
"""Keys without which Superset cannot import a file, or could not warm or find what came of it."""

REFERENCES: Final[Mapping[str, tuple[str, str]]] = {
    "datasets": ("database_uuid", "databases"),
    "charts": ("dataset_uuid", "datasets"),
}
"""The key of a file that points, by uuid, to a file of another kind."""


def faults(files: Files) -> Iterator[str]:
    """One sentence for each fault, naming the file; nothing for a bundle that can be imported."""
    uuids = {
        kind: {each.get("uuid") for path, each in files.items() if _kind(path) == kind} for kind in REQUIRED
    }
    for path, content in files.items():
        kind = _kind(path)
        missing = [key for key in REQUIRED.get(kind, ()) if not content.get(key) and content.get(key) != {}]
        if missing:
            yield f"{path} has no {', '.join(missing)}"
            continue
        if kind in REFERENCES:
            key, pointed_to = REFERENCES[kind]
            if content[key] not in uuids[pointed_to]:
                yield f"{path}: {key} {content[key]} is not the uuid of a file in {pointed_to}/"
        if kind == "charts":
            yield from _query_faults(path, content["query_context"])
        if kind == "dashboards":
            yield from _layout_faults(path, content["position"], uuids["charts"])


def _query_faults(path: str, query_context: str) -> Iterator[str]:
    try:
        queries = json.loads(query_context).get("queries")
    except (ValueError, AttributeError, TypeError):
        yield f"{path}: query_context is not a JSON object"
        return
    if not queries:
        yield f"{path}: query_context holds no query; save the chart in Superset and export it again"


def _layout_faults(path: str, position: Mapping[str, Any], charts: set[Any]) -> Iterator[str]:
    for name, element in position.items():
        if not isinstance(element, dict) or element.get("type") != "CHART":
            continue
        meta = element.get("meta", {})
        if meta.get("uuid") not in charts:
            yield f"{path}: {name} lays out {meta.get('uuid')}, which is not the uuid of a file in charts/"
        if not isinstance(meta.get("chartId"), int):
            # The importer maps this number to its own; without it the chart is left out without a word.
            yield f"{path}: {name} has no chartId"


def _kind(path: str) -> str:
    return path.partition("/")[0]
