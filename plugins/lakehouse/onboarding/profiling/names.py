"""Names of tables and columns: which ones every system from the source to gold can carry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_TABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_OF_AIRBYTE: Final = ("_airbyte_", "_ab_")
_OF_THE_LAKE: Final = frozenset({"bronze_date", "dir0"})
"""Columns that bronze's views add."""
VIEW: Final = "make a view that calls it"
"""What helps against the name of a database's column; files and APIs have their own words."""
_SPELT_OUT: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "ł": "l"})


def table_problem(name: str, remedy: str = "make a view called") -> str:
    """Why a stream cannot have this name, and what to do; empty if it can.

    A stream's name is also a file's name, a dbt model's and a view's. `remedy` as in `column_problem`.
    """
    if _TABLE.fullmatch(name):
        return ""
    return (
        f"the name {name!r} cannot be a file, a dbt model and a view alike: {remedy} {suggested(name)} "
        "and bring that in"
    )


def column_problem(name: str, remedy: str = VIEW) -> str:
    """Why a column cannot be brought in under this name, and what to do; empty if it can.

    `remedy`: how the source gets to call it otherwise; the better name follows.
    """
    lower = name.lower()
    if lower.startswith(_OF_AIRBYTE) or lower in _OF_THE_LAKE:
        return f"the lake adds a column {lower} of its own: {remedy} {lower.strip('_')}_value"
    if not _COLUMN.fullmatch(name):
        return (
            "Airbyte writes characters other than letters, digits and _ as _, the embedded one as they are: "
            f"{remedy} {suggested(name)}"
        )
    return ""


def differing_in_case(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of names that differ in letter case only, which DuckDB, Dremio and Spark cannot tell apart."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.lower(), []).append(name)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def suggested(name: str) -> str:
    """A name of the same words that every system can carry; an umlaut as German spells it without one."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().translate(_SPELT_OUT)
    plain = unicodedata.normalize("NFKD", apart).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return words if words[:1].isalpha() else f"t_{words}".rstrip("_")
