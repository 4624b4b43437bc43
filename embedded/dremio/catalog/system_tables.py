"""INFORMATION_SCHEMA and the cheap `sys` tables, as Arrow tables that a cursor can read."""

import secrets
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from embedded.dremio.catalog.catalog import Catalog
from embedded.dremio.catalog.entities import Kind, dotted
from embedded.dremio.lake.lake import REFLECTION_SCHEMA, Lake
from embedded.dremio.sql.translate import Relation
from embedded.dremio.sql.types import information_schema_type, precision_and_scale

VERSION = "26.0.0"
CATALOG = "DREMIO"
Rows = list[tuple[Any, ...]]

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
INTEGERS = {
    "ORDINAL_POSITION",
    "COLUMN_SIZE",
    "CHARACTER_MAXIMUM_LENGTH",
    "CHARACTER_OCTET_LENGTH",
    "NUMERIC_PRECISION",
    "NUMERIC_PRECISION_RADIX",
    "NUMERIC_SCALE",
    "DATETIME_PRECISION",
}
VARCHAR_SIZE = 65536


class SystemTables:
    """`extra` holds the tables other rooms of the engine show: name -> Arrow table, made on demand."""

    def __init__(self, catalog: Catalog, lake: Lake) -> None:
        self._catalog = catalog
        self._lake = lake
        self._columns: tuple[int, Rows] | None = None
        self.extra: dict[tuple[str, str], Callable[[], pa.Table]] = {}

    def relation(self, schema: str, name: str) -> Relation | None:
        """The relation of a system table, or nothing."""
        makers: dict[tuple[str, str], Callable[[], pa.Table]] = {
            ("information_schema", "schemata"): lambda: _arrow(SCHEMATA, self._schemata()),
            ("information_schema", "tables"): lambda: _arrow(TABLES, self._tables()),
            ("information_schema", "views"): lambda: _arrow(VIEWS, self._views()),
            ("information_schema", "columns"): lambda: _arrow(COLUMNS, self.columns()),
            ("information_schema", "catalogs"): lambda: _arrow(
                ("CATALOG_NAME", "CATALOG_DESCRIPTION", "CATALOG_CONNECT"), [(CATALOG, "The engine", "")]
            ),
            ("sys", "version"): lambda: _arrow(("version", "commit_id"), [(VERSION, "embedded")]),
            ("sys", "privileges"): lambda: _arrow(
                ("grantee_id", "grantee_type", "object_id", "object_type", "privilege"), []
            ),
            ("sys", "options"): lambda: _arrow(("name", "kind", "type", "status", "string_val"), []),
            **self.extra,
        }
        maker = makers.get((schema, name))
        if maker is None:
            return None
        register = f"system_{secrets.token_hex(6)}"
        return Relation(f'"{register}"', registered=(register, maker()))

    def schemas(self) -> list[str]:
        """Every schema's dotted name."""
        return [row[1] for row in self._schemata()]

    def _schemata(self) -> Rows:
        names = {dotted(e.path) for e in self._catalog.store.all(Kind.SOURCE, Kind.SPACE, Kind.FOLDER)}
        names |= {t.schema for t in self._catalog.visible_tables()}
        names |= {dotted(e.path[:-1]) for e in self._catalog.store.all(Kind.PROMOTED)}
        names |= {"INFORMATION_SCHEMA", "sys"}
        return [(CATALOG, name, "<owner>", "SIMPLE", "NO") for name in sorted(names)]

    def _tables(self) -> Rows:
        rows = [(CATALOG, t.schema, t.name, "TABLE") for t in self._catalog.visible_tables()]
        for entity in self._catalog.store.all(Kind.VIEW, Kind.PROMOTED):
            shown = "VIEW" if entity.kind is Kind.VIEW else "TABLE"
            rows.append((CATALOG, dotted(entity.path[:-1]), entity.path[-1], shown))
        for name in ("CATALOGS", "COLUMNS", "SCHEMATA", "TABLES", "VIEWS"):
            rows.append((CATALOG, "INFORMATION_SCHEMA", name, "SYSTEM_TABLE"))
        return sorted(rows)

    def _views(self) -> Rows:
        return [
            (CATALOG, dotted(e.path[:-1]), e.path[-1], e.body["sql"])
            for e in self._catalog.store.all(Kind.VIEW)
        ]

    def columns(self) -> Rows:
        """INFORMATION_SCHEMA.COLUMNS."""
        rows = list(self._lake_columns())
        for entity in self._catalog.store.all(Kind.VIEW, Kind.PROMOTED):
            schema, name = dotted(entity.path[:-1]), entity.path[-1]
            for position, (column, kind) in enumerate(entity.body["columns"], 1):
                rows.append(column_row(schema, name, column, position, kind))
        return rows

    def _lake_columns(self) -> Rows:
        generation = self._lake.generation
        if self._columns is None or self._columns[0] != generation:
            with self._lake.session() as cursor:
                found = cursor.execute(
                    "select schema_name, table_name, column_name, column_index, data_type"
                    " from duckdb_columns() where database_name = 'lake'"
                    " and schema_name <> ? order by 1, 2, 4",
                    [REFLECTION_SCHEMA],
                ).fetchall()
            self._columns = (generation, [column_row(*row) for row in found])
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


def _arrow(names: tuple[str, ...], rows: Rows) -> pa.Table:
    types = [pa.int32() if name in INTEGERS else pa.string() for name in names]
    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    arrays = [pa.array(list(c), type=t) for c, t in zip(columns, types, strict=True)]
    return pa.table(arrays, names=list(names))
