"""Every table that shows the engine itself, as an Arrow table that a cursor can read.

INFORMATION_SCHEMA, `sys.version`, `sys.options` and what other rooms of the engine register. There is no
sys.nodes, sys.memory or sys.threads: one process has no nodes, and DuckDB's figures are not Dremio's.
"""

import secrets
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from dremio_engine.catalog.catalog import Catalog
from dremio_engine.catalog.information_schema import (
    CATALOG,
    CATALOGS,
    COLUMNS,
    INTEGERS,
    SCHEMATA,
    TABLES,
    VIEWS,
    InformationSchema,
    Rows,
)
from dremio_engine.lake.lake import Lake
from dremio_engine.settings import Settings
from dremio_engine.sql.translate import Relation

VERSION = "26.0.0"
VERSION_COLUMNS = ("version", "commit_id", "commit_message", "commit_time", "build_email", "build_time")
OPTION_TYPES: dict[str, pa.DataType] = {
    "name": pa.string(),
    "kind": pa.string(),
    "type": pa.string(),
    "status": pa.string(),
    "num_val": pa.int64(),
    "string_val": pa.string(),
    "bool_val": pa.bool_(),
    "float_val": pa.float64(),
}
NOT_SHOWN = {"password", "user", "host", "lakehouse_state", "nas_root"}


class SystemTables:
    """`extra` holds the tables other rooms of the engine show: name -> Arrow table, made on demand."""

    def __init__(self, catalog: Catalog, lake: Lake) -> None:
        self.databases = catalog.databases
        self._schema = InformationSchema(catalog, lake, self.databases)
        self._options: list[dict[str, Any]] = []
        self.extra: dict[tuple[str, str], Callable[[], pa.Table]] = {}

    def show_options(self, settings: Settings) -> None:
        """Let sys.options list the engine's settings; Dremio's own support keys it does not have."""
        self._options = [
            _option(f"embedded.{name}", getattr(settings, name), field.default)
            for name, field in sorted(type(settings).model_fields.items())
            if name not in NOT_SHOWN
        ]

    def relation(self, schema: str, name: str) -> Relation | None:
        """The relation of a system table, or nothing."""
        makers = self._makers()
        maker = makers.get((schema, name))
        if maker is None:
            return None
        self._schema.sys_tables = [table for within, table in makers if within == "sys"]
        register = f"system_{secrets.token_hex(6)}"
        return Relation(f'"{register}"', registered=(register, maker()))

    def _makers(self) -> dict[tuple[str, str], Callable[[], pa.Table]]:
        shown = self._schema
        return {
            ("information_schema", "schemata"): lambda: _arrow(SCHEMATA, shown.schemata()),
            ("information_schema", "tables"): lambda: _arrow(TABLES, shown.tables()),
            ("information_schema", "views"): lambda: _arrow(VIEWS, shown.views()),
            ("information_schema", "columns"): lambda: _arrow(COLUMNS, shown.columns()),
            ("information_schema", "catalogs"): lambda: _arrow(CATALOGS, [(CATALOG, "The engine", "")]),
            ("sys", "version"): lambda: _arrow(
                VERSION_COLUMNS, [(VERSION, "embedded", "embedded engine", None, None, None)]
            ),
            ("sys", "options"): self._option_rows,
            ("sys", "privileges"): lambda: _arrow(
                ("grantee_id", "grantee_type", "object_id", "object_type", "privilege"), []
            ),
            **self.extra,
        }

    def schemas(self) -> list[str]:
        """Every schema's dotted name."""
        return [row[1] for row in self._schema.schemata()]

    def columns(self) -> Rows:
        """INFORMATION_SCHEMA.COLUMNS."""
        return self._schema.columns()

    def _option_rows(self) -> pa.Table:
        arrays = [
            pa.array([row[name] for row in self._options], type=kind) for name, kind in OPTION_TYPES.items()
        ]
        return pa.table(arrays, names=list(OPTION_TYPES))


def _option(name: str, value: Any, default: Any) -> dict[str, Any]:
    kind = {bool: "BOOLEAN", int: "LONG", float: "DOUBLE"}.get(type(value), "STRING")
    return {
        "name": name,
        "kind": kind,
        "type": "SYSTEM",
        "status": "DEFAULT" if value == default else "CHANGED",
        "num_val": value if kind == "LONG" else None,
        "string_val": str(value) if kind == "STRING" else None,
        "bool_val": value if kind == "BOOLEAN" else None,
        "float_val": value if kind == "DOUBLE" else None,
    }


def _arrow(names: tuple[str, ...], rows: Rows) -> pa.Table:
    types = [pa.int32() if name in INTEGERS else pa.string() for name in names]
    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    arrays = [pa.array(list(c), type=t) for c, t in zip(columns, types, strict=True)]
    return pa.table(arrays, names=list(names))
