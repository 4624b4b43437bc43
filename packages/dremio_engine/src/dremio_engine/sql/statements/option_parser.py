"""TBLPROPERTIES and ALTER SESSION|SYSTEM. Source: docs.dremio.com, ALTER TABLE, Reflection hints."""

import re

from sqlglot.tokens import TokenType

from dremio_engine.errors import InvalidStatement
from dremio_engine.sql.statements.commands import SessionOption
from dremio_engine.sql.statements.reader import Reader


def table_properties(r: Reader) -> tuple[tuple[str, str], ...]:
    """('name' = 'value', ..)."""
    r.expect("(")
    found = []
    while True:
        name = r.text()
        r.expect("=")
        found.append((name, r.text()))
        if not r.accept(","):
            break
    r.expect(")")
    return tuple(found)


def property_names(r: Reader) -> tuple[str, ...]:
    """('name', ..)."""
    r.expect("(")
    found = [r.text()]
    while r.accept(","):
        found.append(r.text())
    r.expect(")")
    return tuple(found)


def session_option(r: Reader, scope: str) -> SessionOption:
    """SET name = literal, RESET name or RESET ALL."""
    if r.accept("RESET"):
        return SessionOption(scope, "ALL" if r.accept("ALL") else ".".join(r.path()), None)
    r.expect("SET")
    name = ".".join(r.path())
    r.expect("=")
    return SessionOption(scope, name, _literal(r))


def _literal(r: Reader) -> str | bool | float:
    where, sign = r.position(), "-" if r.accept("-") else ""
    token = r.next()
    if token.token_type == TokenType.STRING and not sign:
        return token.text
    if token.text.upper() in ("TRUE", "FALSE") and not sign:
        return token.text.upper() == "TRUE"
    if re.fullmatch(r"\d+(\.\d*)?([eE][-+]?\d+)?|\.\d+", token.text):
        return float(sign + token.text)
    raise InvalidStatement(
        "VALIDATION ERROR: Dremio does not support assigning non-literal values in SET statements:"
        f" [{token.text}]{where}."
    )
