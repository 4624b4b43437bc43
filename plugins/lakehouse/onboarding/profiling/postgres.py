"""A PostgreSQL database as a source: its tables, how each is best read, and what stands in the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from lakehouse.onboarding.profiling.names import (
    VIEW,
    added_by_airbyte,
    alike,
    as_landed,
    column_problem,
    table_problem,
)
from lakehouse.onboarding.profiling.profile import ColumnProfile, ProfileError, SourceProfile, TableProfile
from lakehouse.onboarding.profiling.tables.capture import LogReading, log_reading, quoted, table_obstacle
from lakehouse.onboarding.profiling.tables.catalogue import (
    FoundColumn,
    FoundTable,
    read_catalogue,
    schemas_with_tables,
)
from lakehouse.onboarding.profiling.tables.choice import choose, deleted_at
from lakehouse.onboarding.profiling.tables.types import contract_type

COUNTED_ROWS: Final = 1_000_000
"""A table that the statistics take for larger is not counted: its estimate is told as one."""
_COUNT_SECONDS: Final = 10
_CONNECT_SECONDS: Final = 10
_SCHEMAS: Final = ("public",)
_TLS_CURES: Final = {
    "certificate verify failed": "sslrootcert must be the certificate of the authority that has signed the "
    "server's, as its provider publishes it",
    "does not match host name": "use the name that the certificate has, or sslmode=verify-ca",
    "server does not support SSL": "turn TLS on at the server, or use sslmode=prefer",
    "certificate required": "the server asks for a client's certificate: give sslcert=PATH and sslkey=PATH",
}
"""A part of libpq's words -> what to do."""


def profile_postgres(
    dsn: str,
    tables: Sequence[str] = (),
    cdc: Sequence[str] = (),
    schemas: Sequence[str] = (),
) -> SourceProfile:
    """What the database offers. Reads the catalog and counts rows; writes nothing.

    Args:
        dsn: libpq's connection string or URI; what it lacks comes from libpq's variables (PGPASSWORD, ...).
        tables: names of tables or views to bring in, with or without their schema; none: all of them.
        cdc: those whose changes are to be read from the write-ahead log.
        schemas: where tables are looked for; none: `public`.

    Raises:
        ProfileError: the server cannot be reached, or a table is not there.
    """
    with connected(dsn) as connection:
        found = _chosen(connection, tables, cdc, schemas or _SCHEMAS)
        log = log_reading(connection)
        twins = _twins(found)
        profiles = tuple(
            _profile(connection, table, log, _names(table, cdc), twins.get(table.name, "")) for table in found
        )
    notes = tuple(f"CDC is not possible: {obstacle}" for obstacle in log.obstacles)
    return SourceProfile("postgres", profiles, notes)


@contextmanager
def connected(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A session that cannot write. Raises ProfileError, which never contains the password."""
    try:
        address = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        # libpq's message would repeat the string with its password.
        raise ProfileError(
            "the PostgreSQL address cannot be read; it looks like "
            "postgresql://user:password@host:5432/database, with %40 for an @ in the password"
        ) from None
    where = f"{address.get('host', 'localhost')}:{address.get('port', 5432)}/{address.get('dbname', '')}"
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
            connection.execute("set default_transaction_read_only = on")
            yield connection
    except psycopg.Error as error:
        words = " ".join(str(error).split())
        cure = next((f": {cure}" for sign, cure in _TLS_CURES.items() if sign in words), "")
        raise ProfileError(f"PostgreSQL {where}: {words}{cure}") from error


def _names(table: FoundTable, words: Sequence[str]) -> bool:
    return table.name in words or table.label in words


def _chosen(
    connection: psycopg.Connection[Any], tables: Sequence[str], cdc: Sequence[str], schemas: Sequence[str]
) -> list[FoundTable]:
    # A table that is given with its schema is found there, too.
    places = list(dict.fromkeys([*schemas, *(word.rpartition(".")[0] for word in tables if "." in word)]))
    every = read_catalogue(connection, places)
    if not every:
        others = ", ".join(schemas_with_tables(connection)) or "none"
        raise ProfileError(
            f"schema {', '.join(places)} has no table that this role can see; schemas with tables: {others}"
        )
    for word in (*tables, *cdc):
        if not any(_names(table, [word]) for table in every):
            known = ", ".join(table.name for table in every)
            raise ProfileError(f"there is no table {word} in schema {', '.join(places)}; there are: {known}")
    return [table for table in every if not tables or _names(table, [*tables, *cdc])]


def _profile(
    connection: psycopg.Connection[Any], table: FoundTable, log: LogReading, log_wanted: bool, twin: str
) -> TableProfile:
    rows, estimated = _rows(connection, table)
    unsupported = [column.name for column in described_columns(table) if column.unsupported]
    table = replace(table, left_out=frozenset(unsupported))
    obstacles = [*log.obstacles, *filter(None, [table_obstacle(table, table.key)])]
    choice = choose(table, rows, "; ".join(obstacles), log_wanted)
    profile = TableProfile(
        name=table.name,
        columns=described_columns(table, choice.mode),
        key=table.key,
        cursor=choice.cursor,
        rows=rows,
        mode=choice.mode,
        why=choice.why,
        schema=table.schema,
        cdc="; ".join(obstacles) or "possible",
        estimated=estimated,
        deleted_at=deleted_at(table),
        problems=tuple(filter(None, [twin, *_problems(table, log, obstacles if log_wanted else [])])),
        is_view=table.is_view,
        is_partitioned=table.is_partitioned,
    )
    return as_landed(profile)


def described_columns(table: FoundTable, mode: str = "") -> tuple[ColumnProfile, ...]:
    """The table's columns as the source names them, with the types that a contract gives them."""
    return tuple(_column(column, mode) for column in table.columns)


def _column(column: FoundColumn, mode: str) -> ColumnProfile:
    found = contract_type(column.type)
    notes = [found.note]
    if column.generated:
        notes.append("generated by PostgreSQL")
        if mode == "cdc":
            notes.append("Airbyte itself leaves generated columns out of what it reads from the log")
    return ColumnProfile(
        name=column.name,
        contract_type=found.name,
        nullable=column.nullable,
        source_type=column.type.shown,
        one_of=() if column.type.is_array else column.labels,
        unsupported=column_problem(column.name) or found.unsupported,
        note="; ".join(filter(None, notes)),
    )


def _problems(table: FoundTable, log: LogReading, obstacles: Sequence[str]) -> Iterator[str]:
    """What must be settled before the table can be brought in."""
    if problem := table_problem(table.name):
        yield problem
    if not table.readable:
        yield (
            f"the role may not read it: its owner runs GRANT USAGE ON SCHEMA {quoted(table.schema)} TO "
            f"{log.role}; GRANT SELECT ON {quoted(table.schema, table.name)} TO {log.role};"
        )
    for name in added_by_airbyte(column.name for column in table.columns):
        yield (
            f"its column {name} has the name of one that Airbyte adds to every row, so it cannot land the "
            f"table: {VIEW} {name.strip('_')}_value and bring that in"
        )
    for group in alike(column.name for column in table.columns):
        yield f"columns {group}: make a view with other names and bring that in"
    if table.rows_hidden:
        yield (
            "row level security may hide rows from this role: a superuser runs "
            f"ALTER ROLE {log.role} WITH BYPASSRLS;"
        )
    yield from obstacles


def _rows(connection: psycopg.Connection[Any], table: FoundTable) -> tuple[int | None, bool]:
    """How many rows, and whether that is an estimate."""
    estimate = table.estimated_rows if table.estimated_rows >= 0 else None
    if not table.readable:
        return estimate, True
    if estimate is not None and estimate > COUNTED_ROWS:
        return estimate, True
    count = sql.SQL("select count(*) from {}").format(sql.Identifier(table.schema, table.name))
    try:
        with connection.transaction():
            connection.execute(f"set local statement_timeout = '{_COUNT_SECONDS}s'")
            row = connection.execute(count).fetchone()
    except (psycopg.errors.QueryCanceled, psycopg.errors.InsufficientPrivilege):
        return estimate, True
    return (int(row[0]) if row else None), False


def _twins(tables: Sequence[FoundTable]) -> dict[str, str]:
    """Why a name that several schemas have cannot be brought in, and what to do, by name."""
    schemas: dict[str, list[str]] = {}
    for table in tables:
        schemas.setdefault(table.name, []).append(table.schema)
    return {
        name: (
            f"schemas {', '.join(places)} each have a table of this name, and a stream's name is unique: "
            f"take one schema (--schema {places[0]}), and make a view there of the other's table, called "
            "otherwise"
        )
        for name, places in schemas.items()
        if len(places) > 1
    }
