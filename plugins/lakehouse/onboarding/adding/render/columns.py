"""The columns of a business's models: their names, types, descriptions and tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from lakehouse.onboarding.adding.evolution import FILE_CHANGED, FILE_URL
from lakehouse.onboarding.profiling.names import suggested
from lakehouse.onboarding.writing.blueprint import Column, Source, Table

CURRENT: Final = "current"
STATUS: Final = "row_status"
BRONZE_DATE: Final = "bronze_date"
_OWN: Final = {STATUS, BRONZE_DATE, "changed_at", "change_lsn"}
"""Columns that the staging macros add."""
_WORKING: Final = {
    "version_rank",
    "sync_rank",
    "held_in_table",
    "in_newest_list",
    "newest_date",
    "is_truncated",
}
"""Names that the macros' own statements use."""
_NO_NAME: Final = {"null"}
"""dbt takes this for the absence of a name, when it asks the warehouse for a table's columns."""
_FILE_NAMES: Final = {FILE_URL: "source_file", FILE_CHANGED: "file_changed_at"}
_TYPES: Final = {"int": "integer"}
_DECIMAL: Final = re.compile(r"decimal\((\d+),\s*(\d+)\)")


@dataclass(frozen=True)
class ModelColumn:
    """A column of a model, as its .yml has it."""

    name: str
    data_type: str
    description: str
    tests: list[Any] = field(default_factory=list)
    expression: str = ""
    """Over the raw row, if it is not simply the raw column of the same name."""
    of_source: bool = True
    """Does gold show it, or is it the lake's own?"""


def key_columns(source: Source, table: Table) -> list[str]:
    """The key in the model's names."""
    names = _names(source, table)
    return [names[name] for name in table.key]


def key_column(source: Source, table: Table) -> str:
    """The one column that identifies the model's rows: the key, or what the macros make of it."""
    key = key_columns(source, table)
    return key[0] if len(key) == 1 else f"{source.lake_name(table)}_key"


def cursor_column(source: Source, table: Table) -> str:
    """The cursor of an incremental table in the model's names."""
    return _names(source, table)[table.cursor or ""]


def has_status(table: Table) -> bool:
    """Does the staging model mark deleted rows?"""
    return table.mode != "incremental" or table.deleted_at is not None


def model_columns(source: Source, table: Table) -> list[ModelColumn]:
    """The columns of the staging model, in order."""
    return list(_columns(source, table))


def gold_columns(source: Source, table: Table) -> list[ModelColumn]:
    """Those that gold shows: the source's, and the key."""
    deleted = _names(source, table).get(table.deleted_at or "")
    return [column for column in _columns(source, table) if column.of_source and column.name != deleted]


def _columns(source: Source, table: Table) -> Iterator[ModelColumn]:
    key, names = key_column(source, table), _names(source, table)
    if len(table.key) != 1:
        yield ModelColumn(
            key, "varchar", _key_description(key_columns(source, table)), ["unique", "not_null"]
        )
    for column in table.columns:
        if column.name not in names:
            continue
        name = names[column.name]
        if column.name in _FILE_NAMES:
            yield ModelColumn(name, column.type, column.note, [], _expression(column, name), of_source=False)
            continue
        tests: list[Any] = ["unique", "not_null"] if name == key else []
        if column.one_of:
            # dbt puts the text between quotes as it is.
            labels = [value.replace("'", "''") for value in column.one_of]
            tests.append({"accepted_values": {"arguments": {"values": labels}}})
        yield ModelColumn(
            name, _data_type(column.type), _description(column), tests, _expression(column, name)
        )
    if table.mode == "cdc":
        yield ModelColumn(
            "changed_at", "timestamp", "When the source committed this change (UTC).", of_source=False
        )
        yield ModelColumn(
            "change_lsn", "bigint", "Position of the change in the source's write-ahead log.", of_source=False
        )
    if has_status(table):
        values = {"accepted_values": {"arguments": {"values": [CURRENT, "deleted"]}}}
        yield ModelColumn(
            STATUS,
            "varchar",
            "current, or deleted if the source has deleted the row.",
            ["not_null", values],
            of_source=False,
        )
    yield ModelColumn(
        BRONZE_DATE,
        "date",
        "Business date of the bronze partition that this version came from.",
        ["not_null"],
        of_source=False,
    )


def _names(source: Source, table: Table) -> dict[str, str]:
    """The model's name of each column that the model has. A renamed one keeps its old name."""
    successors = {column.renamed_to for column in table.columns if column.renamed_to}
    taken = _OWN | _WORKING | _NO_NAME | {f"{source.lake_name(table)}_key"}
    if source.kind == "files":
        taken |= set(_FILE_NAMES.values())
    landed = {column.name.lower() for column in table.columns}
    names: dict[str, str] = {}
    for column in table.columns:
        if column.name not in successors:
            name = column.name.lower()
            if column.source_name and (spelt := suggested(column.source_name)) not in {
                *landed,
                *names.values(),
            }:
                name = spelt
            names[column.name] = _FILE_NAMES.get(column.name) or (
                _free_name(name, landed | set(names.values())) if name in taken else name
            )
    return names


def _free_name(name: str, others: set[str]) -> str:
    """The name with a prefix that none of the others has."""
    found = f"source_{name}"
    while found in others:
        found = f"source_{found}"
    return found


def _expression(column: Column, name: str) -> str:
    if column.renamed_to:
        return f'coalesce("{column.renamed_to}", "{column.name}")'
    return "" if name == column.name else f'"{column.name}"'


def _data_type(contract_type: str) -> str:
    decimal = _DECIMAL.fullmatch(contract_type)
    if decimal:
        return f"decimal({decimal[1]}, {decimal[2]})"
    return _TYPES.get(contract_type, contract_type)


def _description(column: Column) -> str:
    """One sentence: the kind of value, and what a reader should know."""
    sentence = f"{column.source_name or column.name} of the source" + (
        f" ({column.source_type})" if column.source_type else ""
    )
    if column.note:
        sentence += f", {column.note[0].lower()}{column.note[1:].rstrip('.')}"
    if column.renamed_to:
        sentence += f"; the source calls it {column.renamed_to} since"
    elif column.gone:
        sentence += "; the source has dropped it"
    return sentence + "."


def _key_description(key: list[str]) -> str:
    if key:
        return f"Key made of {', '.join(key[:-1])} and {key[-1]}."
    return "Key made of the row's content, and its number among equal rows: the source has no key."
