"""From what a source offers to what is brought in: the tables, and how each is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from lakehouse.onboarding.adding.evolution import evolve, first_table
from lakehouse.onboarding.profiling.profile import SourceProfile, TableProfile
from lakehouse.onboarding.writing.blueprint import BlueprintError, Source, Table
from lakehouse.onboarding.writing.naming import why_not_a_lake_name

MODES: Final = ("incremental", "full_refresh", "cdc")

_WITHOUT_IT: Final = {
    "postgres": "its sync will fail until the table is back",
    "files": "no file matches its globs, so its nights bring no rows, and those in the lake stay",
    "rest": "its sync will fail until the manifest has the stream again",
}
"""What becomes of a table that a kind of source lacks."""


@dataclass(frozen=True)
class Wishes:
    """What was asked for beyond what the profile proposes; the keys are tables as the source names them."""

    tables: tuple[str, ...] = ()
    """The only ones to bring in; none: all."""
    cdc: tuple[str, ...] = ()
    modes: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cursors: Mapping[str, str] = field(default_factory=dict)
    renames: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(table, old column) -> what the source calls it since."""
    drop: tuple[str, ...] = ()

    def named(self) -> set[str]:
        """Every table that is named."""
        return {
            *self.tables,
            *self.cdc,
            *self.modes,
            *self.keys,
            *self.cursors,
            *(table for table, _ in self.renames),
            *self.drop,
        }

    def of(self, names: set[str]) -> Wishes:
        """The wishes that concern these tables."""
        return Wishes(
            tables=tuple(name for name in self.tables if name in names),
            cdc=tuple(name for name in self.cdc if name in names),
            modes={name: mode for name, mode in self.modes.items() if name in names},
            keys={name: key for name, key in self.keys.items() if name in names},
            cursors={name: cursor for name, cursor in self.cursors.items() if name in names},
            renames={pair: new for pair, new in self.renames.items() if pair[0] in names},
            drop=tuple(name for name in self.drop if name in names),
        )


@dataclass(frozen=True)
class Settled:
    """A source as it is to be brought in, and what a person should know of it."""

    source: Source
    changes: tuple[str, ...] = ()
    """Of a source that was brought in before: what is new, one sentence each."""
    remarks: tuple[str, ...] = ()
    renames_to_confirm: tuple[tuple[str, str, str], ...] = ()
    """(table, absent column, new column)"""


def settle(profile: SourceProfile, wishes: Wishes, source: Source) -> Settled:
    """The source with the tables that are to be brought in.

    Args:
        profile: what the source offers now.
        wishes: what was asked for.
        source: as it was brought in before; without tables at the first time.

    Raises:
        BlueprintError: nothing is left, a table that was asked for is not there, or cannot be read as asked.
    """
    held = {table.name: table for table in source.tables}
    offered = {table.name: table for table in profile.tables}
    # Of two tables of one name, the one that was brought in.
    offered |= {table.name: table for table in profile.tables if _is_held(table, held)}
    _check_names(wishes, held, offered)
    remarks = [*profile.notes]
    changes: list[str] = []
    confirm: list[tuple[str, str, str]] = []
    tables: list[Table] = []
    refusals: list[str] = []
    for name, old in held.items():
        if name in wishes.drop:
            changes.append(f"{name} is taken out")
        elif name not in offered:
            changes.append(
                f"{name} is absent at the source: {_WITHOUT_IT[profile.kind]}; "
                f"--drop {name} takes it out of the lake's files"
            )
            tables.append(old)
        else:
            renames = {before: now for (table, before), now in wishes.renames.items() if table == name}
            _check_renames(old, offered[name], renames)
            evolved = evolve(old, offered[name], profile.kind, renames)
            tables.append(evolved.table)
            changes += evolved.changes
            remarks += [f"{name}: {problem}" for problem in offered[name].problems]
            confirm += [(name, absent, new) for absent, new in evolved.renames_to_confirm]
    left_out = [name for name in source.left_out if name in offered]
    for seen in profile.tables:
        if seen.name in held:
            continue
        why_not = _why_not(seen, source)
        if why_not and seen.name in wishes.named():
            refusals.append(f"{seen.name} cannot be brought in: {why_not}")
            continue
        wanted = seen.name in wishes.tables or (not wishes.tables and seen.name not in left_out)
        if why_not or not wanted:
            if why_not and seen.name not in left_out:
                remarks.append(f"{seen.name} is left out: {why_not}")
            left_out.append(seen.name)
            continue
        left_out = [name for name in left_out if name != seen.name]
        tables.append(first_table(seen, profile.kind))
        if held:
            changes.append(f"{seen.name} is new: {seen.mode}, {seen.why}")
    tables = [_as_wished(table, wishes) for table in tables]
    refusals += filter(
        None,
        [
            _why_not_as_wished(table, profile.kind) or _why_no_log(table, held, offered, wishes)
            for table in tables
        ],
    )
    if refusals:
        raise BlueprintError("; ".join(refusals))
    if not tables:
        raise BlueprintError("no table is left to bring in" + (f": {'; '.join(remarks)}" if remarks else ""))
    remarks += [
        f"{table.name}.{column.name} is left out: {column.unsupported}"
        for table in profile.tables
        for column in table.columns
        if column.unsupported and any(each.name == table.name for each in tables)
    ]
    if profile.kind == "postgres":
        for table in tables:
            remarks += filter(None, [_rows_without_cursor(table, offered), _times_in_key(table, held)])
    settled = replace(source, tables=tuple(tables), left_out=tuple(dict.fromkeys(left_out)))
    return Settled(settled, tuple(changes), tuple(remarks), tuple(confirm))


def _is_held(seen: TableProfile, held: Mapping[str, Table]) -> bool:
    return seen.name in held and seen.schema == held[seen.name].schema


def _check_names(wishes: Wishes, held: Mapping[str, Table], offered: Mapping[str, TableProfile]) -> None:
    unknown = sorted(wishes.named() - held.keys() - offered.keys())
    if unknown:
        raise BlueprintError(
            f"the source has no {', '.join(unknown)}; it has: {', '.join(sorted(offered)) or 'nothing'}"
        )
    if missing := sorted(set(wishes.drop) - held.keys()):
        raise BlueprintError(f"--drop {', '.join(missing)}: not brought in, so there is nothing to take out")


def _check_renames(old: Table, seen: TableProfile, renames: Mapping[str, str]) -> None:
    before, now = {column.name for column in old.columns}, {column.name for column in seen.columns}
    for absent, new in renames.items():
        if absent not in before or new not in now:
            raise BlueprintError(
                f"--rename {old.name}.{absent}={new}: the columns are {', '.join(sorted(now))}"
            )
        if absent in now:
            raise BlueprintError(f"--rename {old.name}.{absent}={new}: the source still has {absent}")
        if absent in (*old.key, old.cursor, old.deleted_at):
            raise BlueprintError(
                f"{old.name}.{absent} identifies or orders the rows and cannot change its name: "
                f"make a view at the source that calls {new} {absent} again"
            )


def _why_not(seen: TableProfile, source: Source) -> str:
    problem = "; ".join(seen.problems) or why_not_a_lake_name(source.prefix + seen.name)
    if problem or not all(column.unsupported for column in seen.columns):
        return problem
    if not seen.columns:
        return "it has no column, so it has nothing to bring in"
    reasons = "; ".join(f"{column.name}: {column.unsupported}" for column in seen.columns)
    return f"none of its columns can be brought in: {reasons}"


def _as_wished(table: Table, wishes: Wishes) -> Table:
    name = table.name
    if name in wishes.keys:
        table = replace(table, key=wishes.keys[name])
    mode = wishes.modes.get(name) or ("cdc" if name in wishes.cdc else None)
    if name in wishes.cursors:
        table = replace(table, cursor=wishes.cursors[name])
        mode = mode or "incremental"
    if mode:
        table = replace(table, mode=mode)
    return table if table.mode == "incremental" else replace(table, cursor=None)


def _rows_without_cursor(table: Table, offered: Mapping[str, TableProfile]) -> str:
    """What becomes of rows whose cursor is NULL, in a sentence; empty if there are none."""
    columns = offered[table.name].columns if table.name in offered else ()
    if not any(column.name == table.cursor and column.nullable for column in columns):
        return ""
    return (
        f"{table.name}: its cursor {table.cursor} may be null, and a row without it does not reach bronze: "
        f"--mode {table.name}=full_refresh brings every row"
    )


def _times_in_key(table: Table, held: Mapping[str, Table]) -> str:
    """What a time in the key of a new table means, in a sentence; empty if there is none."""
    times = [
        column.name for column in table.columns if column.name in table.key and column.type == "timestamp"
    ]
    if not times or table.name in held:
        return ""
    return (
        f"{table.name}: {', '.join(times)} of its key is a time, and from staging on rows within a "
        "millisecond have one key: if there are any, make a view that has it as text"
    )


def _why_no_log(
    table: Table, held: Mapping[str, Table], offered: Mapping[str, TableProfile], wishes: Wishes
) -> str:
    """Why a table that is to be read from the log from here on has none, with the SQL that makes it possible
    if there is any; empty if it has."""
    asked = table.name in wishes.cdc or table.name in wishes.modes
    was_read = table.name in held and held[table.name].mode == "cdc"
    if table.mode != "cdc" or was_read or not asked or table.name not in offered:
        return ""
    obstacle = offered[table.name].cdc
    return "" if obstacle in ("", "possible") else f"{table.name} cannot be read from the log: {obstacle}"


def _why_not_as_wished(table: Table, kind: str) -> str:
    """Why the table could not be read, or its rows not be told apart, with the option that helps."""
    name = table.name
    if table.mode not in MODES:
        return f"--mode {name}={table.mode}: it is one of {', '.join(MODES)}"
    columns = {column.name: column for column in table.columns}
    decisive = [(each, "key") for each in table.key] + ([(table.cursor, "cursor")] if table.cursor else [])
    for each, role in decisive:
        if each not in columns:
            known = ", ".join(columns)
            return f"{name} has no column {each} for its {role}; it has: {known}"
        if columns[each].gone:
            return (
                f"{name}.{each}, its {role}, is absent at the source: "
                f"give another (--{role} {name}=…), or --drop {name}"
            )
    if table.mode == "cdc" and kind != "postgres":
        return f"{name}: only PostgreSQL has a write-ahead log to read (cdc)"
    if table.mode != "full_refresh" and not table.key:
        return (
            f"{name} has no key, so its rows can only be read whole: give one with --key {name}=COLUMN, or "
            f"--mode {name}=full_refresh"
        )
    if table.mode == "incremental" and not table.cursor:
        return (
            f"{name} has no column that grows with every change: give one with --cursor {name}=COLUMN, or "
            f"--mode {name}=full_refresh"
        )
    return ""
