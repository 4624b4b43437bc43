"""What FROM holds: tables, queries, joins and what may follow each."""

from dremio_engine.sql.grammar import calls, expressions, queries
from dremio_engine.sql.grammar.cursor import NUMBER, TEXT, Cursor

_SIDES = ("LEFT", "RIGHT", "FULL")
_REFERENCES = ("BRANCH", "TAG", "COMMIT", "REF", "REFERENCE")
_AFTER_A_QUERY = ("ORDER", "LIMIT", "OFFSET", "FETCH")
_NEEDS_A_CONDITION = "a join needs ON or USING; write CROSS JOIN for every pair"


def tables(c: Cursor) -> None:
    """What stands behind FROM."""
    c.listed(_joined)


def table(c: Cursor) -> None:
    """One table, or what stands for one, with its alias."""
    lateral = c.accept("LATERAL")
    if c.word == "(":
        _bracketed(c)
    elif not lateral and c.accept("UNNEST"):
        expressions.values(c)
        c.accept("WITH", "ORDINALITY")
    elif c.accept("TABLE"):
        c.expect("(")
        calls.name_or_call(c)
        version(c)
        c.expect(")")
        version(c)
    elif not lateral:
        start = c.at
        c.path()
        if c.word == "(":
            c.stop("a function stands in TABLE(..) here", start, elsewhere=True)
        hints(c)
        version(c)
        start = c.at
        if c.accept("FOR", "SYSTEM_TIME", "AS", "OF"):
            c.stop("an older version is read by AT TIMESTAMP '..' or AT SNAPSHOT '..'", start, elsewhere=True)
    else:
        c.stop("LATERAL stands before a query in brackets")
    _suffixes(c)


def version(c: Cursor) -> None:
    """AT SNAPSHOT '..', AT BRANCH .., AT a moment, if it comes next."""
    if not c.accept("AT"):
        return
    if c.ahead(1) == TEXT and c.accept("SNAPSHOT"):
        c.text()
    elif c.word in _REFERENCES:
        c.next()
        c.name()
    elif c.word == "TIMESTAMP" and c.ahead(1) != TEXT:
        c.stop("AT TIMESTAMP takes a literal only, as in AT TIMESTAMP '2025-10-16 01:00:00.000'")
    else:
        expressions.expression(c)
    if c.accept("AS", "OF"):
        expressions.expression(c)


def alias(c: Cursor) -> None:
    """[AS] name, if it comes next."""
    if c.accept("AS") or c.is_name():
        c.name()


def _joined(c: Cursor) -> None:
    table(c)
    while _join(c):
        pass


def _join(c: Cursor) -> bool:
    """One more join, if one comes next."""
    start = c.at
    if c.word == "NATURAL":
        c.stop("Dremio has no NATURAL JOIN; write JOIN .. USING (..)")
    cross = c.accept("CROSS")
    if not cross and not c.accept("INNER") and c.accept_one(_SIDES):
        c.accept("OUTER")
    if not c.accept("JOIN"):
        if c.at > start:
            c.stop()
        return False
    join_at = c.at - 1
    table(c)
    conditioned = c.word in ("ON", "USING")
    if conditioned and cross:
        c.stop("CROSS JOIN takes no condition")
    if c.accept("ON"):
        expressions.expression(c)
    elif c.accept("USING"):
        c.names()
    elif not cross:
        c.stop(_NEEDS_A_CONDITION, join_at)
    return True


def _bracketed(c: Cursor) -> bool:
    """(a query) or (a join); whether it is a query."""
    c.expect("(")
    if c.word == "(":
        is_query = _bracketed(c)
        if is_query and c.word in queries.BETWEEN_QUERIES:
            queries.more(c)
        elif c.word == ")" or (is_query and c.word in _AFTER_A_QUERY):
            pass
        else:
            is_query = False
            _suffixes(c)
            _joins(c)
        if is_query:
            queries.order_and_limit(c)
    elif c.word in queries.FIRST_WORDS:
        queries.query(c)
        is_query = True
    else:
        table(c)
        _joins(c)
        is_query = False
    c.expect(")")
    return is_query


def _joins(c: Cursor) -> None:
    """At least one: there are no brackets around a table alone."""
    if not _join(c):
        c.stop("a query or a join stands in brackets")
    while _join(c):
        pass


def _suffixes(c: Cursor) -> None:
    if c.accept("PIVOT"):
        _pivot(c)
    if c.accept("UNPIVOT"):
        _unpivot(c)
    alias_with_columns(c)
    sample_at = c.at
    if c.accept("TABLESAMPLE"):
        _sample(c)
        c.stop("the embedded engine takes no samples", sample_at, elsewhere=True)


def alias_with_columns(c: Cursor) -> None:
    """[AS] name [(a, b, ..)], if it comes next."""
    start = c.at
    alias(c)
    if c.at > start and c.word == "(":
        c.names()


def hints(c: Cursor) -> None:
    """What the planner is told, if it comes next."""
    if c.accept("/*+"):
        while c.word and c.word != "*/":
            c.next()
        c.expect("*/")


def _pivot(c: Cursor) -> None:
    c.expect("(")
    c.listed(_aliased_call)
    c.expect("FOR")
    _name_or_names(c)
    c.expect("IN", "(")
    if c.word != ")":
        c.listed(_pivoted_value)
    c.expect(")", ")")


def _unpivot(c: Cursor) -> None:
    if c.accept_one(("INCLUDE", "EXCLUDE")):
        c.expect("NULLS")
    c.expect("(")
    _name_or_names(c)
    c.expect("FOR")
    _name_or_names(c)
    c.expect("IN", "(")
    c.listed(_unpivoted_columns)
    c.expect(")", ")")


def _aliased_call(c: Cursor) -> None:
    calls.name_or_call(c)
    alias(c)


def _pivoted_value(c: Cursor) -> None:
    queries.row(c)
    alias(c)


def _unpivoted_columns(c: Cursor) -> None:
    _name_or_names(c)
    if c.accept("AS"):
        queries.row(c)


def _name_or_names(c: Cursor) -> None:
    if c.word == "(":
        c.names()
    else:
        c.name()


def _sample(c: Cursor) -> None:
    if not c.accept_one(("BERNOULLI", "SYSTEM")):
        c.stop("write TABLESAMPLE BERNOULLI(10) or SYSTEM(10)")
    c.expect("(", NUMBER, ")")
    if c.accept("REPEATABLE"):
        c.expect("(", NUMBER, ")")
