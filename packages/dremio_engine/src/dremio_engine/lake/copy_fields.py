"""Fields of files as values of a table's columns: texts are cleaned, then read as the column's type.

A field that cannot be read gives NULL in `value` and true in `wrong`.
"""

from dataclasses import dataclass

from dremio_engine.errors import Unsupported
from dremio_engine.sql.formats import reading_format
from dremio_engine.sql.quoting import literal
from dremio_engine.sql.statements.load_commands import FormatOptions

_WHOLE = ("INTEGER", "BIGINT")
_NUMBERS = ("FLOAT", "DOUBLE", "DECIMAL")


@dataclass(frozen=True)
class Field:
    """DuckDB's SQL for a column's value, for whether it is wrong, and for what the file has."""

    value: str
    wrong: str
    raw: str


def text_field(raw: str, kind: str, options: FormatOptions) -> Field:
    """A field that comes as text, for a column of a plain type. Raises Unsupported for a nested one."""
    cleaned = f"trim({raw})" if options.trim_space else raw
    if options.null_if:
        texts = ", ".join(map(literal, options.null_if))
        cleaned = f"case when {cleaned} in ({texts}) then null else {cleaned} end"
    if options.empty_as_null:
        cleaned = f"nullif({cleaned}, '')"
    value = _read(cleaned, kind, options)
    return Field(value, f"({cleaned}) is not null and ({value}) is null", raw)


def json_field(raw: str, kind: str, options: FormatOptions) -> Field:
    """A member of a JSON object: text for a column of a plain type, else JSON of the column's type."""
    if not _is_nested(kind):
        return text_field(f"({raw} ->> '$')", kind, options)
    value = f"try_cast({raw} as {kind})"
    return Field(
        value, f"coalesce(json_type({raw}), 'NULL') <> 'NULL' and {value} is null", f"cast({raw} as varchar)"
    )


def typed_field(column: str, kind: str) -> Field:
    """A column that has a type, as Parquet's do."""
    value = f"try_cast({column} as {kind})"
    return Field(value, f"{column} is not null and {value} is null", f"cast({column} as varchar)")


def _read(text: str, kind: str, options: FormatOptions) -> str:
    base = kind.partition("(")[0].upper()
    if _is_nested(kind):
        raise Unsupported(
            f"COPY INTO a column of type [{kind}] from text is not supported by the embedded engine."
        )
    if base in _WHOLE:
        return f"case when regexp_full_match(trim({text}), '[-+]?[0-9]+') then try_cast({text} as {kind}) end"
    formats = {
        "DATE": options.date_format,
        "TIME": options.time_format,
        "TIMESTAMP": options.timestamp_format,
    }
    if pattern := formats.get(base):
        return f"try_cast(try_strptime({text}, {literal(reading_format(pattern))}) as {kind})"
    if base == "BOOLEAN":
        return f"case lower(trim({text})) when 'true' then true when 'false' then false end"
    if base == "BLOB":
        return f"encode({text})"
    if base in _NUMBERS or base in formats:
        return f"try_cast({text} as {kind})"
    return f"cast({text} as varchar)"


def _is_nested(kind: str) -> bool:
    return kind.endswith("]") or kind.upper().startswith(("STRUCT(", "MAP("))
