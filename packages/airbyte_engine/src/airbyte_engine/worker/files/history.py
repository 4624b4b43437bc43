"""Which files were read, and in which version: a stream's state, as Airbyte keeps it.

{"history": {url: last modified}, "_ab_source_file_last_modified": the cursor, "versions": {url: version}}.
`versions` is an addition: it tells that a file was replaced even if both were modified at the same moment.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from airbyte_engine.worker.files.column_names import LAST_MODIFIED
from airbyte_engine.worker.files.places import RemoteFile

LONGEST: Final = 10_000
"""Airbyte's limit: beyond it the oldest files are forgotten, and a file that is not in the history is read
only if it is as new as those that are."""
_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"


class History:
    """The files that were read, of those the newest."""

    def __init__(self, state: Mapping[str, Any] | None, start: dt.datetime | None = None) -> None:
        """`start`: files that were last modified before it are not read, unless an earlier version was."""
        state = state or {}
        self._read: dict[str, str] = dict(state.get("history") or {})
        self._versions: dict[str, str] = dict(state.get("versions") or {})
        self._oldest = min(self._read.values()) if len(self._read) >= LONGEST else ""
        self._start = start

    def lacks(self, file: RemoteFile) -> bool:
        """Is this version of the file still to be read? A known file that was replaced is, however old."""
        known = self._read.get(file.url)
        if known is not None:
            return known != stamp(file) or self._versions.get(file.url, file.version) != file.version
        return stamp(file) >= self._oldest and (self._start is None or file.last_modified >= self._start)

    def add(self, file: RemoteFile) -> None:
        """The file was read."""
        self._read[file.url] = stamp(file)
        self._versions[file.url] = file.version

    def state(self) -> dict[str, Any]:
        """What the next sync needs; nothing if no file was ever read."""
        if not self._read:
            return {}
        newest = dict(sorted(self._read.items(), key=lambda item: (item[1], item[0]))[-LONGEST:])
        url, moment = next(reversed(newest.items()))
        versions = {url: self._versions[url] for url in newest if self._versions.get(url)}
        return {"history": newest, LAST_MODIFIED: f"{moment}_{url}", "versions": versions}


def stamp(file: RemoteFile) -> str:
    """When the file was last modified, as Airbyte writes it."""
    return file.last_modified.astimezone(dt.UTC).strftime(_MOMENT)
