"""A table as it was brought in and as the source has it now: what the lake should hold from here on.

Nothing that landed is given up by itself: a column or a value that the source has dropped stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from lakehouse.onboarding.profiling.fitting import type_holds
from lakehouse.onboarding.profiling.profile import ColumnProfile, TableProfile
from lakehouse.onboarding.writing.blueprint import Blueprint, Column, Table
from lakehouse.onboarding.writing.naming import folder

FILE_URL: Final = "_ab_source_file_url"
FILE_CHANGED: Final = "_ab_source_file_last_modified"
_FILE_COLUMNS: Final = (
    Column(FILE_URL, "varchar", True, "text", note="File that the row was read from."),
    Column(FILE_CHANGED, "timestamp", True, "timestamp", note="When that file was last modified (UTC)."),
)
"""What Airbyte's file source adds to every row."""


@dataclass(frozen=True)
class Evolved:
    """A table, and each change of its source in one sentence."""

    table: Table
    changes: tuple[str, ...] = ()
    renames_to_confirm: tuple[tuple[str, str], ...] = ()
    """Columns of one type of which one is absent and one is new: (absent, new)."""


def first_table(seen: TableProfile, kind: str) -> Table:
    """A table that is brought in for the first time."""
    columns = [_column(each, kind) for each in seen.columns if not each.unsupported]
    table = Table(
        name=seen.name,
        mode=seen.mode,
        columns=tuple(columns),
        key=seen.key,
        cursor=(seen.cursor or (FILE_CHANGED if kind == "files" else None))
        if seen.mode == "incremental"
        else None,
        deleted_at=seen.deleted_at,
        schema=seen.schema,
        partitioned=seen.is_partitioned,
        globs=seen.files.globs if seen.files else (),
        format=dict(seen.files.format) if seen.files else {},
    )
    if kind != "files":
        return table
    names = {column.name for column in columns}
    added = tuple(column for column in _FILE_COLUMNS if column.name not in names)
    return replace(table, columns=(*columns, *added))


def evolve(old: Table, seen: TableProfile, kind: str, renames: Mapping[str, str]) -> Evolved:
    """The table as it was brought in, with what its source has changed since.

    Args:
        old: as it was brought in; its mode, key and cursor stay.
        seen: as the source has it now.
        kind: postgres, files or rest.
        renames: old name of a column -> what the source calls it since.
    """
    now = {column.name: column for column in first_table(seen, kind).columns}
    before = {column.name: column for column in old.columns}
    changes: list[str] = []
    columns: list[Column] = []
    for column in old.columns:
        kept, told = _kept(column, now.get(column.name), renames.get(column.name))
        columns.append(kept)
        changes += [f"{old.name}.{sentence}" for sentence in told]
    new = [column for name, column in now.items() if name not in before]
    absent = [column for column in columns if column.gone and not before[column.name].gone]
    pairs = _pairs(absent, [column for column in new if column.name not in renames.values()])
    for column in new:
        # What landed before does not have it, and may be loaded again.
        columns.append(replace(column, required=False))
        if column.name not in renames.values():
            changes.append(f"{old.name}.{column.name} is new ({column.type})")
    if set(seen.key) != set(old.key) and seen.key:
        changes.append(
            f"{old.name}: the source's key is ({', '.join(seen.key)}), the lake's is ({', '.join(old.key)}); "
            f"--key {old.name}={','.join(seen.key)} changes it"
        )
    table = replace(
        old,
        columns=tuple(columns),
        partitioned=seen.is_partitioned,
        globs=seen.files.globs if seen.files else old.globs,
        format=dict(seen.files.format) if seen.files else old.format,
    )
    return Evolved(table, tuple(changes), tuple(pairs))


def connections_to_read_again(made: Blueprint, wanted: Blueprint) -> list[str]:
    """Those that bring changes only, of a table with a column that has another type than before."""
    found = set()
    for source in wanted.sources:
        for table in source.tables:
            _, before = made.find(source.lake_name(table)) or (source, table)
            types = {column.name: column.type for column in before.columns}
            if table.mode != "full_refresh" and any(
                types.get(column.name, column.type) != column.type for column in table.columns
            ):
                found.add(f"{folder(wanted.business, source, table)}_to_lake")
    return sorted(found)


def _column(seen: ColumnProfile, kind: str) -> Column:
    return Column(
        name=seen.name,
        type=seen.contract_type,
        # A file or an API promises nothing: that no value was absent in a sample is not a rule.
        required=kind == "postgres" and not seen.nullable,
        source_type=seen.source_type,
        one_of=seen.one_of,
        note=seen.note,
        source_name=seen.source_name,
    )


def _kept(old: Column, now: Column | None, renamed_to: str | None) -> tuple[Column, list[str]]:
    if renamed_to:
        return replace(old, renamed_to=renamed_to, gone=True), [
            f"{old.name} is called {renamed_to} at the source; the models keep {old.name}"
        ]
    if now is None:
        told = [] if old.gone else [f"{old.name} is absent; the lake keeps what landed"]
        return replace(old, gone=True), told
    told = []
    if old.gone:
        told.append(f"{old.name} is back")
    if now.type != old.type and type_holds(old.type, now.type, now.source_type):
        if old.source_type not in ("", now.source_type) and now.source_type != "unknown":
            told.append(
                f"{old.name} is {now.source_type} and was {old.source_type}: the lake keeps {old.type}, "
                "which takes every value of it"
            )
        now = replace(now, type=old.type, note=old.note)
    elif now.type != old.type:
        told.append(
            f"{old.name} is {now.type} and was {old.type}: rows that landed before have the old values, and "
            "rows that were refused are not there, until `bin/airbyte refresh` has read the connection again "
            "and a night has run"
        )
    more = tuple(value for value in now.one_of if value not in old.one_of)
    # A value that the source no longer allows still stands in rows that landed.
    one_of = (*old.one_of, *more) if now.one_of and old.one_of else now.one_of
    if old.one_of and more:
        told.append(f"{old.name} may also be {', '.join(more)}")
    elif bool(old.one_of) != bool(now.one_of):
        told.append(f"{old.name} {'has a list of values' if now.one_of else 'may have any value'}")
    if old.required and not now.required:
        told.append(f"{old.name} may be NULL")
    # That it may not be NULL any more is not told: rows that landed may hold NULL.
    required = old.required and now.required
    return replace(now, one_of=one_of, required=required), told


def _pairs(absent: list[Column], new: list[Column]) -> list[tuple[str, str]]:
    """Columns that look renamed: the only absent one of its type and the only new one of that type."""
    pairs = []
    for column in absent:
        alike = [each for each in new if each.type == column.type]
        rivals = [each for each in absent if each.type == column.type]
        if len(alike) == 1 and len(rivals) == 1:
            pairs.append((column.name, alike[0].name))
    return pairs
