"""DuckDB's errors as a client may read them: without passwords, without the SQL the engine wrote."""

import re

import duckdb

_VALUE = r"'((?:[^'\\]|\\.)*)'"
_CONNECTION = re.compile(
    rf"""Unable to connect to Postgres at "host={_VALUE} port={_VALUE} .*? password={_VALUE} .*?"""
    rf"""application_name='source ((?:[^'\\]|\\.)*)'":""",
    re.DOTALL,
)


def without_connection_string(text: str) -> str:
    """An error of DuckDB's with the source's name in the place of its connection string and password."""
    named = _CONNECTION.sub(
        lambda m: f"Source [{_plain(m[4])}] does not answer at {_plain(m[1])}:{_plain(m[2])}:", text
    )
    return re.sub(rf"password={_VALUE}", "password='***'", named)


def _plain(escaped: str) -> str:
    return re.sub(r"\\(.)", r"\1", escaped)


def first_line(error: Exception) -> str:
    """DuckDB's message without its excerpt of the generated SQL."""
    text = without_connection_string(str(error).strip())
    return text.split("\n\nLINE ")[0].split("\nLINE ")[0] or type(error).__name__


def error_kind(error: duckdb.Error) -> str:
    """The word Dremio puts in front of an error."""
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        return "VALIDATION ERROR"
    if isinstance(error, duckdb.IOException | duckdb.HTTPException):
        return "DATA_READ ERROR"
    return "EXECUTION ERROR"
