"""The properties of a table (TBLPROPERTIES): kept as DuckLake's comment on it, so they go with the table."""

import json
from collections.abc import Mapping

from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor
from dremio_engine.lake.lake import LakeTable
from dremio_engine.sql.quoting import literal

_KEY = "tblproperties"


def properties_of(cursor: Cursor, table: LakeTable) -> dict[str, str]:
    """Name and value of each, by name."""
    row = cursor.execute(
        f"select value from {METADATA}.ducklake_tag"
        " where object_id = ? and key = 'comment' and end_snapshot is null and value is not null",
        [table.table_id],
    ).fetchone()
    return dict(sorted(json.loads(row[0])[_KEY].items())) if row else {}


def write_properties(cursor: Cursor, name: str, properties: Mapping[str, str]) -> None:
    """Keep these, and no others, for a table by its name in DuckDB's SQL."""
    kept = literal(json.dumps({_KEY: dict(properties)})) if properties else "null"
    cursor.execute(f"comment on table {name} is {kept}")
