"""What a publication lets through of a table. What it leaves out is missing from the log without a word."""

from __future__ import annotations

from typing import Any

import psycopg

from airbyte_engine.worker.postgres.address import quoted
from airbyte_engine.worker.postgres.columns import Table
from airbyte_engine.worker.protocol import WorkerError


def refusal(what: str) -> WorkerError:
    """The error of a source whose changes cannot be captured."""
    return WorkerError(f"Changes cannot be captured: {what}", "config_error")


def require_publication(connection: psycopg.Connection[Any], publication: str) -> None:
    """It is there, and lets every kind of change through. Raises WorkerError."""
    row = connection.execute(
        "select pubinsert and pubupdate and pubdelete and pubtruncate from pg_publication where pubname = %s",
        (publication,),
    ).fetchone()
    if row is None:
        raise refusal(
            f"there is no publication {publication!r}: run"
            f" CREATE PUBLICATION {quoted(publication)} FOR TABLE <the streams' tables>"
        )
    if not row[0]:
        raise refusal(
            f"publication {publication!r} leaves out inserts, updates, deletes or truncations: run"
            f" ALTER PUBLICATION {quoted(publication)} SET (publish = 'insert, update, delete, truncate')"
        )


def published_columns(
    connection: psycopg.Connection[Any], publication: str, table: Table, name: str
) -> frozenset[str]:
    """The columns of the table that the log has: all but generated ones.

    Raises WorkerError when the publication lacks the table, or leaves out rows or columns of it.
    """
    not_generated = [column.name for column in table.columns if not column.generated]
    asked = "attnames::text[], rowfilter" if _lists_columns(connection) else "null, null"
    row = connection.execute(
        f"select {asked} from pg_publication_tables"
        " where pubname = %s and schemaname = %s and tablename = %s",
        (publication, table.schema, table.name),
    ).fetchone()
    if row is None:
        raise refusal(_how_to_publish(connection, publication, table, name))
    published, row_filter = row
    whole = (
        f"run ALTER PUBLICATION {quoted(publication)} DROP TABLE {name} and then"
        f" ALTER PUBLICATION {quoted(publication)} ADD TABLE {name}"
    )
    if row_filter is not None:
        raise refusal(f"publication {publication!r} leaves out rows of {name} (WHERE {row_filter}): {whole}")
    if published is None:
        return frozenset(not_generated)
    if missing := [column for column in not_generated if column not in published]:
        raise refusal(f"publication {publication!r} leaves out {', '.join(missing)} of {name}: {whole}")
    # PostgreSQL 15 lists the generated ones, and its log does not have them.
    return frozenset(published) & frozenset(not_generated)


def _lists_columns(connection: psycopg.Connection[Any]) -> bool:
    """Since PostgreSQL 15 publications may name columns, filter rows and hold whole schemas."""
    return connection.info.server_version >= 150000


def _how_to_publish(connection: psycopg.Connection[Any], publication: str, table: Table, name: str) -> str:
    """What is wrong with a table that the publication does not list under its own name."""
    by_schema = (
        "exists (select from pg_publication_namespace where pnpubid = p.oid and pnnspid = c.relnamespace)"
        if _lists_columns(connection)
        else "false"
    )
    row = connection.execute(
        f"""
        with above as (select relid from pg_partition_ancestors(%(oid)s::oid::regclass))
        select
            p.pubviaroot,
            c.relkind = 'p',
            p.puballtables or {by_schema} or exists (
                select from pg_publication_rel as r
                where r.prpubid = p.oid and (r.prrelid = c.oid or r.prrelid in (select relid from above))
            ),
            (
                select above.relid::regclass::text
                from above
                join pg_class as k on k.oid = above.relid
                join pg_namespace as n on n.oid = k.relnamespace
                join pg_publication_tables as t
                    on t.schemaname = n.nspname and t.tablename = k.relname and t.pubname = p.pubname
                where above.relid <> c.oid limit 1
            )
        from pg_publication as p, pg_class as c
        where p.pubname = %(publication)s and c.oid = %(oid)s::oid
        """,
        {"oid": table.oid, "publication": publication},
    ).fetchone()
    via_root, is_root, is_member, root = row or (False, False, False, None)
    if root is not None:
        return f"publication {publication!r} publishes {name} as a part of {root}: make {root} the stream"
    statements = []
    if not is_member:
        statements.append(f"ALTER PUBLICATION {quoted(publication)} ADD TABLE {name}")
    if is_root and not via_root:
        statements.append(f"ALTER PUBLICATION {quoted(publication)} SET (publish_via_partition_root = true)")
    what = "publishes the partitions of" if is_member and is_root else "lacks"
    return f"publication {publication!r} {what} {name}: run {' and then '.join(statements)}"
