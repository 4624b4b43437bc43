"""Tables and their columns, and the type under which a column's values land, however they were read.

Numbers are never rounded: `numeric(p,s)` of at most 38 digits lands as that decimal, any other numeric as
text. `money` is a decimal with the fraction digits of the server's currency (`lc_monetary`). Arrays land as
lists, bytes as `\\x` and their digits. What Parquet has no type for (ranges, intervals, json, uuid,
composites, ...) lands as PostgreSQL's own text.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import psycopg

from airbyte_engine.worker.column_names import ADDED_TO_ROWS, ColumnNameError, ColumnNames
from airbyte_engine.worker.protocol import Stream, WorkerError

_NUMERIC = 1700
_WIDEST_DECIMAL = 38
_TYPE_MODIFIER_OFFSET = 4
_SCALE_MASK = 0x7FF
MONEY = 790
OID = 26
"""Airbyte's source takes these two for numbers. Domains of them it takes for texts, as all domains."""
BPCHAR = 1042
"""`char(n)`: its padding means nothing, and does not land."""
BYTEA = 17
_LANDS_AS = {
    16: "boolean", BYTEA: "varchar", 20: "bigint", 21: "smallint", 23: "integer", 25: "varchar",
    OID: "bigint", 700: "float", 701: "double", BPCHAR: "varchar", 1043: "varchar",
    1082: "date", 1114: "timestamp", 1184: "timestamptz",
}  # fmt: skip
"""PostgreSQL's type ids (pg_type.dat), and DuckDB's names."""
_SCANNED_AS_THEIR_TEXT = {114, 1083, 2950, 3802}
"""json, time, uuid, jsonb: the scanner's value, cast to text, is PostgreSQL's text."""


ADDED_COLUMNS = ADDED_TO_ROWS | {"_ab_cdc_lsn", "_ab_cdc_updated_at", "_ab_cdc_deleted_at"}
"""What Airbyte adds to a row."""


@dataclass(frozen=True)
class Column:
    """A column with PostgreSQL's type id and modifier."""

    name: str
    type_id: int
    modifier: int = -1
    number: int = 0
    """Its place in the table, which it keeps when it is renamed (pg_attribute.attnum); 0: not known."""
    generated: bool = False
    element: Column | None = None
    """What an array is made of; None: it is not one."""
    dimensions: int = 0
    """Of an array, as the catalog declares them; PostgreSQL does not enforce it."""
    is_hstore: bool = False

    @property
    def lands_as(self) -> str:
        """DuckDB's name of the type in the landing file."""
        if self.element is not None:
            return "varchar" if self.dimensions > 1 else f"{self.element.lands_as}[]"
        if self.type_id in (_NUMERIC, MONEY) and self.modifier >= _TYPE_MODIFIER_OFFSET:
            packed = self.modifier - _TYPE_MODIFIER_OFFSET
            precision, scale = packed >> 16, packed & _SCALE_MASK
            if precision <= _WIDEST_DECIMAL and scale <= precision:
                return f"decimal({precision},{scale})"
        return _LANDS_AS.get(self.type_id, "varchar")

    @property
    def fraction_digits(self) -> int:
        """Of a decimal: digits behind the point."""
        return (self.modifier - _TYPE_MODIFIER_OFFSET) & _SCALE_MASK

    @property
    def is_decimal(self) -> bool:
        return self.element is None and self.lands_as.startswith("decimal")

    @property
    def is_parsed(self) -> bool:
        """Its text is not a value yet: see text_values.py."""
        return self.element is not None or self.is_hstore

    def as_declared(self, columns: list[Column]) -> Column:
        """This column of the log, which knows a type by number, with what the catalog says it is made of."""
        for known in columns:
            if (known.name, known.type_id) != (self.name, self.type_id):
                continue
            if known.type_id == MONEY:
                return replace(self, modifier=known.modifier)
            if known.is_parsed:
                element = known.element
                if element is not None and self.modifier >= 0:
                    element = replace(element, modifier=self.modifier)
                return replace(self, element=element, dimensions=known.dimensions, is_hstore=known.is_hstore)
        return self

    @property
    def scannable(self) -> bool:
        """DuckDB's scanner reads it without loss; otherwise PostgreSQL writes it as text."""
        if self.type_id in (MONEY, OID):
            return False
        native = self.type_id in _LANDS_AS or self.is_decimal
        return native or self.type_id in _SCANNED_AS_THEIR_TEXT


@dataclass(frozen=True)
class Table:
    """A table, view or materialised view of the source."""

    schema: str
    name: str
    columns: list[Column]
    pages: int = 0
    """As PostgreSQL's statistics estimate; 0 for a view, -1 for a partitioned table that is analyzed."""
    oid: int = 0
    """The table itself, whatever it is called (pg_class.oid); 0: not known."""
    ambiguous: bool = False
    """Another table has this name in other letter case. PostgreSQL tells them apart, DuckDB does not."""


def table_of(connection: psycopg.Connection[Any], schemas: list[str], stream: Stream) -> Table:
    """The stream's table in the first of the schemas that has it.

    Raises WorkerError when there is none, or when it lacks the stream's cursor or key columns.
    """
    rows = connection.execute(
        """
        select
            n.nspname, c.oid::bigint, c.relpages,
            (
                select count(*) > 1 from pg_class as k join pg_namespace as m on m.oid = k.relnamespace
                where lower(k.relname) = lower(c.relname) and lower(m.nspname) = lower(n.nspname)
                    and k.relkind in ('r', 'p', 'v', 'm', 'f')
            ),
            a.attname, a.atttypid::bigint, a.atttypmod, a.attnum, a.attgenerated <> '',
            -- Of a domain, what it is made from; int2vector and oidvector are not written as arrays are.
            case
                when b.typlen = -1 and b.typcategory = 'A' and b.oid not in (22, 30) then b.typelem::bigint
            end,
            case
                -- Packed as the modifier of a numeric is: money does not say how many fraction digits it has.
                when 'money' in (t.typname, (select e.typname from pg_type as e where e.oid = b.typelem))
                    then (19 << 16) + scale(0::money::numeric) + 4
                when t.typtype = 'd' then t.typtypmod
                else a.atttypmod
            end,
            case when t.typtype = 'd' then t.typndims else a.attndims end,
            'hstore' in (t.typname, b.typname)
        from pg_attribute as a
        join pg_type as t on t.oid = a.atttypid
        join pg_type as b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
        join pg_class as c on c.oid = a.attrelid
        join pg_namespace as n on n.oid = c.relnamespace
        where c.relname = %s and n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f')
            and a.attnum > 0 and not a.attisdropped
        order by array_position(%s::text[], n.nspname::text), a.attnum
        """,
        (stream.name, schemas, schemas),
    ).fetchall()
    if not rows:
        listed = ", ".join(schemas)
        raise WorkerError(f"There is no table {stream.name} in schema {listed} of the source", "config_error")
    schema = str(rows[0][0])
    columns = [_column(*attribute) for owner, _, _, _, *attribute in rows if owner == schema]
    names = {column.name for column in columns}
    needed = [stream.cursor_field] if stream.incremental and stream.cursor_field else []
    if missing := [name for name in (*needed, *stream.primary_key) if name not in names]:
        raise WorkerError(f"Table {schema}.{stream.name} has no column {', '.join(missing)}", "config_error")
    _require_distinct_names(f"{schema}.{stream.name}", columns)
    _, oid, pages, ambiguous = rows[0][:4]
    return Table(schema, stream.name, columns, pages, oid, ambiguous)


def _column(
    name: str,
    type_id: int,
    modifier: int,
    number: int,
    generated: bool,
    element: int | None,
    element_modifier: int,
    dimensions: int,
    is_hstore: bool,
) -> Column:
    if type_id == MONEY:
        modifier = element_modifier
    made_of = Column(name, element, element_modifier) if element else None
    return Column(name, type_id, modifier, number, generated, made_of, dimensions, is_hstore)


def _require_distinct_names(table: str, columns: list[Column]) -> None:
    """Raises WorkerError when a column has a name under which it cannot land."""
    try:
        ColumnNames(ADDED_COLUMNS).add(column.name for column in columns)
    except ColumnNameError as error:
        raise WorkerError(
            f"Table {table} cannot land: {error}, or make a view with other names the stream", "config_error"
        ) from error
