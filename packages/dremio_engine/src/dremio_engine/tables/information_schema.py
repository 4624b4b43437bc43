"""INFORMATION_SCHEMA: what the catalog holds, as rows with Dremio's columns."""

from collections.abc import Iterable
from typing import Any

from dremio_engine.catalog.entities import Kind
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.lake.connection import METADATA, REFLECTION_SCHEMA
from dremio_engine.lake.database_tables import DatabaseTables
from dremio_engine.lake.lake import Lake
from dremio_engine.paths import dotted
from dremio_engine.sql.data_types.types import information_schema_type, precision_and_scale
from dremio_engine.tables.system_tables import Makers, Rows, arrow

CATALOG = "DREMIO"

CATALOGS = ("CATALOG_NAME", "CATALOG_DESCRIPTION", "CATALOG_CONNECT")
SCHEMATA = ("CATALOG_NAME", "SCHEMA_NAME", "SCHEMA_OWNER", "TYPE", "IS_MUTABLE")
TABLES = ("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "TABLE_TYPE")
VIEWS = ("TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "VIEW_DEFINITION")
COLUMNS = (
    "TABLE_CATALOG",
    "TABLE_SCHEMA",
    "TABLE_NAME",
    "COLUMN_NAME",
    "ORDINAL_POSITION",
    "COLUMN_DEFAULT",
    "IS_NULLABLE",
    "DATA_TYPE",
    "COLUMN_SIZE",
    "CHARACTER_MAXIMUM_LENGTH",
    "CHARACTER_OCTET_LENGTH",
    "NUMERIC_PRECISION",
    "NUMERIC_PRECISION_RADIX",
    "NUMERIC_SCALE",
    "DATETIME_PRECISION",
)
INTEGERS = frozenset(
    {
        "ORDINAL_POSITION",
        "COLUMN_SIZE",
        "CHARACTER_MAXIMUM_LENGTH",
        "CHARACTER_OCTET_LENGTH",
        "NUMERIC_PRECISION",
        "NUMERIC_PRECISION_RADIX",
        "NUMERIC_SCALE",
        "DATETIME_PRECISION",
    }
)
VARCHAR_SIZE = 65536
OWN_TABLES = {
    "CATALOGS": CATALOGS,
    "COLUMNS": COLUMNS,
    "SCHEMATA": SCHEMATA,
    "TABLES": TABLES,
    "VIEWS": VIEWS,
}

# DuckLake's words for types -> DuckDB's, where they are others. Nested types need not name what they hold.
_DUCKLAKE_TYPES = {
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "int128": "HUGEINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
    "timetz": "TIME WITH TIME ZONE",
    "list": "VARCHAR[]",
}
# Never asked of DuckDB's own listing: that asks every attached database, and fails when one is down.
_LAKE_COLUMNS = f"""
select s.schema_name, t.table_name, c.column_name,
  row_number() over (partition by t.table_id order by c.column_order)::int, c.column_type
from {METADATA}.ducklake_column c
join {METADATA}.ducklake_table t on t.table_id = c.table_id and t.end_snapshot is null
join {METADATA}.ducklake_schema s on s.schema_id = t.schema_id and s.end_snapshot is null
where c.end_snapshot is null and c.parent_column is null and s.schema_name <> ?
order by 1, 2, 4
"""


class InformationSchema:
    """Tables of a PostgreSQL source show while it answers."""

    def __init__(
        self, inventory: Inventory, lake: Lake, databases: DatabaseTables, sys_tables: Iterable[str]
    ) -> None:
        """`sys_tables` are the names of the tables in `sys`."""
        self._inventory, self._lake, self._databases = inventory, lake, databases
        self._sys_tables = tuple(sys_tables)
        self._columns: tuple[int, Rows] | None = None

    def makers(self) -> Makers:
        """How each of its tables is made."""
        return {
            ("information_schema", "schemata"): lambda: arrow(SCHEMATA, self.schemata(), INTEGERS),
            ("information_schema", "tables"): lambda: arrow(TABLES, self.tables(), INTEGERS),
            ("information_schema", "views"): lambda: arrow(VIEWS, self.views(), INTEGERS),
            ("information_schema", "columns"): lambda: arrow(COLUMNS, self.columns(), INTEGERS),
            ("information_schema", "catalogs"): lambda: arrow(CATALOGS, [(CATALOG, "The engine", "")]),
        }

    def schemata(self) -> Rows:
        """SCHEMATA."""
        names = {dotted(e.path) for e in self._inventory.store.all(Kind.SOURCE, Kind.SPACE, Kind.FOLDER)}
        names |= {t.schema for t in self._inventory.visible_tables()}
        names |= {dotted(e.path[:-1]) for e in self._inventory.store.all(Kind.PROMOTED)}
        names |= {f"{c.source}.{c.schema}" for c in self._databases.all()}
        names |= {"INFORMATION_SCHEMA", "sys"}
        return [(CATALOG, name, "<owner>", "SIMPLE", "NO") for name in sorted(names)]

    def tables(self) -> Rows:
        """TABLES."""
        rows = [(CATALOG, t.schema, t.name, "TABLE") for t in self._inventory.visible_tables()]
        for entity in self._inventory.store.all(Kind.VIEW, Kind.PROMOTED):
            shown = "VIEW" if entity.kind is Kind.VIEW else "TABLE"
            rows.append((CATALOG, dotted(entity.path[:-1]), entity.path[-1], shown))
        rows += {(CATALOG, f"{c.source}.{c.schema}", c.table, "TABLE") for c in self._databases.all()}
        rows += [(CATALOG, "INFORMATION_SCHEMA", name, "SYSTEM_TABLE") for name in OWN_TABLES]
        rows += [(CATALOG, "sys", name, "SYSTEM_TABLE") for name in self._sys_tables]
        return sorted(rows)

    def views(self) -> Rows:
        """VIEWS."""
        return [
            (CATALOG, dotted(e.path[:-1]), e.path[-1], e.body["sql"])
            for e in self._inventory.store.all(Kind.VIEW)
        ]

    def columns(self) -> Rows:
        """COLUMNS."""
        rows = list(self._lake_columns())
        for entity in self._inventory.store.all(Kind.VIEW, Kind.PROMOTED):
            schema, name = dotted(entity.path[:-1]), entity.path[-1]
            for position, (column, kind) in enumerate(entity.body["columns"], 1):
                rows.append(column_row(schema, name, column, position, kind))
        for c in self._databases.all():
            rows.append(column_row(f"{c.source}.{c.schema}", c.table, c.name, c.position, c.type))
        for table, names in OWN_TABLES.items():
            for position, column in enumerate(names, 1):
                kind = "INTEGER" if column in INTEGERS else "VARCHAR"
                rows.append(column_row("INFORMATION_SCHEMA", table, column, position, kind))
        return rows

    def _lake_columns(self) -> Rows:
        generation = self._lake.generation
        if self._columns is None or self._columns[0] != generation:
            with self._lake.session() as cursor:
                found = cursor.execute(_LAKE_COLUMNS, [REFLECTION_SCHEMA]).fetchall()
            self._columns = (
                generation,
                [
                    column_row(schema, table, name, position, _DUCKLAKE_TYPES.get(kind, kind.upper()))
                    for schema, table, name, position, kind in found
                ],
            )
        return [row for row in self._columns[1] if self._lake.source(row[1].partition(".")[0])]


def column_row(schema: str, table: str, column: str, position: int, duckdb_type: str) -> tuple[Any, ...]:
    """One row of INFORMATION_SCHEMA.COLUMNS."""
    shown = information_schema_type(duckdb_type)
    precision, scale = precision_and_scale(duckdb_type)
    size = VARCHAR_SIZE if shown in ("CHARACTER VARYING", "BINARY VARYING") else None
    moment = 3 if shown in ("TIMESTAMP", "TIME") else 0 if shown == "DATE" else None
    return (
        CATALOG,
        schema,
        table,
        column,
        position,
        None,
        "YES",
        shown,
        size,
        size,
        size,
        precision,
        None if precision is None else 10 if shown == "DECIMAL" else 2,
        scale,
        moment,
    )
