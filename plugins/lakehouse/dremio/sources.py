"""The lake's layers as Dremio sources, and its spaces: found, created, or updated where they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from lakehouse.dremio.client import DremioClient, Json
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.lake_layout import LAYER_FOLDERS, engine_root_path
from lakehouse.platform.repository import INCLUDE

SOURCES: Final = INCLUDE / "dremio" / "sources.yaml"


class SourceDefinitionError(PermanentError):
    """`include/dremio/sources.yaml` or the connection it names is incomplete."""


@dataclass(frozen=True)
class LakeAccess:
    """How Dremio reaches the bucket."""

    endpoint: str
    """URL with scheme; an empty one means Amazon's own."""
    access_key: str
    secret_key: str
    bucket: str


@dataclass(frozen=True)
class SourceSpec:
    """One S3 source: its name in SQL, its folder's layer, and properties beyond the usual ones."""

    name: str
    layer: str
    properties: tuple[tuple[str, str], ...]

    def config(self, access: LakeAccess) -> Json:
        """The source's `config`, as Dremio's REST API takes it."""
        address = urlsplit(access.endpoint)
        properties = {
            "fs.s3a.endpoint": address.netloc,
            "fs.s3a.path.style.access": "true",
            "dremio.s3.compat": "true",
        }
        return {
            "credentialType": "ACCESS_KEY",
            "accessKey": access.access_key,
            "accessSecret": access.secret_key,
            "secure": address.scheme == "https",
            "rootPath": engine_root_path(access.bucket, LAYER_FOLDERS[self.layer]),
            "compatibilityMode": True,
            "defaultCtasFormat": "ICEBERG",
            "whitelistedBuckets": [access.bucket],
            "propertyList": [
                {"name": name, "value": value}
                for name, value in ((properties if access.endpoint else {}) | dict(self.properties)).items()
            ],
        }


@dataclass(frozen=True)
class DeclaredSources:
    """What provisioning wants to find in Dremio."""

    airflow_connection: str
    sources: tuple[SourceSpec, ...]
    spaces: tuple[str, ...]


def load_sources(path: Path = SOURCES) -> DeclaredSources:
    """The definitions.

    Raises:
        SourceDefinitionError: a source names a layer that the lake does not have.
    """
    text = yaml.safe_load(path.read_text(encoding="utf-8"))
    sources = tuple(
        SourceSpec(entry["name"], entry["layer"], tuple(entry.get("properties", {}).items()))
        for entry in text["sources"]
    )
    for source in sources:
        if source.layer not in LAYER_FOLDERS:
            raise SourceDefinitionError(
                f"{path.name}: source {source.name} names the layer {source.layer}; "
                f"there are: {', '.join(LAYER_FOLDERS)}"
            )
    return DeclaredSources(text["airflow_connection"], sources, tuple(text["spaces"]))


def provision(client: DremioClient, declared: DeclaredSources, access: LakeAccess) -> dict[str, str]:
    """Bring Dremio's sources and spaces in line; what was done with each: created, updated or unchanged."""
    return dict(_provision(client, declared, access))


def source_drift(
    client: DremioClient, declared: DeclaredSources, access: LakeAccess
) -> Iterator[tuple[str, str]]:
    """Sources and spaces that are not as declared, each with what differs; nothing is changed."""
    for source in declared.sources:
        existing = client.find([source.name])
        if existing is None:
            yield source.name, "missing"
        elif existing.get("entityType") != "source":
            yield source.name, f"is a {existing.get('entityType')}, not a source"
        elif names := _differing(existing.get("config", {}), source.config(access)):
            yield source.name, ", ".join(names)
    for space in declared.spaces:
        if client.find([space]) is None:
            yield space, "missing"


def _provision(
    client: DremioClient, declared: DeclaredSources, access: LakeAccess
) -> Iterator[tuple[str, str]]:
    for source in declared.sources:
        yield source.name, _ensure_source(client, source, access)
    for space in declared.spaces:
        if client.find([space]) is None:
            client.create({"entityType": "space", "name": space})
            yield space, "created"
        else:
            yield space, "unchanged"


def _ensure_source(client: DremioClient, source: SourceSpec, access: LakeAccess) -> str:
    config = source.config(access)
    wanted: Json = {"entityType": "source", "type": "S3", "name": source.name, "config": config}
    existing = client.find([source.name])
    if existing is None:
        client.create(wanted)
        return "created"
    if existing.get("entityType") != "source":
        raise SourceDefinitionError(
            f"Dremio has a {existing.get('entityType')} named {source.name} where a source must be: rename it"
        )
    if not _differing(existing.get("config", {}), config):
        return "unchanged"
    client.update(str(existing["id"]), {**_kept(existing), **wanted})
    return "updated"


def _differing(existing: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Names of the settings that differ.

    Dremio adds settings of its own and never shows the secret: only what is asked for is compared.
    """
    names = []
    for name, value in wanted.items():
        found = existing.get(name)
        if name == "accessSecret":
            continue
        if name == "propertyList":
            missing = _properties(value).items() - _properties(found or []).items()
            names += [f"propertyList.{key}" for key, _ in sorted(missing)]
        elif found != value:
            names.append(name)
    return names


def _properties(entries: list[Mapping[str, str]]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in entries}


def _kept(existing: Mapping[str, Any]) -> Json:
    """What an update sends back as it was read."""
    return {
        name: existing[name]
        for name in (
            "id",
            "tag",
            "metadataPolicy",
            "accelerationRefreshPeriodMs",
            "accelerationGracePeriodMs",
        )
        if name in existing
    }
