"""The types that a CAST can name (docs.dremio.com, Data Types)."""

from collections.abc import Callable

from dremio_engine.sql.grammar.cursor import NUMBER, Cursor

_PLAIN = ("BOOLEAN", "INTEGER", "INT", "BIGINT", "FLOAT", "DATE")
_WITH_A_LENGTH = ("VARCHAR", "CHAR", "CHARACTER", "VARBINARY", "BINARY")
_DECIMALS = ("DECIMAL", "DEC", "NUMERIC")
_LISTS, _STRUCTS = ("ARRAY", "LIST"), ("ROW", "STRUCT")


def data_type(c: Cursor) -> None:
    """A type with its lengths and its parts."""
    if c.accept_one(_PLAIN):
        return
    if c.accept_one(_DECIMALS):
        _lengths(c, most=2)
    elif c.accept("DOUBLE"):
        c.accept("PRECISION")
    elif c.accept_one(_WITH_A_LENGTH):
        c.accept("VARYING")
        _lengths(c, most=1)
        if c.accept("CHARACTER", "SET"):
            c.name()
    elif c.accept_one(("TIME", "TIMESTAMP")):
        _lengths(c, most=1)
        if not c.accept("WITHOUT", "TIME", "ZONE"):
            c.accept("WITH", "LOCAL", "TIME", "ZONE")
    elif c.accept_one(_LISTS):
        _between_brackets(c, _part)
    elif c.accept_one(_STRUCTS):
        _between_brackets(c, lambda c: c.listed(_field))
    elif c.accept("MAP"):
        _between_brackets(c, lambda c: c.listed(_part))
    else:
        c.stop("Dremio has no such type")


def _lengths(c: Cursor, most: int) -> None:
    if not c.accept("("):
        return
    c.expect(NUMBER)
    if most > 1 and c.accept(","):
        c.expect(NUMBER)
    c.expect(")")


def _between_brackets(c: Cursor, inside: Callable[[Cursor], None]) -> None:
    opening = c.word
    if opening not in ("(", "<"):
        c.stop()
    c.next()
    inside(c)
    c.expect(")" if opening == "(" else ">")


def _field(c: Cursor) -> None:
    c.name()
    c.accept(":")
    _part(c)


def _part(c: Cursor) -> None:
    data_type(c)
    if not c.accept("NOT", "NULL"):
        c.accept("NULL")
