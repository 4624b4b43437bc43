"""The gate: what Dremio's parser refuses goes no further, though sqlglot and DuckDB would take it.

It looks at what a user sent. What the engine writes itself, and what is already stored, does not pass here.
"""

from dremio_engine.sql.parsed import Parsed, parsed
from dremio_engine.sql.refusals.faults import NotParsed
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements.function_commands import CreateFunction


def admit(statement: Statement) -> None:
    """Raises InvalidStatement for the first thing in the statement's query that Dremio does not parse.

    What a new function returns passes as well.
    """
    if isinstance(statement.command, CreateFunction):
        body = statement.command.body
        _admit(f"{_BEFORE}{body}\n)", statement.sql, statement.sql.rfind(body) - len(_BEFORE))
    elif (text := statement.query_text) is not None:
        _admit(text, statement.sql, max(statement.sql.rfind(text), 0))


# A function returns an expression or a query; both may stand in brackets.
_BEFORE = "select ("


def _admit(text: str, sql: str, query_at: int) -> None:
    """Places in errors are those of the whole statement, in which the query begins there."""
    try:
        fault = parsed(text).fault
    except NotParsed as error:
        raise error.fault.error(sql, query_at) from error
    if fault is not None:
        raise fault.error(sql, query_at)


def admitted(sql: str) -> Parsed:
    """A view's query, parsed. Raises InvalidStatement as `admit` does."""
    query = parsed(sql)
    if query.fault is not None:
        raise query.fault.error(sql)
    return query
