"""OVER and WINDOW: partitions, order and frames."""

from dremio_engine.sql.grammar import expressions
from dremio_engine.sql.grammar.cursor import Cursor


def over(c: Cursor) -> None:
    """OVER w, OVER (..), if it comes next."""
    if not c.accept("OVER"):
        return
    if c.word == "(":
        c.inside(specification)
    else:
        c.name()


def specification(c: Cursor) -> None:
    """([w] [PARTITION BY ..] [ORDER BY ..] [frame])."""
    c.expect("(")
    if c.is_name():
        c.name()
    if c.accept("PARTITION", "BY"):
        expressions.expressions(c)
    expressions.order_by(c)
    if c.accept_one(("ROWS", "RANGE")):
        if c.accept("BETWEEN"):
            _bound(c)
            c.expect("AND")
        _bound(c)
    c.expect(")")


def _bound(c: Cursor) -> None:
    if c.accept("CURRENT", "ROW"):
        return
    if not c.accept("UNBOUNDED"):
        expressions.expression(c)
    if not c.accept_one(("PRECEDING", "FOLLOWING")):
        c.stop()
