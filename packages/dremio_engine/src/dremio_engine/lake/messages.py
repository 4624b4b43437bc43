"""DuckDB's errors as a client may read them: without passwords, without the SQL the engine wrote."""

import re

import duckdb

_VALUE = r"'((?:[^'\\]|\\.)*)'"
_CONNECTION = re.compile(
    rf"""Unable to connect to Postgres at "host={_VALUE} port={_VALUE} .*? password={_VALUE} .*?"""
    rf"""application_name='source ((?:[^'\\]|\\.)*)'":""",
    re.DOTALL,
)
# The folders before a file's name, unless they are part of an address.
_FOLDERS = re.compile(r"(?<![\w:/.-])/(?:[^/\s'\"]+/)+(?=[^/\s'\"]+)")
_NO_COLUMN = (
    re.compile(r'Referenced column "(?P<column>.+?)" not found'),
    re.compile(
        r'(?:Table|Values list) "(?P<table>.+?)" does not have a column (?:named|with name) "(?P<column>.+?)"'
    ),
    re.compile(r"Referenced update column (?P<column>.+?) not found in table"),
    re.compile(r'Column "(?P<column>.+?)" does not exist on (?:left|right) side of join'),
    re.compile(r'Column "(?P<column>.+?)" in EXCLUDE list not found'),
    # The engine names every output as the query wrote it, which DuckDB takes for an alias.
    re.compile(r'Column "(?P<column>.+?)" referenced that exists in the SELECT clause'),
)
_OVERFLOW = re.compile(r"Overflow in \w+ of DECIMAL\(18\)")
_KNOWN = re.compile(r"(?:Candidate bindings:|Did you mean:)[: ]*(.+)")


def without_connection_string(text: str) -> str:
    """An error of DuckDB's with the source's name in the place of its connection string and password."""
    named = _CONNECTION.sub(
        lambda m: f"Source [{_plain(m[4])}] does not answer at {_plain(m[1])}:{_plain(m[2])}:", text
    )
    return re.sub(rf"password={_VALUE}", "password='***'", named)


def _plain(escaped: str) -> str:
    return re.sub(r"\\(.)", r"\1", escaped)


def first_line(error: Exception) -> str:
    """DuckDB's message without its excerpt of the generated SQL and the folders of this machine."""
    text = without_connection_string(str(error).strip())
    text = without_folders(text.split("\n\nLINE ")[0].split("\nLINE ")[0].strip())
    return _named_column(text) or text or type(error).__name__


def without_folders(text: str) -> str:
    """A message in which a file of this machine has its name alone; addresses of object stores stay."""
    return _FOLDERS.sub("", text)


def _named_column(text: str) -> str | None:
    """Which column is not there, and which is like it, in Dremio's words; nothing for another message."""
    for pattern in _NO_COLUMN:
        if (found := pattern.search(text)) is not None:
            table = found.groupdict().get("table")
            where = f"table '{table}'" if table else "any table"
            known = _KNOWN.search(text)
            there = f"; the most similar there is: {known[1].strip()}" if known else ""
            return f"Column '{found['column']}' not found in {where}{there}"
    return None


def is_overflow_of_18_digits(text: str) -> bool:
    """Whether an error says that a DECIMAL of 18 digits was too narrow for a number."""
    return _OVERFLOW.search(text) is not None


def error_kind(error: duckdb.Error) -> str:
    """The word Dremio puts in front of an error."""
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException | duckdb.ParserException):
        return "VALIDATION ERROR"
    if isinstance(error, duckdb.IOException | duckdb.HTTPException):
        return "DATA_READ ERROR"
    return "EXECUTION ERROR"
