"""Names, and calls of functions: those with a syntax of their own, and all others."""

from collections.abc import Callable, Container

from dremio_engine.sql.grammar import expressions, queries, windows
from dremio_engine.sql.grammar.cursor import Cursor
from dremio_engine.sql.grammar.types import data_type
from dremio_engine.sql.grammar.units import PARTS, STEPS, interval_qualifier
from dremio_engine.sql.refusals.reserved_words import CALLABLE, VALUES

# Functions in {fn ..}, beside those that CALLABLE has.
_ESCAPED_ONLY = frozenset(["CEILING", "FLOOR", "INSERT", "SUBSTRING"])


def name_or_call(c: Cursor) -> None:
    """A column with its path, a value without brackets, or a call."""
    word = c.word
    called = c.ahead(1) == "("
    if called and (special := _SPECIAL.get(word)) is not None:
        c.inside(special)
    elif called and word in CALLABLE:
        c.next()
        _call(c)
    elif word in VALUES:
        c.next()
    elif called and word == "UNNEST":
        c.stop("UNNEST stands in FROM", elsewhere=True)
    else:
        _path_or_call(c)


def escaped(c: Cursor) -> None:
    """What stands in {fn ..}: a call whose arguments have commas between, whatever its name is elsewhere."""
    special = {"TIMESTAMPADD": _steps, "TIMESTAMPDIFF": _steps, "CONVERT": convert_to_type}.get(c.word)
    if special is not None:
        special(c)
        return
    if not c.accept_one(CALLABLE | _ESCAPED_ONLY):
        c.name()
    if c.word != "(":
        c.stop()
    if c.ahead(1) in (")", "*"):
        arguments(c)
    else:
        expressions.values(c)


def arguments(c: Cursor) -> None:
    """(*), (), ([DISTINCT] a, b, ..)."""
    c.inside(_arguments)


def _arguments(c: Cursor) -> None:
    c.expect("(")
    if c.accept(")"):
        return
    if not (c.word == "*" and c.ahead(1) == ")"):
        c.accept_one(("DISTINCT", "ALL"))
        # The first may be a query without brackets of its own.
        _argument(c, queries.ordered)
        while c.accept(","):
            _argument(c, expressions.expression)
    else:
        c.next()
    c.expect(")")


def _argument(c: Cursor, read: Callable[[Cursor], object]) -> None:
    if c.ahead(1) == "=>":
        c.name()
        c.expect("=>")
    if not c.accept("DEFAULT"):
        read(c)


def _path_or_call(c: Cursor) -> None:
    c.name()
    while c.accept("."):
        if c.accept("*"):
            return
        c.name()
    if c.word == "(":
        _call(c)


def _call(c: Cursor) -> None:
    arguments(c)
    if c.accept_one(("IGNORE", "RESPECT")):
        c.expect("NULLS")
    if c.accept("WITHIN"):
        c.expect("GROUP", "(")
        if c.word != "ORDER":
            c.stop()
        expressions.order_by(c)
        c.expect(")")
    if c.accept("FILTER"):
        c.expect("(", "WHERE")
        expressions.expression(c)
        c.expect(")")
    windows.over(c)


def _cast(c: Cursor) -> None:
    c.expect("CAST", "(")
    expressions.expression(c)
    c.expect("AS")
    if c.accept("INTERVAL"):
        if not interval_qualifier(c):
            c.stop()
    else:
        data_type(c)
    c.expect(")")


def _try_convert_from(c: Cursor) -> None:
    c.expect("TRY_CONVERT_FROM", "(")
    expressions.expression(c)
    if c.accept("AS"):
        data_type(c)
        while c.accept("ARRAY"):
            pass
    while c.accept(","):
        expressions.expression(c)
    c.expect(")")


def _extract(c: Cursor) -> None:
    c.expect("EXTRACT", "(")
    if not c.accept_one(PARTS):
        c.stop("EXTRACT takes a unit such as YEAR, without quotes")
    c.expect("FROM")
    expressions.expression(c)
    c.expect(")")


def _position(c: Cursor) -> None:
    c.expect("POSITION", "(")
    expressions.primary(c)
    c.expect("IN")
    expressions.expression(c)
    if c.accept("FROM"):
        expressions.expression(c)
    c.expect(")")


def _substring(c: Cursor) -> None:
    c.expect("SUBSTRING", "(")
    expressions.expression(c)
    if not c.accept_one(("FROM", ",")):
        c.stop()
    expressions.expression(c)
    if c.accept_one(("FOR", ",")):
        expressions.expression(c)
    c.expect(")")


def _trim(c: Cursor) -> None:
    c.expect("TRIM", "(")
    sided = c.accept_one(("BOTH", "LEADING", "TRAILING"))
    if not (sided and c.word == "FROM"):
        expressions.expression(c)
    if c.accept("FROM"):
        expressions.expression(c)
    elif sided:
        c.stop()
    c.expect(")")


def _overlay(c: Cursor) -> None:
    c.expect("OVERLAY", "(")
    expressions.expression(c)
    for word in ("PLACING", "FROM"):
        c.expect(word)
        expressions.expression(c)
    if c.accept("FOR"):
        expressions.expression(c)
    c.expect(")")


def _translate(c: Cursor) -> None:
    c.next()
    c.expect("(")
    expressions.expression(c)
    if c.accept("USING"):
        c.name()
    else:
        while c.accept(","):
            expressions.expression(c)
    c.expect(")")


def _convert(c: Cursor) -> None:
    c.expect("CONVERT", "(")
    expressions.expression(c)
    c.expect("USING")
    c.name()
    c.expect(")")


def convert_to_type(c: Cursor) -> None:
    """CONVERT(x, SQL_INTEGER), as JDBC has it between braces."""
    c.expect("CONVERT", "(")
    expressions.expression(c)
    c.expect(",")
    c.name()
    c.expect(")")


def _rounding(c: Cursor) -> None:
    """CEIL(x), FLOOR(d TO DAY)."""
    c.next()
    c.expect("(")
    expressions.expression(c)
    if c.accept("TO") and not c.accept_one(PARTS):
        c.stop()
    c.expect(")")
    windows.over(c)


def _steps(c: Cursor) -> None:
    """TIMESTAMPADD(DAY, 1, d)."""
    c.next()
    c.expect("(")
    _unit(c, STEPS)
    for _ in range(2):
        c.expect(",")
        expressions.expression(c)
    c.expect(")")


def _unit(c: Cursor, units: Container[str]) -> None:
    if not c.accept_one(units):
        c.stop("a unit such as DAY must stand here, without quotes")


_SPECIAL: dict[str, Callable[[Cursor], None]] = {
    "CAST": _cast,
    "CEIL": _rounding,
    "CEILING": _rounding,
    "CONVERT": _convert,
    "EXTRACT": _extract,
    "FLOOR": _rounding,
    "OVERLAY": _overlay,
    "POSITION": _position,
    "SUBSTRING": _substring,
    "TIMESTAMPADD": _steps,
    "TIMESTAMPDIFF": _steps,
    "TRANSLATE": _translate,
    "TRIM": _trim,
    "TRY_CONVERT_FROM": _try_convert_from,
}
