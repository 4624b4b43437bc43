"""Which names a file may give its columns: they arrive as they are, or the file is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LAST_MODIFIED: Final = "_ab_source_file_last_modified"
URL: Final = "_ab_source_file_url"
"""Airbyte's columns: the cursor, and which file a record came from."""
ADDED: Final = frozenset(
    {
        LAST_MODIFIED,
        URL,
        "_airbyte_raw_id",
        "_airbyte_extracted_at",
        "_airbyte_generation_id",
        "_airbyte_meta",
    }
)
"""What Airbyte adds to every row."""


class ColumnNameError(ValueError):
    """A name that a column cannot have, or cannot have beside another one."""


class ColumnNames:
    """The names of one file. Databases cannot tell apart names that differ only in case: they are refused."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._spelled: dict[str, str] = {}

    def add(self, names: Iterable[str]) -> None:
        """Take note of the names that are new. Raises ColumnNameError."""
        for name in names:
            if name not in self._known:
                self._add(name)

    def covers(self, names: Iterable[str]) -> bool:
        """Is none of them new?"""
        return self._known.issuperset(names)

    def _add(self, name: str) -> None:
        lower = name.lower()
        if not name.strip():
            raise ColumnNameError("a column has no name: give it one")
        if "\0" in name:
            raise ColumnNameError(f"the column name {name!r} has a NUL character: rename it")
        if lower in ADDED:
            raise ColumnNameError(f"the column {name} has the name of one that Airbyte adds: rename it")
        other = self._spelled.setdefault(lower, name)
        if other != name:
            raise ColumnNameError(
                f"the columns {shown(other)} and {shown(name)} differ only in case: rename one of them"
            )
        self._known.add(name)


def shown(name: str) -> str:
    """The name as a message can hold it."""
    return name if name.isprintable() and name.strip() == name != "" else repr(name)
