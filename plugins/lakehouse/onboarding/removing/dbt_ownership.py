"""Which dbt models, tests and sources hang on a business's streams, from the shipped manifest's graph."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

RAW: Final = "raw_"
"""`raw_<stream>` is the stream's source table."""


@dataclass(frozen=True)
class Shared:
    """What reads this business and another one, so that it cannot go with either by itself."""

    kind: str
    """model, test, dashboard, chart, dataset or reflection."""
    name: str
    why: str


@dataclass(frozen=True)
class DbtParts:
    """What of the dbt project goes with a business."""

    models: tuple[str, ...]
    relations: frozenset[str]
    """The models as Dremio names them, such as `gold.cafe_daily`."""
    sources: tuple[str, ...]
    """Source tables, such as `raw_cafe_orders`."""
    files: tuple[str, ...]
    """SQL files of models and singular tests, from the project's folder."""
    shared: tuple[Shared, ...]


def dbt_parts(manifest: Mapping[str, Any], streams: Collection[str], also: Collection[str] = ()) -> DbtParts:
    """The parts that read these streams (their names in the lake) and nothing else.

    Args:
        manifest: include/dbt/manifest.json.
        streams: whose source tables go.
        also: names of models that go although they read others as well.
    """
    nodes: Mapping[str, Any] = manifest["nodes"]
    wanted = {f"{RAW}{stream}" for stream in streams}
    sources = {key: node["name"] for key, node in manifest["sources"].items()}
    ours = {key for key, name in sources.items() if name in wanted}
    models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
    shared: list[Shared] = []
    owned: set[str] = set()
    for key, node in models.items():
        roots = _roots(key, nodes, sources)
        if not roots & ours:
            continue
        if (foreign := sorted(sources[each] for each in roots - ours)) and node["name"] not in also:
            shared.append(Shared("model", node["name"], f"also reads {', '.join(foreign)}"))
            continue
        owned.add(key)
    files = [models[key]["original_file_path"] for key in owned]
    gone = owned | ours
    held_by = {node["original_file_path"].rpartition(".")[0] for node in (models[key] for key in owned)}
    for node in nodes.values():
        if node["resource_type"] != "test":
            continue
        reads = set(node["depends_on"]["nodes"])
        if not reads & gone:
            continue
        others = sorted(_name(each, nodes, sources) for each in reads - gone)
        path = node["original_file_path"]
        if path.endswith(".sql"):
            if others and node["name"] not in also:
                shared.append(Shared("test", node["name"], f"also reads {', '.join(others)}"))
            else:
                files.append(path)
        elif others and path.rpartition(".")[0] not in held_by:
            shared.append(
                Shared("test", node["name"], f"stands in {path} and also reads {', '.join(others)}")
            )
    return DbtParts(
        models=tuple(sorted(models[key]["name"] for key in owned)),
        relations=frozenset(_relation(models[key]) for key in owned),
        sources=tuple(sorted(sources[key] for key in ours)),
        files=tuple(sorted(files)),
        shared=tuple(shared),
    )


def _roots(key: str, nodes: Mapping[str, Any], sources: Mapping[str, str]) -> set[str]:
    """The source tables that a model is made of, at whatever depth."""
    seen: set[str] = set()
    waiting: list[str] = [key]
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        waiting += _parents(each, nodes)
    return seen & sources.keys()


def _parents(key: str, nodes: Mapping[str, Any]) -> Iterable[str]:
    return nodes[key]["depends_on"]["nodes"] if key in nodes else ()


def _name(key: str, nodes: Mapping[str, Any], sources: Mapping[str, str]) -> str:
    return sources[key] if key in sources else str(nodes[key]["name"])


def _relation(node: Mapping[str, Any]) -> str:
    """As Dremio names it: the layer's source and the model."""
    return f"{node['fqn'][1]}.{node['name']}"
