"""Types: what Dremio calls them, and Arrow values narrowed to what its clients accept."""

import pyarrow as pa
import pyarrow.compute as pc

from dremio_engine.errors import InvalidStatement

# DuckDB's type -> INFORMATION_SCHEMA's DATA_TYPE of Dremio.
SQL_NAMES = {
    "BOOLEAN": "BOOLEAN",
    "TINYINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "INTEGER": "INTEGER",
    "UTINYINT": "INTEGER",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "BIGINT": "BIGINT",
    "UBIGINT": "BIGINT",
    "HUGEINT": "BIGINT",
    "UHUGEINT": "BIGINT",
    "FLOAT": "FLOAT",
    "DOUBLE": "DOUBLE",
    "VARCHAR": "CHARACTER VARYING",
    "UUID": "CHARACTER VARYING",
    "BLOB": "BINARY VARYING",
    "DATE": "DATE",
    "TIME": "TIME",
    "INTERVAL": "INTERVAL",
}

# Storage types that Dremio does not have -> the type it would keep instead.
NARROWED = {
    "TINYINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "UTINYINT": "INTEGER",
    "USMALLINT": "INTEGER",
    "UINTEGER": "BIGINT",
    "UBIGINT": "BIGINT",
    "HUGEINT": "BIGINT",
    "UHUGEINT": "BIGINT",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "TIMESTAMP_S": "TIMESTAMP",
    "TIMESTAMP_MS": "TIMESTAMP",
    "TIMESTAMP_NS": "TIMESTAMP",
    "TIME WITH TIME ZONE": "TIME",
    "UUID": "VARCHAR",
    "JSON": "VARCHAR",
    '"NULL"': "INTEGER",
}


def stored_type(duckdb_type: str) -> str | None:
    """The type a created table keeps in place of this one; nothing when it may stay."""
    name = duckdb_type.upper()
    return "VARCHAR" if name.startswith("ENUM") else NARROWED.get(name)


def information_schema_type(duckdb_type: str) -> str:
    """The DATA_TYPE that Dremio's INFORMATION_SCHEMA.COLUMNS shows for a DuckDB type."""
    name = duckdb_type.upper()
    if name.endswith("]"):
        return "ARRAY"
    for start, shown in (
        ("DECIMAL", "DECIMAL"),
        ("TIMESTAMP", "TIMESTAMP"),
        ("STRUCT", "ROW"),
        ("MAP", "MAP"),
    ):
        if name.startswith(start):
            return shown
    return SQL_NAMES.get(name, "CHARACTER VARYING")


def duckdb_type(arrow_type: pa.DataType) -> str:
    """DuckDB's name of a plain Arrow type; empty when it is not a plain one."""
    if pa.types.is_decimal(arrow_type):
        return f"DECIMAL({arrow_type.precision},{arrow_type.scale})"
    name = _REST_TO_DUCKDB.get(str(rest_type(arrow_type)["name"]), "")
    return "" if pa.types.is_nested(arrow_type) else name


_REST_TO_DUCKDB = {
    "VARBINARY": "BLOB",
    **{
        n: n
        for n in ("BOOLEAN", "INTEGER", "BIGINT", "FLOAT", "DOUBLE", "DATE", "TIME", "TIMESTAMP", "VARCHAR")
    },
}


def precision_and_scale(duckdb_type: str) -> tuple[int | None, int | None]:
    """NUMERIC_PRECISION and NUMERIC_SCALE of a column."""
    name = duckdb_type.upper()
    if name.startswith("DECIMAL(") and name.endswith(")"):
        precision, scale = name[8:-1].split(",")
        return int(precision), int(scale)
    return {"INTEGER": (32, 0), "BIGINT": (64, 0), "FLOAT": (24, None), "DOUBLE": (53, None)}.get(
        NARROWED.get(name, name), (None, None)
    )


def rest_type(arrow_type: pa.DataType) -> dict[str, object]:
    """A column's type as GET /job/{id}/results and the Catalog API give it."""
    if pa.types.is_decimal(arrow_type):
        return {"name": "DECIMAL", "precision": arrow_type.precision, "scale": arrow_type.scale}
    if pa.types.is_list(arrow_type):
        return {"name": "LIST", "subSchema": [{"name": "$data$", "type": rest_type(arrow_type.value_type)}]}
    if pa.types.is_struct(arrow_type):
        return {
            "name": "STRUCT",
            "subSchema": [{"name": f.name, "type": rest_type(f.type)} for f in arrow_type],
        }
    if pa.types.is_map(arrow_type):
        entry = pa.struct([("key", arrow_type.key_type), ("value", arrow_type.item_type)])
        return {"name": "MAP", "subSchema": [{"type": rest_type(entry)}]}
    for matches, name in _REST_NAMES:
        if matches(arrow_type):
            return {"name": name}
    return {"name": "VARCHAR"}


_REST_NAMES = (
    (pa.types.is_boolean, "BOOLEAN"),
    (pa.types.is_int32, "INTEGER"),
    (pa.types.is_integer, "BIGINT"),
    (pa.types.is_float32, "FLOAT"),
    (pa.types.is_floating, "DOUBLE"),
    (pa.types.is_date, "DATE"),
    (pa.types.is_time, "TIME"),
    (pa.types.is_timestamp, "TIMESTAMP"),
    (pa.types.is_binary, "VARBINARY"),
    (pa.types.is_large_binary, "VARBINARY"),
)


def client_type(arrow_type: pa.DataType) -> pa.DataType:
    """The Arrow type Dremio's Flight server would send for this one."""
    if pa.types.is_timestamp(arrow_type):
        return pa.timestamp("ms")
    if pa.types.is_date(arrow_type):
        return pa.date64()
    if pa.types.is_time(arrow_type):
        return pa.time32("ms")
    if arrow_type in (pa.int8(), pa.int16(), pa.uint8(), pa.uint16()):
        return pa.int32()
    if arrow_type in (pa.uint32(), pa.uint64()):
        return pa.int64()
    if pa.types.is_null(arrow_type):
        return pa.int32()
    if pa.types.is_dictionary(arrow_type):
        return client_type(arrow_type.value_type)
    if pa.types.is_large_string(arrow_type):
        return pa.string()
    if pa.types.is_large_binary(arrow_type):
        return pa.binary()
    if pa.types.is_list(arrow_type) or pa.types.is_large_list(arrow_type):
        return pa.list_(pa.field("$data$", client_type(arrow_type.value_type)))
    if pa.types.is_struct(arrow_type):
        return pa.struct([pa.field(f.name, client_type(f.type)) for f in arrow_type])
    if pa.types.is_map(arrow_type):
        return pa.map_(client_type(arrow_type.key_type), client_type(arrow_type.item_type))
    return arrow_type


class Narrowing:
    """Brings a result's batches to Dremio's types, each as it comes: it still fits the processor's cache.

    Columns in `wide_integers` hold HUGEINT sums and become BIGINT. `schema` is what the client sees.
    """

    def __init__(self, schema: pa.Schema, wide_integers: frozenset[str] = frozenset()) -> None:
        names = unique_names(schema.names)
        self._given = [field.type for field in schema]
        self.schema = pa.schema(
            [
                pa.field(name, _narrow_type(field, wide_integers))
                for name, field in zip(names, schema, strict=True)
            ]
        )

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The same rows in Dremio's types; columns that have them already are not copied.

        Raises InvalidStatement for a whole number beyond BIGINT.
        """
        columns = [
            column if given == wanted.type else _cast(column, wanted.type)
            for column, given, wanted in zip(batch.columns, self._given, self.schema, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)


def _narrow_type(field: pa.Field, wide_integers: frozenset[str]) -> pa.DataType:
    if pa.types.is_decimal(field.type) and field.name in wide_integers:
        return pa.int64()
    return client_type(field.type)


def unique_names(names: list[str]) -> list[str]:
    """Column names as Dremio makes them unique: the second `a` becomes `a0`, the third `a1`."""
    taken = {name.lower() for name in names}
    seen: set[str] = set()
    result = []
    for name in names:
        new, number = name, 0
        while new.lower() in seen or (new != name and new.lower() in taken):
            new, number = f"{name}{number}", number + 1
        seen.add(new.lower())
        result.append(new)
    return result


def _cast(column: pa.Array, target: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        # Dremio's TIMESTAMP has no zone; values are UTC.
        column = column.cast(pa.timestamp(column.type.unit, "UTC")).cast(pa.timestamp(column.type.unit))
    try:
        return pc.cast(column, target_type=target, safe=pa.types.is_integer(target))
    except pa.ArrowInvalid as error:
        raise InvalidStatement(
            "EXECUTION ERROR: a whole number is out of range for the type BIGINT"
        ) from error
