"""What PostgreSQL must grant and be set to before its changes can be captured; each refusal says the SQL to
run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

from airbyte_engine.worker.postgres.columns import Table, table_of
from airbyte_engine.worker.protocol import Stream, WorkerError


@dataclass(frozen=True)
class CapturedTable:
    """A table of the publication, and the columns by which its rows are known."""

    stream: str
    table: Table
    key: tuple[str, ...]


def captured_tables(
    connection: psycopg.Connection[Any], schemas: list[str], publication: str, streams: list[Stream]
) -> list[CapturedTable]:
    """Each stream's table. Raises WorkerError (config_error) that says what is missing."""
    _require_server(connection)
    _require_publication(connection, publication)
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
        raise _refusal(
            f"wal_level is {level!r}: set it to 'logical' in postgresql.conf and restart PostgreSQL"
        )
    if not may_replicate:
        raise _refusal(f'the role may not replicate: run ALTER ROLE "{role}" REPLICATION')
    if standby:
        raise _refusal("this server is a standby; changes are captured from the primary")


def _require_publication(connection: psycopg.Connection[Any], publication: str) -> None:
    row = connection.execute(
        "select pubinsert and pubupdate and pubdelete from pg_publication where pubname = %s", (publication,)
    ).fetchone()
    if row is None:
        raise _refusal(
            f"there is no publication {publication!r}: run"
            f' CREATE PUBLICATION "{publication}" FOR TABLE <the streams\' tables>'
        )
    if not row[0]:
        raise _refusal(
            f"publication {publication!r} leaves out inserts, updates or deletes: run"
            f" ALTER PUBLICATION \"{publication}\" SET (publish = 'insert, update, delete, truncate')"
        )


def _captured(
    connection: psycopg.Connection[Any], schemas: list[str], publication: str, stream: Stream
) -> CapturedTable:
    table = table_of(connection, schemas, _without_cursor(stream))
    name = f'"{table.schema}"."{table.name}"'
    published = connection.execute(
        "select 1 from pg_publication_tables where pubname = %s and schemaname = %s and tablename = %s",
        (publication, table.schema, table.name),
    ).fetchone()
    if published is None:
        raise _refusal(
            f"publication {publication!r} lacks {name}: run"
            f' ALTER PUBLICATION "{publication}" ADD TABLE {name}'
        )
    identity, key = _identity(connection, name)
    if identity == "n" or (identity == "d" and not key):
        raise _refusal(
            f"{name} has no replica identity, so updates and deletes cannot be captured: give it a primary"
            f" key, or run ALTER TABLE {name} REPLICA IDENTITY FULL"
        )
    return CapturedTable(stream.name, table, tuple(key or stream.primary_key))


def _identity(connection: psycopg.Connection[Any], name: str) -> tuple[str, list[str]]:
    row = connection.execute(
        """
        select
            c.relreplident::text,
            coalesce(
                array_agg(a.attname::text order by a.attnum) filter (where a.attnum = any(i.indkey)), '{}'
            )
        from pg_class as c
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
        left join pg_index as i on i.indrelid = c.oid and i.indisprimary
        where c.oid = %s::regclass
        group by c.relreplident
        """,
        (name,),
    ).fetchone()
    return (row[0], list(row[1])) if row else ("n", [])


def _without_cursor(stream: Stream) -> Stream:
    """The cursor of a captured stream is `_ab_cdc_lsn`, which no table has."""
    return Stream(stream.name, stream.incremental, None, stream.primary_key, stream.state)


def _refusal(what: str) -> WorkerError:
    return WorkerError(f"Changes cannot be captured: {what}", "config_error")
