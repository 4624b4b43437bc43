"""Questions about a value's type. Source: docs.dremio.com, SQL functions, Datatype."""

from dremio_engine.sql.functions.signature import Function, f

# What Dremio's TYPEOF calls DuckDB's types: the names of Arrow's vectors.
_VECTORS = {
    "BOOLEAN": "BIT",
    "INTEGER": "INT",
    "FLOAT": "FLOAT4",
    "DOUBLE": "FLOAT8",
    "DATE": "DATEMILLI",
    "TIME": "TIMEMILLI",
    "TIMESTAMP": "TIMESTAMPMILLI",
    "INTERVAL": "INTERVALDAY",
    "BLOB": "VARBINARY",
    "HUGEINT": "BIGINT",
}
_NAMED = " ".join(f"when '{duckdb}' then '{vector}'" for duckdb, vector in _VECTORS.items())

MACROS = (
    "create or replace macro dremio_typeof(x) as case when x is null then 'NULL'"
    " when typeof(x) like '%]' then 'LIST' when typeof(x) like 'STRUCT(%' then 'STRUCT'"
    " when typeof(x) like 'MAP(%' then 'MAP' when typeof(x) like 'DECIMAL(%' then 'DECIMAL'"
    f" else case typeof(x) {_NAMED} else typeof(x) end end",
)


def _is(test: str) -> Function:
    return f("BOOLEAN", f"({test})")


DATA_TYPES: dict[str, Function] = {
    "IS_BIGINT": _is("typeof({0}) = 'BIGINT'"),
    "IS_BIT": _is("typeof({0}) = 'BOOLEAN'"),
    "IS_DECIMAL": _is("typeof({0}) LIKE 'DECIMAL(%'"),
    "IS_FLOAT4": _is("typeof({0}) = 'FLOAT'"),
    "IS_FLOAT8": _is("typeof({0}) = 'DOUBLE'"),
    "IS_INT": _is("typeof({0}) = 'INTEGER'"),
    "IS_LIST": _is("typeof({0}) LIKE '%]'"),
    "IS_STRUCT": _is("typeof({0}) LIKE 'STRUCT(%' AND typeof({0}) NOT LIKE '%]'"),
    "IS_TIME": _is("typeof({0}) = 'TIME'"),
    "IS_TIMESTAMP": _is("typeof({0}) = 'TIMESTAMP'"),
    "IS_VARBINARY": _is("typeof({0}) = 'BLOB'"),
    "IS_VARCHAR": _is("typeof({0}) = 'VARCHAR'"),
    "TYPEOF": f("VARCHAR", "dremio_typeof({0})"),
}
