"""The objects a path can name."""

import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import unquote

from dremio_engine.paths import Path, path_key


class Kind(StrEnum):
    """What an entity is; views and promoted datasets are datasets to a client."""

    SOURCE = "source"
    SPACE = "space"
    FOLDER = "folder"
    VIEW = "view"
    PROMOTED = "promoted"


@dataclass(frozen=True)
class Entity:
    """A stored object. `body` holds what its kind needs (configuration, SQL, files, columns)."""

    kind: Kind
    path: Path
    body: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    tag: str = field(default_factory=lambda: secrets.token_urlsafe(9))
    created_at: str = field(default_factory=lambda: now_text())

    @property
    def key(self) -> str:
        """The path for comparison: Dremio's names ignore case."""
        return path_key(self.path)


FOLDER_PREFIX = "dremio:/"


def folder_id(path: Path) -> str:
    """The id of what a source holds and the engine does not store: Dremio's form, made of its path."""
    return FOLDER_PREFIX + "/".join(part.replace("%", "%25").replace("/", "%2F") for part in path)


def folder_path(entity_id: str) -> Path:
    """The path in such an id."""
    return tuple(unquote(part) for part in entity_id.removeprefix(FOLDER_PREFIX).split("/") if part)


def now_text() -> str:
    """Now, UTC, as Dremio's REST writes times."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
