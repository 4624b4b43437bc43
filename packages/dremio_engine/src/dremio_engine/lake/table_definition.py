"""CREATE TABLE of a table that is there, as SHOW CREATE TABLE gives it: the statement can be run again."""

from collections.abc import Iterable, Mapping

from sqlglot import exp

from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor
from dremio_engine.lake.definitions import partitioned_now
from dremio_engine.lake.lake import LakeTable, lake_name
from dremio_engine.lake.properties import properties_of
from dremio_engine.paths import Path
from dremio_engine.sql.quoting import literal, quoted

_NAMES = {
    "TEXT": "VARCHAR",
    "BLOB": "VARBINARY",
    "INT": "INTEGER",
    "TIMESTAMPNTZ": "TIMESTAMP",
    "STRUCT": "ROW",
    "LIST": "ARRAY",
}
_UNITS = ("year", "month", "day", "hour")


def table_definition(cursor: Cursor, table: LakeTable, path: Path) -> str:
    """The statement, on one line for each clause."""
    columns = cursor.execute(f"describe {lake_name(table)}").fetchall()
    lines = [f"CREATE TABLE {'.'.join(map(quoted, path))} (", ",\n".join(_columns(columns)), ")"]
    if keys := iceberg_fields(partitioned_now(cursor, table)):
        lines.append(f"PARTITION BY ({', '.join(keys)})")
    if sort := _sorted_by(cursor, table):
        lines.append(f"LOCALSORT BY ({', '.join(map(quoted, sort))})")
    if properties := properties_of(cursor, table):
        lines.append(f"TBLPROPERTIES ({_properties(properties)})")
    return "\n".join(lines)


def dremio_type(duckdb_type: str) -> str:
    """Dremio's name of a DuckDB type, whole: `ARRAY(INTEGER)`, `ROW("a" DATE)`."""
    return _written(exp.DataType.build(duckdb_type, dialect="duckdb"))


def iceberg_fields(keys: Iterable[str]) -> list[str]:
    """DuckLake's partition keys as Iceberg's, whose month is one of a year: `year(d), month(d)` is that."""
    found: list[str] = []
    for key in keys:
        unit, _, column = key.partition("(")
        above = _UNITS[_UNITS.index(unit) - 1] if unit in _UNITS[1:] else None
        if above is not None and found and found[-1] == f"{above}({column}":
            found[-1] = key
        else:
            found.append(key)
    return found


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterable[str]:
    return (f"  {quoted(row[0])} {dremio_type(row[1])}" for row in rows)


def _written(kind: exp.DataType) -> str:
    name = kind.this.value if isinstance(kind.this, exp.DType) else str(kind.this)
    shown = _NAMES.get(name, name)
    inner = kind.expressions
    if name == "STRUCT":
        members = (f"{quoted(m.this.name)} {_written(m.args['kind'])}" for m in inner)
        return f"{shown}({', '.join(members)})"
    if name == "DECIMAL":
        return f"DECIMAL({', '.join(part.name for part in inner)})"
    if name in ("LIST", "ARRAY", "MAP"):
        return f"{shown}({', '.join(map(_written, inner))})"
    return shown


def _sorted_by(cursor: Cursor, table: LakeTable) -> list[str]:
    return [
        str(expression).strip('"')
        for (expression,) in cursor.execute(
            f"select e.expression from {METADATA}.ducklake_sort_info i"
            f" join {METADATA}.ducklake_sort_expression e using (sort_id, table_id)"
            " where i.table_id = ? and i.end_snapshot is null order by e.sort_key_index",
            [table.table_id],
        ).fetchall()
    ]


def _properties(properties: Mapping[str, str]) -> str:
    return ", ".join(f"{literal(name)} = {literal(value)}" for name, value in properties.items())
