"""One entry of a log: what Elasticsearch holds and what the lake keeps."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

SERVICES: Final = ("airbyte", "airflow", "audit", "dbt", "dremio", "postgres", "superset", "platform")
"""Whose log it is. `dremio` is the engine's, also where the embedded engine stands in for Dremio."""

INDEX_PREFIX: Final = "airbyte-logs-"
"""The specification's name and its query's pattern: every service's index begins with it."""
SPECIFIED_SERVICE: Final = "airbyte"
"""The one whose index has no more than the date behind the prefix: `airbyte-logs-2025.10.16`."""

MOST_MESSAGE_CHARACTERS: Final = 32 * 1024
"""Of a message in Elasticsearch; the lake has all of it."""
OLDEST: Final = timedelta(days=5 * 366)
NEWEST: Final = timedelta(days=1)
"""A moment outside of these, seen from when the line was read, is a broken clock's: each would make an index
of its own, and one in the far future would never be deleted."""

_LEVELS: Final = {
    "TRACE": "DEBUG",
    "DEBUG": "DEBUG",
    "INFO": "INFO",
    "LOG": "INFO",
    "NOTICE": "INFO",
    "SUCCESS": "INFO",
    "WARN": "WARN",
    "WARNING": "WARN",
    "ERROR": "ERROR",
    "FAILED": "ERROR",
    "CRIT": "WARN",  # supervisord says so that it runs as root
    "CRITICAL": "ERROR",
    "FATAL": "ERROR",
    "PANIC": "ERROR",
}


def level_of(word: str) -> str | None:
    """DEBUG, INFO, WARN or ERROR, as the search has them; None for a word that is not a level.

    What is worse than an error is one too: the specification's query looks for ERROR.
    """
    return _LEVELS.get(word.strip().upper())


@dataclass(frozen=True)
class Document:
    """An entry with its id: the same for the same line, however often it is read."""

    id: str
    timestamp: datetime
    level: str
    service: str
    message: str
    fields: dict[str, Any] = field(default_factory=dict)
    """Further fields of the index template; without those that are empty."""

    @property
    def day(self) -> date:
        """The UTC date of its index and of its folder in the lake."""
        return self.timestamp.date()

    def whole(self) -> bytes:
        """The entry as JSON, for the lake."""
        return _json({"id": self.id, **self._body(self.message)})

    def searchable(self) -> bytes:
        """The entry as JSON, for Elasticsearch: a message beyond the limit is cut, and says so."""
        if len(self.message) <= MOST_MESSAGE_CHARACTERS:
            return _json(self._body(self.message))
        body = self._body(self.message[:MOST_MESSAGE_CHARACTERS])
        return _json({**body, "truncated": True, "characters": len(self.message)})

    def _body(self, message: str) -> dict[str, Any]:
        moment = self.timestamp.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fixed = {"timestamp": moment, "level": self.level, "service": self.service, "message": message}
        return {**fixed, **self.fields}


def index_of(service: str, day: date) -> str:
    """The daily index: `airbyte-logs-2025.10.16`, `airbyte-logs-dbt-2025.10.16`."""
    middle = "" if service == SPECIFIED_SERVICE else f"{service}-"
    return f"{INDEX_PREFIX}{middle}{day:%Y.%m.%d}"


def believable(moment: datetime, read_at: datetime) -> datetime:
    """The moment of a line, or when it was read if a broken clock has written it."""
    return moment if read_at - OLDEST <= moment <= read_at + NEWEST else read_at


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "replace")
