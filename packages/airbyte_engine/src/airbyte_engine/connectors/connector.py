"""What the server has to know about a connector."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, TypeAlias

Configuration: TypeAlias = Mapping[str, Any]
StreamProperties: TypeAlias = dict[str, Any]


class Connector(ABC):
    """A source or a destination. `name` is what it is called in messages and in a worker's order."""

    name: str

    @property
    @abstractmethod
    def required(self) -> Sequence[str]:
        """Settings without which it cannot work."""

    @property
    @abstractmethod
    def secrets(self) -> AbstractSet[str]:
        """Settings that nobody may read; a dot leads into a setting's own: `ssl_mode.client_key`."""

    def check(self, configuration: Configuration) -> None:
        """Look at a configuration that lacks nothing. Raises Problem 422 that names what is not supported."""
        del configuration


class Source(Connector):
    """A connector that is read from."""

    def defines_cursor(self, configuration: Configuration) -> bool:
        """Does the source itself know where its streams stand, so that they need no cursorField?"""
        del configuration
        return False

    @abstractmethod
    def discover(self, configuration: Configuration, connectors_bin: Path) -> list[StreamProperties]:
        """Its streams, in the words of the API. Raises Problem 422 when it does not answer."""


def stream_properties(
    name: str, fields: list[str], primary_key: list[str], cursor: list[str], incremental: bool
) -> StreamProperties:
    """A stream as the API's StreamProperties."""
    modes = ["full_refresh_append", *(["incremental_append"] if incremental else [])]
    return {
        "streamName": name,
        "syncModes": modes,
        "defaultCursorField": cursor,
        "sourceDefinedCursorField": bool(cursor),
        "sourceDefinedPrimaryKey": [[name] for name in primary_key],
        "propertyFields": [[field] for field in fields],
    }
