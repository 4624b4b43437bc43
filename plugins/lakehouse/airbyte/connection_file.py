"""Airbyte connections as code: what a file of include/airbyte/ declares. The format is told in the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.platform.errors import PermanentError
from lakehouse.platform.repository import INCLUDE

CONNECTION_FILES: Final = INCLUDE / "airbyte"
MANIFESTS: Final = CONNECTION_FILES / "manifests"
SYNC_MODES: Final = {
    ("incremental", "append_dedup"): "incremental_append",
    ("full_refresh", "overwrite"): "full_refresh_append",
}
"""The specification's pair of modes, and the public API's word for what Airbyte does of it: it appends to
landing, and load_bronze overwrites and deduplicates."""


class ConnectionFileError(PermanentError):
    """A file of include/airbyte/ is missing or does not say what it must."""


@dataclass(frozen=True)
class Endpoint:
    """A source or a destination."""

    name: str
    type: str
    airflow_connection: str
    configuration: Mapping[str, Any]
    manifest: str | None = None
    """File name in manifests/, for a declarative source."""

    def read_manifest(self) -> dict[str, Any]:
        """The declarative source's manifest.

        Raises:
            ConnectionFileError: the endpoint has none, or the file cannot be read.
        """
        if self.manifest is None:
            raise ConnectionFileError(f"{self.name} is declarative and names no manifest")
        return _document(MANIFESTS / self.manifest)


@dataclass(frozen=True)
class Stream:
    """One stream of a connection."""

    name: str
    sync_mode: str
    """The public API's word, such as `incremental_append`."""
    cursor_field: str | None
    primary_key: tuple[str, ...]


@dataclass(frozen=True)
class ConnectionFile:
    """One connection: where rows come from, where they go, which streams, how."""

    name: str
    cadence: str
    source: Endpoint
    destination: Endpoint
    namespace: str
    prefix: str
    streams: tuple[Stream, ...]
    tuning: Mapping[str, Any] = field(default_factory=dict)

    @property
    def source_folder(self) -> str:
        """The source as landing and bronze spell it: `postgres` of the namespace `source=postgres`."""
        return self.namespace.removeprefix("source=")

    @property
    def timeout(self) -> timedelta:
        """How long a sync may take."""
        return timedelta(minutes=int(self.tuning["timeout_minutes"]))

    @property
    def retries(self) -> int:
        """How many times the sync's task is retried."""
        return int(self.tuning["max_retries"]) if self.tuning["retry_on_failure"] else 0


def read_connection_file(name: str) -> ConnectionFile:
    """The declaration of the connection of that name.

    Raises:
        ConnectionFileError: there is no such file, or it lacks something.
    """
    path = CONNECTION_FILES / f"{name}.yaml"
    document = _document(path)
    try:
        declared = ConnectionFile(
            name=document["name"],
            cadence=document["cadence"],
            source=_endpoint(document["source"]),
            destination=_endpoint(document["destination"]),
            namespace=document["namespace"],
            prefix=document.get("prefix") or "",
            streams=tuple(_stream(each, document["source"]) for each in document["streams"]),
            tuning=document["tuning"],
        )
    except KeyError as error:
        raise ConnectionFileError(f"{path.name} lacks {error}") from error
    if declared.name != name:
        raise ConnectionFileError(f"{path.name} is named {declared.name}: file and connection share one name")
    if not declared.streams:
        raise ConnectionFileError(f"{path.name} has no streams")
    return declared


def read_all_connection_files() -> list[ConnectionFile]:
    """Every declaration, by name.

    Raises:
        ConnectionFileError: there is none, or one is faulty.
    """
    names = sorted(path.stem for path in CONNECTION_FILES.glob("*.yaml"))
    if not names:
        raise ConnectionFileError(f"no connection is declared in {CONNECTION_FILES}")
    return [read_connection_file(name) for name in names]


def _document(path: Path) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConnectionFileError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ConnectionFileError(f"{path.name} is not a mapping")
    return document


def _endpoint(node: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        name=node["name"],
        type=node["type"],
        airflow_connection=node["airflow_connection"],
        configuration=node.get("configuration") or {},
        manifest=node.get("manifest"),
    )


def _own_cursor(source: Mapping[str, Any]) -> str | None:
    """How the source itself knows what is new, so that its streams name no cursor; None: it does not."""
    configuration = source.get("configuration") or {}
    if source["type"] == "file":
        return "by what its files' names and times say is new"
    if (configuration.get("replication_method") or {}).get("method") == "CDC":
        return "from the log (CDC)"
    return None


def _check_files(name: str, source: Mapping[str, Any]) -> None:
    """Which files make a stream stands in the source's configuration, in Airbyte's words."""
    declared = (source.get("configuration") or {}).get("streams") or []
    if name not in [each.get("name") for each in declared]:
        raise ConnectionFileError(
            f"stream {name}: source.configuration.streams does not say which files it is read from"
        )


def _stream(node: Mapping[str, Any], source: Mapping[str, Any]) -> Stream:
    modes = (node["sync_mode"], node["destination_sync_mode"])
    if modes not in SYNC_MODES:
        known = ", ".join(" + ".join(pair) for pair in SYNC_MODES)
        raise ConnectionFileError(f"stream {node['name']}: {' + '.join(modes)} is not one of: {known}")
    incremental, cursor = modes[0] == "incremental", node.get("cursor_field")
    own_cursor = _own_cursor(source)
    if incremental and not cursor and own_cursor is None:
        raise ConnectionFileError(f"stream {node['name']} is incremental and has no cursor_field")
    if incremental and cursor and own_cursor is not None:
        raise ConnectionFileError(f"stream {node['name']} is read {own_cursor}: it takes no cursor_field")
    if incremental and not node.get("primary_key"):
        raise ConnectionFileError(f"stream {node['name']} is to be deduplicated and has no primary_key")
    if source["type"] == "file":
        _check_files(node["name"], source)
    return Stream(
        name=node["name"],
        sync_mode=SYNC_MODES[modes],
        cursor_field=node.get("cursor_field"),
        primary_key=tuple(node.get("primary_key") or ()),
    )
