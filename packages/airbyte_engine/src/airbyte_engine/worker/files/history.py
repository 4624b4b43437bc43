"""Which files were read, and in which version: a stream's state, as Airbyte keeps it.

{"history": {url: last modified}, "_ab_source_file_last_modified": the cursor, "versions": {url: version}}.

`versions` is an addition. Airbyte reads a known file again only if its time is later than the one in the
history. Here every other version of a file is read, also one with the same or an earlier time: `cp -p`,
`rsync -t` and the rollback of a bucket's object bring those. It is newer than what it replaces all the same,
and `_ab_source_file_last_modified`, by which later stages choose the newest row, must say so: `moment_of`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final

from airbyte_engine.worker.files.file_columns import LAST_MODIFIED
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

    def unread(self, files: Iterable[RemoteFile]) -> list[RemoteFile]:
        """Those that are still to be read, in their order. Notes the versions of the others."""
        found = []
        for file in files:
            if self.lacks(file):
                found.append(file)
            elif file.url in self._read:
                self._versions[file.url] = file.version
        return found

    def lacks(self, file: RemoteFile) -> bool:
        """Is this version of the file still to be read? A known file that was replaced is, however old."""
        known = self._read.get(file.url)
        if known is None:
            in_time = self._start is None or file.last_modified >= self._start
            return in_time and stamp(file.last_modified) >= self._oldest
        if file.version and file.url in self._versions:
            return self._versions[file.url] != file.version
        return known != stamp(file.last_modified)

    def moment_of(self, file: RemoteFile, now: dt.datetime) -> str:
        """What the file's rows say of when it was modified: later than of the version that it replaces."""
        known = self._read.get(file.url)
        moment = stamp(file.last_modified)
        if known is None or moment > known:
            return moment
        after = dt.datetime.strptime(known, _MOMENT).replace(tzinfo=dt.UTC) + dt.timedelta(microseconds=1)
        return stamp(max(now, after))

    def add(self, file: RemoteFile, moment: str) -> None:
        """The file was read, and its rows say this moment."""
        self._read[file.url] = moment
        self._versions[file.url] = file.version

    def state(self) -> dict[str, Any]:
        """What the next sync needs; nothing if no file was ever read."""
        if not self._read:
            return {}
        newest = dict(sorted(self._read.items(), key=lambda item: (item[1], item[0]))[-LONGEST:])
        url, moment = next(reversed(newest.items()))
        versions = {url: self._versions[url] for url in newest if self._versions.get(url)}
        return {"history": newest, LAST_MODIFIED: f"{moment}_{url}", "versions": versions}


def stamp(moment: dt.datetime) -> str:
    """A moment as Airbyte writes it."""
    return moment.astimezone(dt.UTC).strftime(_MOMENT)
