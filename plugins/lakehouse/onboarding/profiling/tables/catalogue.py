"""Tables, columns, keys and indexes, read from PostgreSQL's catalog in a few statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from lakehouse.onboarding.profiling.tables.types import PostgresType

_TABLES: Final = """
    select
        c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.reltuples::bigint,
        c.relpersistence = 'p', c.relreplident::text,
        c.relkind in ('r', 'p') and row_security_active(c.oid),
        has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage'),
        exists (select from pg_inherits where inhparent = c.oid) and c.relkind = 'r',
        coalesce(s.n_tup_upd, 0), coalesce(s.n_tup_del, 0)
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    left join pg_stat_user_tables as s on s.relid = c.oid
    where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    order by n.nspname, c.relname
"""
_COLUMNS: Final = """
    with recursive base as (
        select t.oid as declared, t.oid, t.typtype, t.typbasetype, t.typtypmod, false as is_domain
        from pg_type as t
        union all
        select b.declared, t.oid, t.typtype, t.typbasetype,
            case when b.typtypmod >= 0 then b.typtypmod else t.typtypmod end, true
        from base as b join pg_type as t on t.oid = b.typbasetype
        where b.typtype = 'd'
    )
    select
        a.attrelid::bigint, a.attname::text, a.attnotnull or d.typnotnull, a.attgenerated <> '',
        format_type(a.atttypid, a.atttypmod), b.is_domain,
        case
            -- money has as many fraction digits as the server's currency: packed as those of a numeric are.
            when t.typname = 'money' then (19 << 16) + scale(0::money::numeric) + 4
            else coalesce(nullif(a.atttypmod, -1), b.typtypmod)
        end,
        t.typcategory = 'A', coalesce(e.typname, t.typname)::text, coalesce(e.typtype, t.typtype)::text,
        array(
            select g.enumlabel::text from pg_enum as g where g.enumtypid = t.oid order by g.enumsortorder
        )
    from pg_attribute as a
    join pg_type as d on d.oid = a.atttypid
    join base as b on b.declared = a.atttypid and b.typtype <> 'd'
    join pg_type as t on t.oid = b.oid
    left join pg_type as e on e.oid = t.typelem and t.typcategory = 'A'
    where a.attrelid::bigint = any(%s) and a.attnum > 0 and not a.attisdropped
    order by a.attrelid, a.attnum
"""
_INDEXES: Final = """
    select
        i.indrelid::bigint, i.indisprimary, i.indisunique, i.indisreplident,
        i.indpred is null and i.indexprs is null and i.indimmediate,
        array(
            select a.attname::text
            from unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) with ordinality as k (number, place)
            join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.number
            order by k.place
        )
    from pg_index as i
    where i.indrelid::bigint = any(%s) and i.indisvalid
    order by i.indisprimary desc, i.indnkeyatts, i.indexrelid
"""
_PUBLICATIONS: Final = """
    select c.oid::bigint, p.pubname::text
    from pg_publication_tables as p
    join pg_namespace as n on n.nspname = p.schemaname
    join pg_class as c on c.relnamespace = n.oid and c.relname = p.tablename
    where p.schemaname = any(%s)
"""
_SCHEMAS: Final = """
    select n.nspname::text, count(*)
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
        and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    group by 1 order by 1
"""


@dataclass(frozen=True)
class Index:
    """The columns of an index, without those that it only includes."""

    columns: tuple[str, ...]
    is_primary: bool
    is_unique: bool
    is_identity: bool
    """Is it the table's REPLICA IDENTITY?"""
    is_whole: bool
    """Over every row, over columns, and checked at once: what a key needs."""


@dataclass(frozen=True)
class FoundColumn:
    """One column."""

    name: str
    type: PostgresType
    nullable: bool
    generated: bool = False
    labels: tuple[str, ...] = ()
    """An enum's, in its order."""


@dataclass(frozen=True)
class FoundTable:
    """One table or view, as the catalog describes it."""

    oid: int
    schema: str
    name: str
    kind: str
    """pg_class.relkind: r table, p partitioned table, v view, m materialized view, f foreign table."""
    estimated_rows: int
    """By the statistics; -1 if there are none."""
    logged: bool = True
    identity: str = "d"
    """pg_class.relreplident: d default, n nothing, f full, i index."""
    rows_hidden: bool = False
    """Row level security may hide rows from this role."""
    readable: bool = True
    has_children: bool = False
    """Other tables inherit from it."""
    updates: int = 0
    deletions: int = 0
    """Rows updated and deleted since PostgreSQL's statistics were last reset."""
    columns: tuple[FoundColumn, ...] = ()
    indexes: tuple[Index, ...] = ()
    publications: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()
    """Columns that cannot be brought in."""

    @property
    def is_view(self) -> bool:
        return self.kind in "vm"

    @property
    def is_partitioned(self) -> bool:
        return self.kind == "p"

    @property
    def label(self) -> str:
        """`schema.table`, as messages name it."""
        return f"{self.schema}.{self.name}"

    @property
    def primary_key(self) -> tuple[str, ...]:
        return next((index.columns for index in self.indexes if index.is_primary), ())

    @property
    def key(self) -> tuple[str, ...]:
        """The first of `keys` whose columns can all be brought in; empty if there is none."""
        return next((key for key in self.keys if self.left_out.isdisjoint(key)), ())

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """The primary key, then each unique index over columns that are never null, the shortest first.

        None if other tables inherit from it: their rows are read with it, and no index is over both.
        """
        if self.has_children:
            return ()
        never_null = {column.name for column in self.columns if not column.nullable}
        return tuple(
            index.columns
            for index in self.indexes
            if index.is_primary
            or (index.is_unique and index.is_whole and index.columns and never_null.issuperset(index.columns))
        )

    @property
    def unusable_key(self) -> str:
        """The columns that are in the way of the first key, for a sentence; empty if none is."""
        return ", ".join(name for key in self.keys[:1] for name in key if name in self.left_out)

    @property
    def logged_columns(self) -> tuple[str, ...]:
        """What the log has of a row that is changed or deleted: its replica identity; empty if nothing."""
        if self.identity == "f":
            return tuple(column.name for column in self.columns if not column.generated)
        if self.identity == "i":
            return next((index.columns for index in self.indexes if index.is_identity), ())
        return self.primary_key if self.identity == "d" else ()


def read_catalogue(connection: Any, schemas: Sequence[str]) -> tuple[FoundTable, ...]:
    """Every table and view of the schemas, by schema and name; partitions are their table's."""
    rows = connection.execute(_TABLES, (list(schemas),)).fetchall()
    oids = [row[0] for row in rows]
    columns = _grouped(connection.execute(_COLUMNS, (oids,)), _column)
    indexes = _grouped(connection.execute(_INDEXES, (oids,)), _index)
    published = _grouped(connection.execute(_PUBLICATIONS, (list(schemas),)), lambda row: str(row[0]))
    return tuple(
        replace(
            FoundTable(*row),
            columns=columns.get(row[0], ()),
            indexes=indexes.get(row[0], ()),
            publications=published.get(row[0], ()),
        )
        for row in rows
    )


def schemas_with_tables(connection: Any) -> dict[str, int]:
    """Schemas of the database that are not PostgreSQL's own, and how many tables and views each has."""
    return dict(connection.execute(_SCHEMAS).fetchall())


def _grouped(rows: Iterable[Sequence[Any]], made: Any) -> Mapping[int, tuple[Any, ...]]:
    """What is made of each row's other fields, by the table's oid, which is its first."""
    found: dict[int, list[Any]] = {}
    for oid, *fields in rows:
        found.setdefault(oid, []).append(made(fields))
    return {oid: tuple(each) for oid, each in found.items()}


def _column(row: Sequence[Any]) -> FoundColumn:
    name, never_null, generated, shown, is_domain, modifier, is_array, base, kind, labels = row
    found = PostgresType(base, shown, kind, modifier, is_array, is_domain)
    return FoundColumn(name, found, not never_null, generated, tuple(labels))


def _index(row: Sequence[Any]) -> Index:
    is_primary, is_unique, is_identity, is_whole, columns = row
    return Index(tuple(columns), is_primary, is_unique, is_identity, is_whole)
