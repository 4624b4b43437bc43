"""Times that no landing file can hold, by one rule for every way in which a row is read.

A Parquet file holds PostgreSQL's dates and timestamps, years before 1 and after 9999 included. It has no
infinity, and its microseconds end 30 years before PostgreSQL's. Such a value is null, and `_airbyte_meta`
says so.
"""

from __future__ import annotations

from typing import Final

from airbyte_engine.worker.postgres.columns import Column

_FIRST: Final = "4714-11-24 (BC)"
"""PostgreSQL's own first day, in DuckDB's words. What the scanner makes of a time after `_LAST` overflows and
lies before it.
"""
_LAST: Final = {
    "date": "5874897-12-31",
    "timestamp": "294247-01-10 04:00:54.775806",
    "timestamptz": "294247-01-10 04:00:54.775806+00",
}
_INFINITIES: Final = "('infinity', '-infinity')"


def is_time(column: Column) -> bool:
    """Does it land as a date or as a timestamp?"""
    return column.lands_as in _LAST


def fits(column: Column, name: str) -> str:
    """The condition, in PostgreSQL's SQL, for a value that a landing file can hold."""
    return f"(isfinite({name}) and {name} <= '{_LAST[column.lands_as]}')"


def scanned_wrong(column: Column, name: str) -> str:
    """The condition, in DuckDB's SQL, for what the scanner makes of a value that does not fit."""
    kind = column.lands_as
    return f"({name} < {kind} '{_FIRST}' or {name} > {kind} '{_LAST[kind]}')"


def castable(text: str) -> str:
    """PostgreSQL's text of a time, in DuckDB's SQL, so that its cast fails on what does not fit."""
    # PostgreSQL writes the era last, DuckDB reads it after the date.
    era = rf"regexp_replace({text}, '^(\S+)(.*) BC$', '\1 (BC)\2')"
    return (
        f"case when {text} like '% BC' then {era}"
        f" when {text} in {_INFINITIES} then 'not finite: ' || {text} else {text} end"
    )
