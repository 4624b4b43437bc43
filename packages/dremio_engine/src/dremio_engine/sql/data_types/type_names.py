"""DuckDB's names of the types that a query writes."""

from sqlglot import exp

from dremio_engine.sql.quoting import quoted


def type_name(node: exp.DataType) -> str | None:
    """DuckDB's name of a type as the query wrote it."""
    if isinstance(node.this, exp.Interval):
        return "INTERVAL"
    if node.is_type(exp.DType.DECIMAL):
        sizes = [e.name for e in node.expressions] or ["38"]
        return f"DECIMAL({sizes[0]},{sizes[1] if len(sizes) > 1 else 0})"
    if node.is_type(*_NESTED):
        return _nested_name(node)
    return _TYPE_NAMES.get(node.this.value if isinstance(node.this, exp.DType) else "")


def _nested_name(node: exp.DataType) -> str | None:
    """Of a list, struct or map; nothing when what it holds has no name."""
    members = [each.args["kind"] if isinstance(each, exp.ColumnDef) else each for each in node.expressions]
    names = [type_name(member) for member in members]
    if not names or None in names:
        return None
    if node.is_type(exp.DType.MAP):
        return f"MAP({', '.join(map(str, names))})"
    if not node.is_type(exp.DType.STRUCT):
        return f"{names[0]}[]"
    fields = zip(node.expressions, names, strict=True)
    return f"STRUCT({', '.join(f'{quoted(field.name)} {name}' for field, name in fields)})"


_NESTED = (exp.DType.ARRAY, exp.DType.LIST, exp.DType.STRUCT, exp.DType.MAP)
_TYPE_NAMES = {
    "INT": "INTEGER",
    "SMALLINT": "INTEGER",
    "TINYINT": "INTEGER",
    "TEXT": "VARCHAR",
    "CHAR": "VARCHAR",
    "NVARCHAR": "VARCHAR",
    "VARBINARY": "BLOB",
    "BINARY": "BLOB",
    **{
        n: n
        for n in ("BOOLEAN", "BIGINT", "FLOAT", "DOUBLE", "VARCHAR", "DATE", "TIME", "TIMESTAMP", "INTERVAL")
    },
}
