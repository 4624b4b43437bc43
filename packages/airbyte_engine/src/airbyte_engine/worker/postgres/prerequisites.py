"""What PostgreSQL must grant and be set to before its changes can be captured; each refusal says the SQL to
run.

It is asked before every sync, not only before the first: a table or a publication can be changed any day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from airbyte_engine.worker.postgres.address import quoted
from airbyte_engine.worker.postgres.columns import Column, Table, table_of
from airbyte_engine.worker.postgres.publication import published_columns, refusal, require_publication
from airbyte_engine.worker.protocol import Stream

_NO_TABLES = {"v": "a view", "m": "a materialised view", "f": "a foreign table"}


@dataclass(frozen=True)
class CapturedTable:
    """A table of the publication, and the columns by which its rows are known."""

    stream: str
    table: Table
    key: tuple[str, ...]
    unlogged: tuple[Column, ...] = ()
    """Generated columns, which the log leaves out: their values are read from the table."""


def captured_tables(
    connection: psycopg.Connection[Any], schemas: list[str], publication: str, streams: list[Stream]
) -> list[CapturedTable]:
    """Each stream's table. Raises WorkerError (config_error) that says what is missing."""
    _require_server(connection)
    require_publication(connection, publication)
    return [_captured(connection, schemas, publication, stream) for stream in streams]


def _require_server(connection: psycopg.Connection[Any]) -> None:
    row = connection.execute(
        """
        select current_setting('wal_level'), rolname, rolreplication or rolsuper, pg_is_in_recovery()
        from pg_roles where rolname = current_user
        """
    ).fetchone()
    level, role, may_replicate, standby = row or ("unknown", "unknown", False, False)
    if level != "logical":
        raise refusal(
            f"wal_level is {level!r}: set it to 'logical' in postgresql.conf and restart PostgreSQL"
        )
    if not may_replicate:
        raise refusal(f"the role may not replicate: run ALTER ROLE {quoted(role)} REPLICATION")
    if standby:
        raise refusal("this server is a standby; changes are captured from the primary")


def _captured(
    connection: psycopg.Connection[Any], schemas: list[str], publication: str, stream: Stream
) -> CapturedTable:
    table = table_of(connection, schemas, _without_cursor(stream))
    name = f"{quoted(table.schema)}.{quoted(table.name)}"
    _require_rows_in_the_log(connection, table, name)
    logged = published_columns(connection, publication, table, name)
    primary_key = _primary_key(connection, table)
    key = _key(connection, table, name, logged, tuple(stream.primary_key) or primary_key, primary_key)
    unlogged = tuple(column for column in table.columns if column.name not in logged)
    if unlogged and not key:
        raise refusal(
            f"{name} has the generated column {unlogged[0].name}, which the log leaves out, and no primary"
            f" key to look its value up by: run ALTER TABLE {name} ADD PRIMARY KEY (<columns>)"
        )
    return CapturedTable(stream.name, table, key, unlogged)


def _require_rows_in_the_log(connection: psycopg.Connection[Any], table: Table, name: str) -> None:
    """The table's rows are its own, or its partitions', and their changes are logged. Raises WorkerError."""
    found = connection.execute(
        """
        select
            c.relkind::text,
            c.relpersistence = 'p',
            array(
                select inhrelid::regclass::text from pg_inherits
                where inhparent = c.oid and c.relkind = 'r'
            ),
            array(
                select p.relid::regclass::text
                from pg_partition_tree(c.oid::regclass) as p join pg_class as k on k.oid = p.relid
                where p.isleaf and p.relid <> c.oid and (k.relkind = 'f' or k.relpersistence <> 'p')
            )
        from pg_class as c where c.oid = %s::oid
        """,
        (table.oid,),
    ).fetchone()
    if found is None:
        raise refusal(f"{name} was dropped just now")
    kind, logged, children, silent = found
    if kind in _NO_TABLES:
        raise refusal(
            f"{name} is {_NO_TABLES[kind]}, and only tables have a log: sync it in full or by a cursor,"
            " from a source without CDC"
        )
    if not logged:
        raise refusal(f"{name} is an unlogged table: run ALTER TABLE {name} SET LOGGED")
    if children:
        raise refusal(
            f"rows of {name} lie in tables that inherit from it ({', '.join(children)}), and are logged"
            " under their names: make partitions of them, or sync the table in full from a source without CDC"
        )
    if silent:
        raise refusal(
            f"the changes of these partitions of {name} are not in the log, as they are foreign or unlogged"
            f" tables: {', '.join(silent)}"
        )


def _key(
    connection: psycopg.Connection[Any],
    table: Table,
    name: str,
    logged: frozenset[str],
    wanted: tuple[str, ...],
    primary_key: tuple[str, ...],
) -> tuple[str, ...]:
    """The columns that a row is known by, which the log has of every row that is changed or deleted.

    Raises WorkerError when it has not.
    """
    if generated := [column for column in wanted if column not in logged]:
        raise refusal(
            f"the log leaves out the generated column {generated[0]}, which is in the key of {name}: make"
            " other columns the key"
        )
    kind, identity = _replica_identity(connection, table)
    if kind == "f":
        return wanted
    if kind == "n" or not identity:
        raise refusal(
            f"{name} has no replica identity, so updates and deletes cannot be captured: give it a primary"
            f" key, or run ALTER TABLE {name} REPLICA IDENTITY FULL"
        )
    if missing := [column for column in wanted if column not in identity]:
        mend = "DEFAULT" if set(wanted) <= set(primary_key) else "FULL"
        raise refusal(
            f"of a row of {name} that is changed or deleted the log has only {', '.join(identity)} (its"
            f" replica identity), and not {', '.join(missing)} of its key: a deletion would arrive without"
            f" one. Run ALTER TABLE {name} REPLICA IDENTITY {mend}"
        )
    return wanted or identity


_INDEX_COLUMNS = """
    select coalesce(array_agg(a.attname::text order by k.place), '{}')
    from pg_index as i
    cross join unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) with ordinality as k (number, place)
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.number
    where i.indrelid = c.oid and
"""


def _primary_key(connection: psycopg.Connection[Any], table: Table) -> tuple[str, ...]:
    row = connection.execute(
        f"select ({_INDEX_COLUMNS} i.indisprimary) from pg_class as c where c.oid = %s::oid", (table.oid,)
    ).fetchone()
    return tuple(row[0]) if row else ()


def _replica_identity(connection: psycopg.Connection[Any], table: Table) -> tuple[str, tuple[str, ...]]:
    """Its kind (pg_class.relreplident), and the columns of the index that it stands for."""
    row = connection.execute(
        f"""
        select c.relreplident::text, (
            {_INDEX_COLUMNS} i.indisvalid and i.indimmediate
            and case c.relreplident when 'd' then i.indisprimary else i.indisreplident end
        )
        from pg_class as c where c.oid = %s::oid
        """,
        (table.oid,),
    ).fetchone()
    return (row[0], tuple(row[1])) if row else ("n", ())


def _without_cursor(stream: Stream) -> Stream:
    """The cursor of a captured stream is `_ab_cdc_lsn`, which no table has."""
    return Stream(stream.name, stream.incremental, None, stream.primary_key, stream.state)
