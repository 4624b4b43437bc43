"""Under which names a source's columns arrive, and which names are refused.

A name that Avro cannot have arrives as Airbyte's S3 destination changes it (`toAvroSafeName` of its CDK).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

ADDED_TO_ROWS: Final = frozenset(
    {"_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_generation_id", "_airbyte_meta"}
)
"""The columns that Airbyte adds to every row."""


def landed_name(name: str) -> str:
    """The column's name in the landing file: `Order_Date` of `Order Date`, `_2025` of `2025`.

    Letters lose their accents; a run of blanks becomes one underscore, and so does every other character that
    is not an ASCII letter or digit. A name does not begin with a digit.
    """
    letters = "".join(
        each for each in unicodedata.normalize("NFKD", name) if unicodedata.category(each)[0] != "M"
    )
    plain = re.sub(r"[^A-Za-z0-9_]", "_", re.sub(r"[ \t\n\v\f\r]+", "_", letters))
    return f"_{plain}" if plain[:1].isdigit() else plain


class ColumnNameError(ValueError):
    """A name that a column cannot have, or cannot have beside another one."""


class ColumnNames:
    """The names of one file or table.

    Those that arrive under one name are refused, and those that differ only in case: DuckDB, Dremio and Spark
    cannot tell them apart.
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
        if not name.strip():
            raise ColumnNameError("a column has no name: give it one")
        if "\0" in name:
            raise ColumnNameError(f"the column name {name!r} has a NUL character: rename it")
        landed = landed_name(name)
        if landed.lower() in self._added:
            raise ColumnNameError(
                f"the column {shown(name)} has the name of one that Airbyte adds: rename it"
            )
        other = self._spelled.setdefault(landed.lower(), name)
        if other != name:
            differ = (
                "differ only in case" if other.lower() == name.lower() else f"would both land as {landed}"
            )
            raise ColumnNameError(
                f"the columns {shown(other)} and {shown(name)} {differ}: rename one of them"
            )
        self._known.add(name)


def shown(name: str) -> str:
    """The name as a message can hold it."""
    return name if name.isprintable() and name.strip() == name != "" else repr(name)
