"""The tables that hold what reflections keep, as DuckDB's SQL names and reads them."""

from dremio_engine.lake.connection import REFLECTION_SCHEMA
from dremio_engine.sql.data_types.types import stored_type
from dremio_engine.sql.quoting import quoted

Columns = list[tuple[str, str]]


def target_of(table: str) -> str:
    """A materialisation's full DuckDB name."""
    return f'"lake".{quoted(REFLECTION_SCHEMA)}.{quoted(table)}'


def reading(table: str, fields: Columns) -> str:
    """A materialisation with the types its query had, as a relation for DuckDB."""
    outputs = [
        f"cast({quoted(n)} as {t}) as {quoted(n)}" if stored_type(t) and t != '"NULL"' else quoted(n)
        for n, t in fields
    ]
    return f"(select {', '.join(outputs)} from {target_of(table)})"
