"""INSERT, UPDATE, DELETE and MERGE."""

from dremio_engine.sql.grammar import expressions, queries, relations
from dremio_engine.sql.grammar.cursor import Cursor


def insert(c: Cursor) -> None:
    """INSERT INTO t [(a, b)] a query."""
    c.expect("INSERT", "INTO")
    _target(c)
    if c.word == "(" and c.ahead(1) not in (*queries.FIRST_WORDS, "("):
        c.names()
    queries.query(c)


def delete(c: Cursor) -> None:
    """DELETE FROM t [AS x] [USING ..] [WHERE ..]."""
    c.expect("DELETE", "FROM")
    _target(c)
    relations.alias(c)
    if c.accept("USING"):
        relations.tables(c)
    queries.where(c)


def update(c: Cursor) -> None:
    """UPDATE t [AS x] SET a = 1, .. [FROM ..] [WHERE ..]."""
    c.expect("UPDATE")
    _target(c)
    relations.alias(c)
    c.expect("SET")
    c.listed(_assignment)
    if c.accept("FROM"):
        relations.tables(c)
    queries.where(c)


def merge(c: Cursor) -> None:
    """MERGE INTO t [AS x] USING .. ON .. [WHEN MATCHED ..] [WHEN NOT MATCHED ..]."""
    c.expect("MERGE", "INTO")
    _target(c)
    relations.alias(c)
    c.expect("USING")
    relations.table(c)
    c.expect("ON")
    expressions.expression(c)
    if c.word != "WHEN":
        c.stop()
    if c.accept("WHEN", "MATCHED"):
        c.expect("THEN", "UPDATE", "SET")
        if not c.accept("*"):
            c.listed(_assignment)
    if c.accept("WHEN", "NOT", "MATCHED"):
        c.expect("THEN", "INSERT")
        if not c.accept("*"):
            _inserted_row(c)


def _target(c: Cursor) -> None:
    c.path()
    relations.version(c)


def _assignment(c: Cursor) -> None:
    c.name()
    c.expect("=")
    expressions.expression(c)


def _inserted_row(c: Cursor) -> None:
    if c.word == "(" and c.ahead(1) != "VALUES":
        c.names()
    bracketed = c.accept("(")
    c.expect("VALUES")
    queries.row(c)
    if bracketed:
        c.expect(")")
