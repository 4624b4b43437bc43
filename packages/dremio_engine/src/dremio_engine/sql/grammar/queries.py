"""Queries: SELECT, VALUES, what stands between two of them, and the order and number of the rows."""

from dremio_engine.sql.grammar import expressions, relations, windows
from dremio_engine.sql.grammar.cursor import NUMBER, Cursor

FIRST_WORDS = ("SELECT", "WITH", "VALUES")
BETWEEN_QUERIES = ("UNION", "INTERSECT", "EXCEPT", "MINUS")
_NOT_A_QUERY = "UNION, INTERSECT and EXCEPT stand between queries"


def query(c: Cursor) -> None:
    """A query with its order and limit."""
    if not ordered(c):
        c.stop("a query is expected before this")


def ordered(c: Cursor) -> bool:
    """A query, or an expression, with order and limit; whether it is a query."""
    is_query = query_or_expression(c)
    if is_query:
        order_and_limit(c)
    return is_query


def query_or_expression(c: Cursor) -> bool:
    """Queries with UNION or its like between them, or an expression; whether it is a query."""
    if c.accept("WITH"):
        c.listed(_common_table)
        if c.word not in (*FIRST_WORDS, "("):
            c.stop()
    is_query = _leaf(c)
    if c.word in BETWEEN_QUERIES:
        if not is_query:
            c.stop(_NOT_A_QUERY)
        more(c)
    return is_query


def more(c: Cursor) -> None:
    """UNION another query, and so on."""
    while c.word in BETWEEN_QUERIES:
        word = c.word
        c.next()
        if word != "UNION" and c.word == "ALL":
            c.stop(f"Dremio has {word} without ALL only")
        c.accept_one(("ALL", "DISTINCT"))
        if not _leaf(c):
            c.stop(_NOT_A_QUERY)


def order_and_limit(c: Cursor) -> None:
    """ORDER BY, LIMIT, OFFSET, FETCH, in this order, each if it comes next."""
    expressions.order_by(c)
    if c.accept("LIMIT") and not c.accept("ALL"):
        _count(c)
    if c.accept("OFFSET"):
        _count(c)
        c.accept_one(("ROW", "ROWS"))
    if c.accept("FETCH"):
        if not c.accept_one(("FIRST", "NEXT")):
            c.stop()
        _count(c)
        c.accept_one(("ROW", "ROWS"))
        c.expect("ONLY")


def row(c: Cursor) -> None:
    """A row of VALUES: (1, 2), ROW(1, 2) or 1."""
    c.accept("ROW")
    if c.word != "(":
        expressions.expression(c)
        return
    c.expect("(")
    if c.word == "ROW":
        row(c)
    else:
        c.listed(_value)
    c.expect(")")


def _value(c: Cursor) -> None:
    if not c.accept("DEFAULT"):
        ordered(c)


def _leaf(c: Cursor) -> bool:
    if c.word == "SELECT":
        _select(c)
    elif c.accept("VALUES"):
        c.listed(row)
    else:
        return expressions.expression(c)
    return True


def _common_table(c: Cursor) -> None:
    c.name()
    if c.word == "(":
        c.names()
    c.expect("AS", "(")
    query(c)
    c.expect(")")


def _select(c: Cursor) -> None:
    c.expect("SELECT")
    relations.hints(c)
    c.accept_one(("DISTINCT", "ALL"))
    c.listed(_item)
    if not c.accept("FROM"):
        if c.word in ("WHERE", "GROUP", "HAVING", "WINDOW", "QUALIFY"):
            c.stop(f"{c.word} needs a FROM before it; FROM (VALUES (1)) is a table of one row")
        return
    relations.tables(c)
    where(c)
    if c.accept("GROUP", "BY"):
        c.listed(_group)
    if c.accept("HAVING"):
        expressions.expression(c)
    if c.accept("WINDOW"):
        c.listed(_window)
    if c.accept("QUALIFY"):
        expressions.expression(c)


def where(c: Cursor) -> None:
    """WHERE a condition, if it comes next."""
    if c.accept("WHERE"):
        expressions.expression(c)


def _item(c: Cursor) -> None:
    if not c.accept("*"):
        expressions.expression(c)
    relations.alias(c)


def _group(c: Cursor) -> None:
    if c.accept("GROUPING"):
        c.expect("SETS", "(")
        c.listed(_group)
        c.expect(")")
    elif c.word in ("ROLLUP", "CUBE"):
        c.next()
        c.expect("(")
        expressions.expressions(c)
        c.expect(")")
    elif not c.accept("(", ")"):
        expressions.expression(c)


def _window(c: Cursor) -> None:
    c.name()
    c.expect("AS")
    windows.specification(c)


def _count(c: Cursor) -> None:
    if not c.accept_one((NUMBER, "?")):
        c.stop("a number of rows must stand here")
