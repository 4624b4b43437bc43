"""What makes a table the one that was read: its oid, columns and partitions, its place in the publication.

The log tells of rows. Some changes of a table add, change or remove rows without one line in it: another
table takes the name, a full partition is attached, one is detached or dropped, or truncated by itself, a
column is renamed or comes with a default, the table leaves the publication for a while. What is remembered of
each table in the connection's state is compared with what is found at every sync.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import psycopg

from airbyte_engine.worker.postgres.columns import Table

_FOUND = """
    select
        (
            select coalesce(jsonb_object_agg(k.oid::bigint::text, jsonb_build_array(k.oid::regclass::text,
                k.relfilenode::bigint)), '{}')
            from pg_partition_tree(%(oid)s::oid::regclass) as p
            join pg_class as k on k.oid = p.relid
            where p.isleaf and p.relid <> %(oid)s::oid
        ),
        (
            select string_agg(mark, ' ' order by mark)
            from (
                select 'publication ' || xmin from pg_publication where pubname = %(publication)s
                union all
                select 'table ' || r.oid
                from pg_publication_rel as r
                join pg_publication as p on p.oid = r.prpubid
                where p.pubname = %(publication)s and r.prrelid in (
                    select %(oid)s::oid union select relid from pg_partition_ancestors(%(oid)s::oid::regclass)
                )
            ) as marks (mark)
        ),
        (
            select coalesce(array_agg(attnum::integer), '{}') from pg_attribute
            where attrelid = %(oid)s::oid and attnum > 0 and not attisdropped
                and (atthasmissing or atthasdef or attidentity <> '')
        )
"""


@dataclass(frozen=True)
class TableIdentity:
    """What is remembered of a table; plain values, as the state keeps them."""

    oid: int
    columns: dict[str, str]
    """Names by number, which a column keeps for life (pg_attribute.attnum)."""
    partitions: dict[str, list[Any]]
    """By oid: the partition's name, and the file that it has until it is truncated or written again."""
    publication: str
    """Another one whenever the table has been taken out and put in again, or the publication has changed."""

    def to_state(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> TableIdentity:
        return cls(**state)


@dataclass(frozen=True)
class FoundTable:
    """A table as it is now."""

    identity: TableIdentity
    filled: frozenset[str]
    """Numbers of the columns that existing rows may have got a value in when they were added."""


@dataclass(frozen=True)
class Difference:
    """What the log did not tell since the last sync."""

    read_again: str | None = None
    """Why the whole table is to be read again."""
    attached: tuple[str, ...] = ()
    """The oids of partitions that have come, and may have brought rows."""


def find_table(connection: psycopg.Connection[Any], table: Table, publication: str) -> FoundTable:
    """The table's identity now."""
    row = connection.execute(_FOUND, {"oid": table.oid, "publication": publication}).fetchone()
    partitions, mark, filled = row or ({}, "", [])
    identity = TableIdentity(
        table.oid, {str(column.number): column.name for column in table.columns}, partitions, mark or ""
    )
    return FoundTable(identity, frozenset(map(str, filled)))


def difference(before: TableIdentity, now: FoundTable) -> Difference:
    """Compare a table with what is remembered of it."""
    found = now.identity
    if before.oid != found.oid:
        return Difference(
            "it is another table than the one that was read: renamed, or dropped and made again"
        )
    if before.publication != found.publication:
        return Difference(
            "the publication was changed, or the table was taken out of it, and changes made meanwhile may be"
            " missing"
        )
    for number, name in before.columns.items():
        if (new := found.columns.get(number, name)) != name:
            return Difference(f"its column {name} was renamed to {new}")
    came = [number for number in found.columns if number not in before.columns and number in now.filled]
    if came:
        names = ", ".join(found.columns[number] for number in came)
        return Difference(f"existing rows may have got a value in the new column {names}")
    for oid, (name, file) in before.partitions.items():
        if oid not in found.partitions:
            return Difference(f"the partition {name} was detached or dropped")
        if found.partitions[oid][1] != file:
            return Difference(f"the partition {name} was truncated by itself, or written again")
    return Difference(attached=tuple(oid for oid in found.partitions if oid not in before.partitions))


def partition_of(connection: psycopg.Connection[Any], table: Table, oid: int) -> Table | None:
    """The partition with that oid, with the columns of the table that it belongs to; None when it is gone."""
    row = connection.execute(
        """
        select n.nspname, c.relname, c.relpages
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where c.oid = %s::oid
        """,
        (oid,),
    ).fetchone()
    return replace(table, schema=row[0], name=row[1], pages=row[2], oid=oid) if row else None
