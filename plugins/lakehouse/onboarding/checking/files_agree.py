"""Whether the repository's own files agree: connections, contracts, bronze's tables, models and gold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.landing.columns import landed_name
from lakehouse.onboarding.checking.declared import CONTRACTS, DeclaredStream
from lakehouse.onboarding.checking.finding import Finding, differs, fits
from lakehouse.platform.yaml_files import parse_yaml

_PROJECT: Final = "include/dbt"
_MANIFEST: Final = f"{_PROJECT}/manifest.json"


def check_files(
    connections: Sequence[ConnectionFile], streams: Sequence[DeclaredStream], root: Path
) -> Iterator[Finding]:
    """What does not agree; one line if all does."""
    manifest = json.loads((root / _MANIFEST).read_text(encoding="utf-8"))
    found = [
        *_contracts(connections, streams, root),
        *_models(streams, manifest),
        *_manifest(connections[0].business, manifest, root),
    ]
    if found:
        yield from found
        return
    marts = sum(1 for node in _nodes(manifest) if _is_gold(node, connections[0].business))
    streams_agree = f"{len(streams)} streams with contract and models"
    yield fits("files", f"{len(connections)} connections, {streams_agree}, {marts} gold tables")


def _contracts(
    connections: Sequence[ConnectionFile], streams: Sequence[DeclaredStream], root: Path
) -> Iterator[Finding]:
    by_name = {each.lake_name: each for each in streams}
    for connection in connections:
        for name in connection.lake_streams:
            if name not in by_name:
                yield differs(
                    name,
                    f"include/contracts/{name}.yaml is not there",
                    f"bin/source add {connection.business}",
                )
    for each in streams:
        if each.contract.source != each.connection.source_folder:
            yield differs(
                each.lake_name,
                f"its contract's source is {each.contract.source}, and it lands in "
                f"{each.connection.source_folder}",
                f"write source: {each.connection.source_folder} into include/contracts/{each.lake_name}.yaml",
            )
        landed = tuple(map(landed_name, each.stream.primary_key))
        if each.contract.key and landed and each.contract.key != landed:
            yield differs(
                each.lake_name,
                f"its contract's key is {', '.join(each.contract.key)}, and its connection's "
                f"{', '.join(landed)}",
                "write the same key into both files",
            )
    folders = {connection.source_folder for connection in connections}
    for path in sorted((root / CONTRACTS).glob("*.yaml")):
        document = parse_yaml(path.read_text(encoding="utf-8"))
        if document.get("source") in folders and path.stem not in by_name:
            yield differs(
                path.stem, "it has a contract, and no connection reads it", f"delete {path.relative_to(root)}"
            )


def _models(streams: Sequence[DeclaredStream], manifest: Mapping[str, Any]) -> Iterator[Finding]:
    sources = {source["name"]: source["unique_id"] for source in manifest["sources"].values()}
    read = {parent for node in _nodes(manifest) for parent in node["depends_on"]["nodes"]}
    for each in streams:
        name = f"raw_{each.lake_name}"
        business = each.connection.business
        if name not in sources:
            yield differs(
                each.lake_name,
                f"no sources.yml of include/dbt/models/staging/ has the table {name}",
                f"bin/source add {business}, then make manifest",
            )
        elif sources[name] not in read:
            yield differs(
                each.lake_name, f"no staging model reads bronze.{name}", f"bin/source add {business}"
            )


def _manifest(business: str, manifest: Mapping[str, Any], root: Path) -> Iterator[Finding]:
    """The models on disk are those of the manifest, from which Airflow draws the tasks."""
    models = root / _PROJECT / "models"
    on_disk = {
        str(path.relative_to(root / _PROJECT))
        for path in models.rglob("*.sql")
        if business in path.relative_to(models).parts
    }
    known = {node["original_file_path"] for node in _nodes(manifest)}
    known_here = {path for path in known if business in Path(path).parts}
    if stale := sorted(on_disk ^ known_here):
        yield differs("files", f"{_MANIFEST} is stale: {', '.join(stale)}", "make manifest")


def _nodes(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def _is_gold(node: Mapping[str, Any], business: str) -> bool:
    return Path(node["original_file_path"]).parts[1:3] == ("gold", business)
