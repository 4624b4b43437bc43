"""How a table is best read: by a cursor, in full, or from the log; and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lakehouse.onboarding.profiling.names import suggested
from lakehouse.onboarding.profiling.tables.catalogue import FoundColumn, FoundTable

SMALL_ROWS: Final = 100_000
"""A table of so many rows is read whole every night without anybody noticing."""
_TIMES: Final = frozenset({"timestamp", "timestamptz"})
_CHANGED: Final = re.compile(
    r"(^|_)(updated|modified|changed|last_?(updated?|modified|changed?)|(update|modification|change)d?)"
    r"(_?(at|on|ts|time|timestamp|date|datetime|utc))?$|^mtime$|^sys_?mod_?stamp$"
)
_DELETED: Final = re.compile(r"(^|_)(deleted|removed|erased)_?(at|on|ts|time)$")
_NUMBERS: Final = {"int2", "int4", "int8"}


@dataclass(frozen=True)
class Choice:
    """A mode, its cursor, and one sentence of reason."""

    mode: str
    """incremental | full_refresh | cdc"""
    cursor: str | None
    why: str


def choose(table: FoundTable, rows: int | None, obstacle: str, log_wanted: bool) -> Choice:
    """The mode for a table.

    `rows`: how many it has, None: not known. `obstacle`: why its log cannot be read; empty if it can.
    `log_wanted`: somebody asked for CDC.
    """
    if log_wanted:
        return Choice("cdc", None, "its changes are read from the write-ahead log, as you asked")
    if not table.key:
        return Choice("full_refresh", None, _without_key(table))
    small = rows is not None and rows <= SMALL_ROWS
    cursor, why_none = usable_cursor(table)
    leaves_no_trace = table.deletions > 0 and deleted_at(table) is None
    if cursor and not leaves_no_trace:
        return Choice("incremental", cursor, _by_cursor(table, cursor, small))
    if small:
        reason = (
            f"{table.deletions} rows were deleted for good, which a cursor does not see"
            if cursor
            else why_none
        )
        return Choice("full_refresh", None, f"{reason}, and {_few(rows or 0)} quickly read whole")
    if not obstacle:
        reason = "rows are deleted for good, which a cursor does not see" if cursor else why_none
        return Choice("cdc", None, f"{reason}, the table is large, and its log can be read")
    if cursor:
        unseen = f"deletions stay unseen until its log can be read ({obstacle})"
        return Choice("incremental", cursor, f"{_by_cursor(table, cursor, small)}; {unseen}")
    return Choice(
        "full_refresh",
        None,
        f"{why_none}, so all rows are read every night until its log can be ({obstacle})",
    )


def _few(rows: int) -> str:
    return "1 row is" if rows == 1 else f"{rows} rows are"


def usable_cursor(table: FoundTable) -> tuple[str | None, str]:
    """The column that grows with every change, and, if there is none, why."""
    named = [column for column in table.columns if _CHANGED.search(suggested(column.name))]
    times = [column for column in named if column.type.name in _TIMES and not column.type.is_array]
    usable = sorted((column for column in times if not column.nullable), key=lambda each: _rank(table, each))
    if usable:
        return usable[0].name, ""
    if times:
        return None, f"{times[0].name} may be null, and a row without it would never arrive"
    if named:
        return (
            None,
            f"{named[0].name} is a {named[0].type.shown}, which does not tell two changes of a day apart",
        )
    numbers = {
        column.name for column in table.columns if column.type.name in _NUMBERS and not column.type.is_array
    }
    if len(table.key) == 1 and numbers.issuperset(table.key):
        return None, f"{table.key[0]} grows with new rows, but no column shows that a row has changed"
    return None, "no column shows that a row has changed"


def deleted_at(table: FoundTable) -> str | None:
    """The column in which the source marks deleted rows, and keeps them."""
    return next(
        (
            column.name
            for column in table.columns
            if _DELETED.search(suggested(column.name)) and column.type.name in _TIMES
        ),
        None,
    )


def _rank(table: FoundTable, column: FoundColumn) -> tuple[bool, bool, str]:
    """Indexed columns first, then `updated…`, then by name."""
    return not _is_indexed(table, column.name), "updat" not in column.name.lower(), column.name


def _is_indexed(table: FoundTable, column: str) -> bool:
    return any(index.columns[:1] == (column,) for index in table.indexes)


def _by_cursor(table: FoundTable, cursor: str, small: bool) -> str:
    index = (
        ""
        if _is_indexed(table, cursor) or table.is_view
        else "; an index on it would spare the source a scan"
    )
    return f"{cursor} shows every change{index}"


def _without_key(table: FoundTable) -> str:
    if table.has_children:
        what = "other tables inherit from it, and a key of its own is not one of their rows"
    elif table.keys:
        what = f"{table.unusable_key} of its key cannot be brought in"
    else:
        what = "a view has no key" if table.is_view else "it has neither a primary key nor a unique index"
    return f"{what}, so its rows can only be read whole"
