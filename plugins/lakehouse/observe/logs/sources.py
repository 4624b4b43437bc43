"""Which files are read, and whose log each is: `include/observe/logs/sources.yaml`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from lakehouse.observe.logs.document import SERVICES
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.repository import INCLUDE, REPOSITORY

SOURCES_FILE: Final = INCLUDE / "observe" / "logs" / "sources.yaml"
FOLDER_VARIABLE: Final = "LAKEHOUSE_SHIPPER_DIR"
_PLACEHOLDER: Final = re.compile(r"\$\{(?P<name>[A-Z0-9_]+)(?::-(?P<default>[^}]*))?\}")
_TASK_LOG: Final = re.compile(
    r"dag_id=(?P<stage>[^/]+)/run_id=(?P<run_id>[^/]+)/task_id=(?P<task>[^/]+)"
    r"(?:/map_index=(?P<map_index>\d+))?/attempt=(?P<attempt>\d+)\.log"
)
_COMPRESSED: Final = (".gz", ".zst", ".bz2", ".xz")


def shipper_folder(environment: Mapping[str, str]) -> Path:
    """Where the shipper keeps its memory: LAKEHOUSE_SHIPPER_DIR, by default `.local/shipper`."""
    return Path(environment.get(FOLDER_VARIABLE) or REPOSITORY / ".local" / "shipper")


class SourcesError(PermanentError):
    """The file of sources cannot be read; the message says what to change."""


@dataclass(frozen=True)
class Source:
    """Files of one service below one folder."""

    service: str
    folder: Path
    pattern: str
    zone: tzinfo
    """Of moments that name none."""

    def files(self) -> Iterator[Path]:
        """The files that are there now; none if the folder is not there."""
        for path in self.folder.glob(self.pattern):
            if path.suffix not in _COMPRESSED and path.is_file():
                yield path

    def described(self, path: Path) -> dict[str, Any]:
        """What the path says of the lines in it."""
        relative = path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else path.name
        fields: dict[str, Any] = {"log": relative}
        if found := _TASK_LOG.search(relative):
            fields |= {name: found[name] for name in ("stage", "run_id", "task")}
            fields["attempt"] = int(found["attempt"])
            if found["map_index"]:
                fields["map_index"] = int(found["map_index"])
        return fields


def load_sources(path: Path = SOURCES_FILE, environment: Mapping[str, str] | None = None) -> list[Source]:
    """The sources whose folder the environment names.

    Raises:
        SourcesError: an entry is wrong; names it.
    """
    found = os.environ if environment is None else environment
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise SourcesError(f"{path.name} cannot be read: {error}") from error
    return [source for entry in listed if (source := _source(entry, found, path.name))]


def _source(entry: Mapping[str, Any], environment: Mapping[str, str], file: str) -> Source | None:
    service = entry.get("service")
    if service not in SERVICES:
        raise SourcesError(f"{file}: {service!r} is not a service; there are: {', '.join(SERVICES)}")
    if unknown := entry.keys() - {"service", "folder", "files", "time_zone"}:
        raise SourcesError(f"{file}: {service} has an unknown field {sorted(unknown)[0]!r}")
    if not isinstance(entry.get("folder"), str) or not isinstance(entry.get("files"), str):
        raise SourcesError(f"{file}: {service} needs a folder and files, both as text")
    folder = _filled(entry["folder"], environment)
    if folder is None:
        return None
    try:
        zone = ZoneInfo(str(entry.get("time_zone", "UTC")))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SourcesError(f"{file}: {entry['time_zone']!r} is not a time zone") from error
    return Source(service, Path(folder), entry["files"], zone)


def _filled(text: str, environment: Mapping[str, str]) -> str | None:
    """None if a variable without a default is not set: this deployment has no such folder."""
    missing = False

    def value_of(placeholder: re.Match[str]) -> str:
        nonlocal missing
        value = environment.get(placeholder["name"]) or placeholder["default"]
        missing = missing or not value
        return value or ""

    filled = _PLACEHOLDER.sub(value_of, text)
    return None if missing else filled
