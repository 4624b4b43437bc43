"""How a table's types, partitions and order are written for DuckLake."""

from typing import Any

from sqlglot import exp

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor
from dremio_engine.lake.lake import LakeTable
from dremio_engine.paths import Path, dotted
from dremio_engine.sql.data_types.types import stored_type
from dremio_engine.sql.parsed import parse, parsed
from dremio_engine.sql.quoting import quoted, unquoted
from dremio_engine.sql.refusals.faults import NotParsed
from dremio_engine.sql.statements import commands as c
from dremio_engine.sql.translate import Translator


def partition_keys(field: c.PartitionField) -> list[str]:
    """DuckLake's keys for a field. Iceberg's month is a month of a year, DuckLake's a month of any year.

    Raises Unsupported for a transform that DuckLake does not have.
    """
    column = quoted(field.column)
    units = ("year", "month", "day", "hour")
    match field.transform:
        case "identity":
            return [column]
        case unit if unit in units:
            return [f"{key}({column})" for key in units[: units.index(unit) + 1]]
        case "bucket":
            return [f"bucket({int(field.argument or 0)}, {column})"]
        case other:
            raise Unsupported(f"Partition transform [{other}] is not supported by the embedded engine.")


def partition_sql(fields: tuple[c.PartitionField, ...]) -> str:
    """The partition keys of a new table."""
    return ", ".join(dict.fromkeys(key for field in fields for key in partition_keys(field)))


def partitioned_now(cursor: Cursor, table: LakeTable) -> list[str]:
    """The partition keys a table has, as `partition_keys` writes them."""
    rows = cursor.execute(
        f"select k.transform, c.column_name from {METADATA}.ducklake_partition_info p"
        f" join {METADATA}.ducklake_partition_column k on k.partition_id = p.partition_id"
        f" join {METADATA}.ducklake_column c on c.table_id = p.table_id and c.column_id = k.column_id"
        " and c.end_snapshot is null where p.table_id = ? and p.end_snapshot is null"
        " order by k.partition_key_index",
        [table.table_id],
    ).fetchall()
    keys = []
    for transform, column in rows:
        function, _, argument = str(transform).partition("(")
        if function == "identity":
            keys.append(quoted(column))
        else:
            inside = f"{argument.rstrip(')')}, " if argument else ""
            keys.append(f"{function}({inside}{quoted(column)})")
    return keys


def sorted_now(cursor: Cursor, table: LakeTable) -> list[str]:
    """The columns by which a table's files are sorted, the first one first."""
    rows = cursor.execute(
        f"select e.expression from {METADATA}.ducklake_sort_info i"
        f" join {METADATA}.ducklake_sort_expression e on e.sort_id = i.sort_id"
        " where i.table_id = ? and i.end_snapshot is null order by e.sort_key_index",
        [table.table_id],
    ).fetchall()
    return [unquoted(expression) for (expression,) in rows]


def repartitioned(command: c.PartitionFields, keys: list[str]) -> list[str]:
    """The keys after ADD or DROP PARTITION FIELD. Raises InvalidStatement when it is there, or is not."""
    wanted = [key.lower() for key in partition_keys(command.field)]
    there = {key.lower() for key in keys}
    what = f"Partition field [{command.field.transform}({command.field.column})]"
    if command.drop:
        if not there.issuperset(wanted):
            raise InvalidStatement(f"VALIDATION ERROR: {what} is not there.")
        return [key for key in keys if key.lower() not in wanted]
    if there.issuperset(wanted):
        raise InvalidStatement(f"VALIDATION ERROR: {what} is there already.")
    return keys + [key for key in partition_keys(command.field) if key.lower() not in there]


def column_type(text: str) -> str:
    """DuckDB's type for a Dremio column type. Raises InvalidStatement or Unsupported."""
    try:
        fault = parsed(f"select cast(null as {text})").fault
    except NotParsed as error:
        raise InvalidStatement(f"PARSE ERROR: [{text}] is not a type.") from error
    if fault is not None:
        raise InvalidStatement(f"PARSE ERROR: [{text}] is not a type: {fault.reason}.")
    # As what a list holds: the cast of a plain value would be written as a function.
    tree = Translator(_nothing).tree(parse(f"select cast(null as list<{text}>)"), ())
    kind = tree.find(exp.DataType)
    if kind is None or len(kind.expressions) != 1 or len(tree.expressions) != 1:
        raise InvalidStatement(f"PARSE ERROR: [{text}] is not a type.")
    rendered = kind.expressions[0].sql(dialect="duckdb")
    return {"TEXT": "VARCHAR", "INT": "INTEGER", "REAL": "FLOAT"}.get(
        rendered, stored_type(rendered) or rendered
    )


def _nothing(path: Path, context: Path) -> Any:
    raise InvalidStatement(f"PARSE ERROR: [{dotted(path)}] cannot stand in a type.")
