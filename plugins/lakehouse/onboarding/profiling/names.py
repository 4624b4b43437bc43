"""Names of tables and columns: which ones every system from the source to gold can carry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from lakehouse.landing.columns import ADDED_COLUMNS, landed_name
from lakehouse.onboarding.profiling.profile import ColumnProfile, TableProfile

_TABLE: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
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
    """Why a column with this name cannot be brought in, and what to do; empty if it can.

    `remedy`: how the source gets to call it otherwise; the better name follows.
    """
    if not name.strip() or "\0" in name:
        return f"no system can carry its name {name!r}: {remedy} otherwise"
    lower = landed_name(name).lower()
    if lower.startswith(_OF_AIRBYTE) or lower in _OF_THE_LAKE:
        return f"the lake adds a column {lower} of its own: {remedy} {lower.strip('_')}_value"
    return ""


def added_by_airbyte(names: Iterable[str]) -> list[str]:
    """Those that a column of the source cannot have at all: Airbyte adds such a column to every row."""
    return [name for name in names if landed_name(name).lower() in ADDED_COLUMNS]


def alike(names: Iterable[str]) -> list[str]:
    """Of each group of names that would land under one name, in a sentence: the columns and why.

    Those that differ in letter case only are among them: DuckDB, Dremio and Spark cannot tell them apart.
    """
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(landed_name(name).lower(), []).append(name)
    return [
        f"{', '.join(group)} "
        + (
            "differ in letter case only"
            if len({name.lower() for name in group}) == 1
            else f"would all land as {landed_name(group[0])}"
        )
        for group in groups.values()
        if len(group) > 1
    ]


def as_landed(table: TableProfile) -> TableProfile:
    """The table with the names under which its columns land, instead of those at the source."""
    return replace(
        table,
        columns=columns_as_landed(table.columns),
        key=tuple(map(landed_name, table.key)),
        cursor=table.cursor and landed_name(table.cursor),
        deleted_at=table.deleted_at and landed_name(table.deleted_at),
    )


def columns_as_landed(columns: Iterable[ColumnProfile]) -> tuple[ColumnProfile, ...]:
    """As `as_landed`, of columns."""
    return tuple(
        column
        if column.unsupported or (landed := landed_name(column.name)) == column.name
        else replace(column, name=landed, source_name=column.name)
        for column in columns
    )


def suggested(name: str) -> str:
    """A name of the same words that every system can carry; an umlaut as German spells it without one."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().translate(_SPELT_OUT)
    plain = unicodedata.normalize("NFKD", apart).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    return words if words[:1].isalpha() else f"t_{words}".rstrip("_")
