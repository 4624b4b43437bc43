"""A PostgreSQL source against its connection and contracts: tables, keys, cursors, slot and publication."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import psycopg

from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.bronze.contract import Mode
from lakehouse.landing.columns import landed_name
from lakehouse.onboarding.checking.columns import compare_columns
from lakehouse.onboarding.checking.declared import DeclaredStream
from lakehouse.onboarding.checking.finding import Finding, differs, fits, note
from lakehouse.onboarding.profiling.names import columns_as_landed
from lakehouse.onboarding.profiling.postgres import connected, described_columns
from lakehouse.onboarding.profiling.tables.capture import (
    capture_statements,
    log_reading,
    publish_more,
    table_obstacle,
)
from lakehouse.onboarding.profiling.tables.catalogue import FoundTable, read_catalogue

_SLOT: Final = """
    select database, plugin, wal_status, active
    from pg_replication_slots where slot_name = %s
"""

_PUBLICATION: Final = "select 1 from pg_publication where pubname = %s"

_MEMBERS: Final = """
    select r.prrelid::bigint
    from pg_publication_rel as r join pg_publication as p on p.oid = r.prpubid
    where p.pubname = %s
"""
"""A partitioned table may be one, and its changes still have its partitions' names."""


def check_database(
    dsn: str, connection: ConnectionFile, streams: Sequence[DeclaredStream]
) -> Iterator[Finding]:
    """What is found of one connection's tables. Raises ProfileError when the database cannot be reached."""
    configuration = connection.source.configuration
    schemas = list(configuration.get("schemas") or ["public"])
    replication: Mapping[str, Any] = configuration.get("replication_method") or {}
    with connected(dsn) as session:
        tables = _first_of_each(read_catalogue(session, schemas), schemas)
        yield fits(connection.short_name, f"the database answers; it has {len(tables)} tables and views")
        for each in streams:
            table = tables.get(each.stream.name)
            if table is None:
                yield differs(
                    each.lake_name,
                    f"there is no table {each.stream.name} in schema {', '.join(schemas)} any more",
                    f"bin/source add {connection.business} --drop {each.stream.name}",
                )
                continue
            columns = columns_as_landed(described_columns(table))
            found = [*_table(each, table), *compare_columns(each, columns, guessed=False)]
            yield from found or [fits(each.lake_name, _as_declared(each))]
        if replication.get("method") == "CDC":
            captured = [tables[each.stream.name] for each in streams if each.stream.name in tables]
            yield from _capture(session, connection, replication, captured)


def check_streamed(
    dsn: str, connection: ConnectionFile, streams: Sequence[DeclaredStream]
) -> Iterator[Finding]:
    """As `check_database`, of a connection that is read all day: its slot is made when that is first started.

    Raises ProfileError when the database cannot be reached.
    """
    slot = str(connection.source.configuration["replication_method"]["replication_slot"])
    with connected(dsn) as session:
        is_there = session.execute(_SLOT, (slot,)).fetchone() is not None
    if is_there:
        yield from check_database(dsn, connection, streams)
        return
    yield note(
        connection.short_name,
        f"there is no replication slot {slot}: the stream has not been started, or has lost it",
        "bin/stream start makes it; bin/doctor --only stream says whether one is missing",
    )


def _first_of_each(tables: Sequence[FoundTable], schemas: Sequence[str]) -> dict[str, FoundTable]:
    """By name; of two the one in the schema that is named first, as Airbyte takes it."""
    found: dict[str, FoundTable] = {}
    for table in sorted(tables, key=lambda each: schemas.index(each.schema)):
        found.setdefault(table.name, table)
    return found


def _as_declared(declared: DeclaredStream) -> str:
    key = ", ".join(declared.contract.key)
    words = f"{len(declared.types)} columns as the contract says, {declared.contract.mode}"
    return words + (f", key {key}" if key else ", no key")


def _table(declared: DeclaredStream, table: FoundTable) -> Iterator[Finding]:
    key, columns = declared.contract.key, {landed_name(column.name): column for column in table.columns}
    if not table.readable:
        yield differs(
            declared.lake_name,
            f"the role may not read {table.label}",
            f'at the source: GRANT SELECT ON "{table.schema}"."{table.name}" TO <its role>;',
        )
    if key and not table.is_view and set(key) <= set(columns) and not _identifies(table, key):
        now = f"its key is {', '.join(table.key)} now" if table.key else "it has no key any more"
        yield differs(
            declared.lake_name,
            f"no unique index covers {', '.join(key)}: {now}",
            f"bin/source add {declared.connection.business} --key {declared.stream.name}="
            f"{','.join(table.key) or '<columns>'}",
        )
    cursor = declared.contract.cursor if declared.contract.mode is Mode.INCREMENTAL else None
    if cursor in columns and columns[cursor].nullable:
        yield note(declared.lake_name, f"its cursor {cursor} may be null; rows without it never arrive")


def _identifies(table: FoundTable, key: Sequence[str]) -> bool:
    return any(
        (index.is_primary or (index.is_unique and index.is_whole))
        and {landed_name(name) for name in index.columns} <= set(key)
        for index in table.indexes
    )


def _capture(
    session: psycopg.Connection[Any],
    connection: ConnectionFile,
    replication: Mapping[str, Any],
    tables: Sequence[FoundTable],
) -> Iterator[Finding]:
    what = connection.short_name
    publication, slot = str(replication["publication"]), str(replication["replication_slot"])
    create = capture_statements(
        publication,
        slot,
        [(table.schema, table.name) for table in tables],
        any(table.is_partitioned for table in tables),
    )
    log = log_reading(session)
    row = session.execute(_SLOT, (slot,)).fetchone()
    # A slot of its own needs no other to be free.
    obstacles = [each for each in log.obstacles if row is None or "slot is free" not in each]
    for table in tables:
        obstacles += filter(None, [table_obstacle(table, table.key)])
    for obstacle in obstacles:
        yield differs(
            what, f"its log cannot be read: {obstacle.partition(': ')[0]}", f"at the source: {obstacle}"
        )
    missing = [table for table in tables if publication not in table.publications]
    if session.execute(_PUBLICATION, (publication,)).fetchone() is None:
        yield differs(what, f"there is no publication {publication}", f"at the source: {create[0]}")
    elif missing:
        members = {oid for (oid,) in session.execute(_MEMBERS, (publication,)).fetchall()}
        statements = publish_more(
            publication,
            [(table.schema, table.name) for table in missing if table.oid not in members],
            any(table.is_partitioned for table in missing),
        )
        yield differs(
            what,
            f"the publication {publication} lacks {', '.join(table.label for table in missing)}",
            f"at the source: {' '.join(statements)}",
        )
    if row is None:
        yield differs(what, f"there is no replication slot {slot}", f"at the source: {create[1]}")
    elif row[2] == "lost":
        yield differs(
            what,
            f"the slot {slot} has lost changes",
            f"docs/runbooks/connections.md, then bin/airbyte refresh {connection.name}",
        )
    elif row[1] != "pgoutput":
        yield differs(what, f"the slot {slot} has the plugin {row[1]}", f"at the source: {create[1]}")
    elif not obstacles and not missing:
        yield fits(what, f"slot {slot} and publication {publication} are there")
