"""Tables that show the engine itself, each made as an Arrow table when a query names it.

There is no sys.nodes, sys.memory or sys.threads: one process has no nodes, and DuckDB's figures are not
Dremio's.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

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
NOT_SHOWN = {"password", "user", "host", "state_dir", "nas_root"}
Rows = list[tuple[Any, ...]]
# (schema, name) in lower case -> what makes the table.
Makers = Mapping[tuple[str, str], Callable[[], pa.Table]]


class SystemTables:
    """The relations of the tables that other parts of the engine know how to make."""

    def __init__(self, makers: Makers) -> None:
        self._makers = makers

    def relation(self, schema: str, name: str) -> Relation | None:
        """The relation of a system table, or nothing."""
        maker = self._makers.get((schema, name))
        if maker is None:
            return None
        mark = f"system_{secrets.token_hex(6)}"
        return Relation(f'"{mark}"', registered=(mark, maker()))


def engine_tables(settings: Settings) -> Makers:
    """`sys.version`, and `sys.options` with the engine's settings; Dremio's support keys it does not have."""
    version = (VERSION, "embedded", "embedded engine", None, None, None)
    return {
        ("sys", "version"): lambda: arrow(VERSION_COLUMNS, [version]),
        ("sys", "options"): lambda: _options(settings),
    }


def _options(settings: Settings) -> pa.Table:
    rows = [
        _option(f"embedded.{name}", getattr(settings, name), field.default)
        for name, field in sorted(type(settings).model_fields.items())
        if name not in NOT_SHOWN
    ]
    arrays = [pa.array([row[name] for row in rows], type=kind) for name, kind in OPTION_TYPES.items()]
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


def arrow(names: Sequence[str], rows: Rows, integers: frozenset[str] = frozenset()) -> pa.Table:
    """Rows as a table of texts, and of whole numbers in the columns that are `integers`."""
    types = [pa.int32() if name in integers else pa.string() for name in names]
    columns = zip(*rows, strict=True) if rows else [[] for _ in names]
    arrays = [pa.array(list(c), type=t) for c, t in zip(columns, types, strict=True)]
    return pa.table(arrays, names=list(names))
