"""DuckDB's errors as a client may read them: without passwords, without the SQL the engine wrote."""

import re

import duckdb

_VALUE = r"'((?:[^'\\]|\\.)*)'"
_CONNECTION = re.compile(
    rf"""Unable to connect to Postgres at "host={_VALUE} port={_VALUE} .*? password={_VALUE} .*?"""
    rf"""application_name='source ((?:[^'\\]|\\.)*)'":""",
    re.DOTALL,
)
# A file in quotes, whose folders may have any sign in their names.
_QUOTED_FILES = (re.compile(r'"/[^"\n]*/([^/"\n]+)"'), re.compile(r"'/[^'\n]*/([^/'\n]+)'"))
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
# The class of DuckDB's error, which says the same as `error_kind`.
_CLASS = re.compile(r"^[A-Z][A-Za-z]*(?: [A-Za-z]+)* Error: ")
# Functions of the engine's own, by the names of Dremio's that they stand for.
_MACRO = re.compile(r"\bdremio_(\w+?)(_once)?\b")
_REWORDED = (
    (re.compile(r'Referenced table "(.+?)" not found!?'), r"Table '\1' not found"),
    (
        re.compile(r'Ambiguous reference to column name "(.+?)" \(use: (.+)\)'),
        r"Column '\1' is ambiguous; name its table as well, as in \2",
    ),
    (
        re.compile(r'Ambiguous reference to table "(.+?)" .*'),
        r"Duplicate relation name '\1' in FROM clause; give one of the tables an alias",
    ),
    (
        re.compile(r"No function matches the given name and argument types '(.+?)\((.*)\)'\..*"),
        r"Cannot apply '\1' to arguments of type '\1(\2)'",
    ),
    (
        re.compile(r'Could not choose a best candidate function for the function call "(.+?)\((.*)\)"\..*'),
        r"Cannot apply '\1' to arguments of type '\1(\2)'",
    ),
    (
        re.compile(r"Macro (\w+)\(\) does not support the supplied arguments.*"),
        r"Cannot apply '\1' to arguments of these types",
    ),
    (re.compile(r"\bSTRING_LITERAL\b"), "VARCHAR"),
    (re.compile(r"\bINTEGER_LITERAL\b"), "INTEGER"),
)
MISSING_COLUMN = re.compile(r"Column '(?P<column>[^']+)' not found in (?:any table|table '(?P<table>[^']+)')")


def without_connection_string(text: str) -> str:
    """An error of DuckDB's with the source's name in the place of its connection string and password."""
    named = _CONNECTION.sub(
        lambda m: f"Source [{_plain(m[4])}] does not answer at {_plain(m[1])}:{_plain(m[2])}:", text
    )
    return re.sub(rf"password={_VALUE}", "password='***'", named)


def _plain(escaped: str) -> str:
    return re.sub(r"\\(.)", r"\1", escaped)


def first_line(error: Exception) -> str:
    """DuckDB's message without what follows about itself, and without the folders of this machine."""
    text = without_folders(without_connection_string(str(error).strip()))
    return _named_column(text) or _reworded(text) or type(error).__name__


def _reworded(text: str) -> str:
    text = _CLASS.sub("", text).partition("\n")[0]
    text = _MACRO.sub(lambda found: found[1].upper(), text)
    for pattern, words in _REWORDED:
        text = pattern.sub(words, text)
    return text.strip()


def without_folders(text: str) -> str:
    """A message in which a file of this machine has its name alone; addresses of object stores stay."""
    for quote, pattern in zip("\"'", _QUOTED_FILES, strict=True):
        text = pattern.sub(rf"{quote}\1{quote}", text)
    return _FOLDERS.sub("", text)


def _named_column(text: str) -> str | None:
    """Which column is not there, in Dremio's words; nothing for another message."""
    for pattern in _NO_COLUMN:
        if (found := pattern.search(text)) is not None:
            table = found.groupdict().get("table")
            where = f"table '{table}'" if table else "any table"
            return f"Column '{found['column']}' not found in {where}"
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
    if isinstance(error, duckdb.OutOfMemoryException):
        return "RESOURCE ERROR"
    if isinstance(error, duckdb.InternalException | duckdb.FatalException):
        return "SYSTEM ERROR"
    return "EXECUTION ERROR"
