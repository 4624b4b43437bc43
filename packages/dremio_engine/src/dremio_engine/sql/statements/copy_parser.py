"""COPY INTO, cut into a command. Source: docs.dremio.com, SQL commands, COPY INTO."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlglot.tokens import TokenType

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.statements.load_commands import CopyInto
from dremio_engine.sql.statements.reader import Reader

MOST_FILES = 1000
FORMATS = ("csv", "json", "parquet")
_ON_ERROR = ("abort", "continue", "skip_file")
_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r\\n": "\r\n", "\\r": "\r", "\\\\": "\\"}
_DATES = ("DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT")
_BOTH = (*_DATES, "TRIM_SPACE", "EMPTY_AS_NULL", "NULL_IF", "ON_ERROR")
_ONLY_CSV = (
    *("RECORD_DELIMITER", "FIELD_DELIMITER", "QUOTE_CHAR", "ESCAPE_CHAR", "EXTRACT_HEADER", "SKIP_LINES"),
)
OPTIONS_OF = {"csv": (*_BOTH, *_ONLY_CSV), "json": _BOTH, "parquet": ("ON_ERROR",)}


def copy_into(r: Reader) -> CopyInto:
    """What follows COPY."""
    if not r.accept("INTO"):
        raise Unsupported(f"PARSE ERROR: [COPY {r.peek.upper()}] is not supported by the embedded engine.")
    path = r.path()
    if r.accept("AT"):
        raise Unsupported(f"COPY INTO .. [AT {r.peek.upper()}] is not supported by the embedded engine.")
    if r.peek == "(":
        _refuse_transformation(r)
    r.expect("FROM")
    if r.peek == "(":
        _refuse_transformation(r)
    location = r.text()
    files: tuple[str, ...] = ()
    regex = None
    if r.accept("FILES"):
        files = _texts(r)
        if len(files) > MOST_FILES:
            raise InvalidStatement(
                f"PARSE ERROR: Maximum number of files allowed in the FILES clause is {MOST_FILES}"
            )
    elif r.accept("REGEX"):
        regex = r.text()
    kind = _format(r.text()) if r.accept("FILE_FORMAT") else None
    command = CopyInto(path, location, files, regex, kind)
    return _with_options(r, command) if r.peek == "(" else command


def check_options(kind: str, given: tuple[str, ...]) -> None:
    """Raises InvalidStatement for an option that files of this format do not have."""
    for name in given:
        if name not in OPTIONS_OF[kind]:
            raise InvalidStatement(
                f"PARSE ERROR: Unsupported format option {name} for file type {kind.upper()}. Supported"
                f" format options are: {', '.join(OPTIONS_OF[kind])}"
            )


def _refuse_transformation(r: Reader) -> None:
    raise Unsupported(
        f"COPY INTO with transformations is not supported by the embedded engine{r.position()}: copy into a"
        " table of texts, then INSERT INTO .. SELECT."
    )


def _with_options(r: Reader, command: CopyInto) -> CopyInto:
    r.expect("(")
    found: dict[str, Any] = {}
    on_error = command.on_error
    while True:
        where, name = r.position(), r.word().upper()
        if name not in OPTIONS_OF["csv"]:
            raise InvalidStatement(f"PARSE ERROR: [{name}]{where} is not an option of COPY INTO.")
        if name == "NULL_IF":
            found["null_if"] = _texts(r)
        elif name == "ON_ERROR":
            on_error = _one_of(name, r.text(), _ON_ERROR)
        else:
            found[name.lower()] = _VALUES[name](name, _value(r))
        if not r.accept(","):
            break
    r.expect(")")
    options = replace(command.options, **found)
    given = (*(name.upper() for name in found), *(("ON_ERROR",) if on_error != command.on_error else ()))
    if command.format is not None:
        check_options(command.format, given)
    return replace(command, options=options, on_error=on_error)


def _value(r: Reader) -> str:
    """A literal: Dremio takes 'true' as well as TRUE, '2' as well as 2."""
    token = r.next()
    if token.token_type == TokenType.STRING or token.text.isalnum():
        return token.text
    raise InvalidStatement(f"PARSE ERROR: expected a literal, found [{token.text}].")


def _texts(r: Reader) -> tuple[str, ...]:
    r.expect("(")
    found = [r.text()]
    while r.accept(","):
        found.append(r.text())
    r.expect(")")
    return tuple(found)


def _format(text: str) -> str:
    if text.lower() not in FORMATS:
        raise InvalidStatement(f"PARSE ERROR: Specified File Format '{text}' is not supported")
    return text.lower()


def _one_of(name: str, text: str, values: tuple[str, ...]) -> str:
    if text.lower() not in values:
        raise InvalidStatement(f"PARSE ERROR: Specified value '{text}' is not valid for Copy Option {name}")
    return text.lower()


def _truth(name: str, text: str) -> bool:
    if text.upper() not in ("TRUE", "FALSE"):
        raise InvalidStatement(
            f"PARSE ERROR: Specified value '{text}' is not valid for Format Option '{name}'"
        )
    return text.upper() == "TRUE"


def _lines(name: str, text: str) -> int:
    if not text.isdecimal():
        raise InvalidStatement(
            f"PARSE ERROR: Invalid value for {name}: must be a non-negative integer, but got '{text}'"
        )
    return int(text)


def _sign(name: str, text: str) -> str:
    sign = _ESCAPES.get(text, text)
    if len(sign) != 1:
        raise InvalidStatement(
            f"PARSE ERROR: Specified value '{text}' is not valid for Format Option '{name}'"
        )
    return sign


def _record_delimiter(name: str, text: str) -> str:
    sign = _ESCAPES.get(text, text)
    if sign not in ("\n", "\r\n", "\r"):
        raise Unsupported(f"COPY INTO with {name} [{text}] is not supported by the embedded engine.")
    return sign


def _text(name: str, text: str) -> str:
    return text


_VALUES: dict[str, Callable[[str, str], Any]] = {
    **dict.fromkeys(_DATES, _text),
    **dict.fromkeys(("TRIM_SPACE", "EMPTY_AS_NULL", "EXTRACT_HEADER"), _truth),
    **dict.fromkeys(("FIELD_DELIMITER", "QUOTE_CHAR", "ESCAPE_CHAR"), _sign),
    "RECORD_DELIMITER": _record_delimiter,
    "SKIP_LINES": _lines,
}
