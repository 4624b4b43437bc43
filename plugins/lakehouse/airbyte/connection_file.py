"""Airbyte connections as code: what a file of include/airbyte/ declares.

include/airbyte/defaults/connection.yaml explains every key and holds what most connections share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.platform.errors import PermanentError
from lakehouse.platform.repository import INCLUDE
from lakehouse.platform.yaml_files import parse_yaml

CONNECTION_FILES: Final = INCLUDE / "airbyte"
MANIFESTS: Final = CONNECTION_FILES / "manifests"
DEFAULTS: Final = CONNECTION_FILES / "defaults" / "connection.yaml"
"""What a connection's file need not repeat."""
STREAMED: Final = "stream"
"""The cadence of what is read all day; no night reads it."""
SYNC_MODES: Final = {
    ("incremental", "append_dedup"): "incremental_append",
    ("full_refresh", "overwrite"): "full_refresh_append",
}
"""The specification's pair of modes, and the public API's word for what Airbyte does of it: it appends to
landing, and load_bronze overwrites and deduplicates."""
_SUFFIX: Final = "_to_lake"
_BUSINESS: Final = re.compile(r"[a-z][a-z0-9_]{0,30}")
_FOLDER: Final = re.compile(r"source=[a-z][a-z0-9_]*")
"""The ledger finds a source's files by this folder, and Dremio shows its name as a schema."""


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
    business: str
    """What `bin/source` adds and removes as a whole, such as `shop`; it may have several connections."""
    cadence: str
    source: Endpoint
    destination: Endpoint
    namespace: str
    prefix: str
    streams: tuple[Stream, ...]
    tuning: Mapping[str, Any] = field(default_factory=dict)

    @property
    def short_name(self) -> str:
        """The name as tasks spell it: `shop_postgres` of `shop_postgres_to_lake`."""
        return self.name.removesuffix(_SUFFIX)

    @property
    def is_streamed(self) -> bool:
        """Is it read all day, by no night?"""
        return self.cadence == STREAMED

    @property
    def lake_streams(self) -> tuple[str, ...]:
        """Its streams as the lake names them, from landing on."""
        return tuple(self.lake_name(stream.name) for stream in self.streams)

    def lake_name(self, stream: str) -> str:
        """How the lake names a stream of the source: `cafe_orders` of `orders` with the prefix `cafe_`."""
        return f"{self.prefix}{stream}"

    def rows_by_lake_name(self, told: Mapping[str, int]) -> dict[str, int]:
        """What Airbyte tells of each stream, under the names that its files land under.

        Airbyte counts rows under the source's name for a stream, and its destination writes them under the
        prefixed one. A name that the source does not have is taken for the lake's.
        """
        own = {stream.name for stream in self.streams}
        landed: dict[str, int] = {}
        for name, rows in told.items():
            lake_name = self.lake_name(name) if name in own else name
            landed[lake_name] = landed.get(lake_name, 0) + rows
        return landed

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
    own = _document(path)
    document = _merged(_document(DEFAULTS), own)
    try:
        declared = ConnectionFile(
            name=document["name"],
            business=document["business"],
            cadence=document["cadence"],
            source=_endpoint(document["source"]),
            destination=_endpoint(document["destination"]),
            namespace=document.get("namespace") or f"source={name.removesuffix(_SUFFIX)}",
            prefix=document.get("prefix") or "",
            streams=tuple(_stream(each, document["source"]) for each in document["streams"]),
            tuning=document["tuning"],
        )
    except KeyError as error:
        raise ConnectionFileError(f"{path.name} lacks {error}") from error
    if declared.name != name:
        raise ConnectionFileError(f"{path.name} is named {declared.name}: file and connection share one name")
    if not _BUSINESS.fullmatch(declared.business):
        raise ConnectionFileError(
            f"{path.name}: business {declared.business!r} is not a name of small letters, digits and _"
        )
    if not _FOLDER.fullmatch(declared.namespace):
        raise ConnectionFileError(
            f"{path.name}: namespace {declared.namespace!r} is not source=<small letters, digits and _>"
        )
    names = [stream.name for stream in declared.streams]
    if not names:
        raise ConnectionFileError(f"{path.name} has no streams")
    if twice := sorted({stream for stream in names if names.count(stream) > 1}):
        raise ConnectionFileError(f"{path.name} lists twice: {', '.join(twice)}")
    return declared


def read_all_connection_files() -> list[ConnectionFile]:
    """Every declaration, by name; none in a repository without a source.

    Raises:
        ConnectionFileError: there is no folder of them, one is faulty, or two contradict each other.
    """
    if not CONNECTION_FILES.is_dir():
        raise ConnectionFileError(f"no folder {CONNECTION_FILES}: connections are declared there")
    every = [read_connection_file(path.stem) for path in sorted(CONNECTION_FILES.glob("*.yaml"))]
    _check_apart(every)
    return every


def _check_apart(every: Sequence[ConnectionFile]) -> None:
    """One sync must not claim another's files, nor two streams of the night write one bronze table."""
    landing: dict[str, str] = {}
    lake: dict[str, str] = {}
    for declared in every:
        other = landing.setdefault(declared.namespace, declared.name)
        if other != declared.name:
            raise ConnectionFileError(
                f"{declared.name}.yaml and {other}.yaml land in one folder, {declared.namespace}: "
                "give one of them a namespace of its own"
            )
        for stream in () if declared.is_streamed else declared.lake_streams:
            other = lake.setdefault(stream, declared.name)
            if other != declared.name:
                raise ConnectionFileError(
                    f"{declared.name}.yaml and {other}.yaml both bring a stream {stream} into the lake: "
                    "give one of them a prefix"
                )


def _document(path: Path) -> dict[str, Any]:
    try:
        document = parse_yaml(path.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise ConnectionFileError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ConnectionFileError(f"{path.name} is not a mapping")
    return document


def _merged(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The file's own values; a mapping within it overrides single keys of the default's."""
    merged = {**defaults, **own}
    for key in defaults.keys() & own.keys():
        if isinstance(defaults[key], Mapping) and isinstance(own[key], Mapping):
            merged[key] = _merged(defaults[key], own[key])
    return merged


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
