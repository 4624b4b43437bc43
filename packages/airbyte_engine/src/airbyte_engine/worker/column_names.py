"""Which names a source may give its columns: they arrive as they are, or are refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ADDED_TO_ROWS: Final = frozenset(
    {"_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_generation_id", "_airbyte_meta"}
)
"""The columns that Airbyte adds to every row."""


class ColumnNameError(ValueError):
    """A name that a column cannot have, or cannot have beside another one."""


class ColumnNames:
    """The names of one file or table.

    Those that differ only in case are refused: DuckDB, Dremio and Spark cannot tell them apart.
    """

    def __init__(self, added: frozenset[str]) -> None:
        """`added`: the columns that Airbyte adds, in lower case."""
        self._added = added
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
        if lower in self._added:
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
