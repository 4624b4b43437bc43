"""The gate: what Dremio's parser refuses goes no further, though sqlglot and DuckDB would take it.

It looks at what a user sent. What the engine writes itself, and what is already stored, does not pass here.
"""

from dremio_engine.sql.faults import NotParsed
from dremio_engine.sql.parsed import Parsed, parsed
from dremio_engine.sql.statement import Statement


def admit(statement: Statement) -> None:
    """Raises InvalidStatement for the first thing in the statement's query that Dremio does not parse."""
    text = statement.query_text
    if text is None:
        return
    query_at = max(statement.sql.rfind(text), 0)
    try:
        fault = statement.query.fault
    except NotParsed as error:
        raise error.fault.error(statement.sql, query_at) from error
    if fault is not None:
        raise fault.error(statement.sql, query_at)


def admitted(sql: str) -> Parsed:
    """A view's query, parsed. Raises InvalidStatement as `admit` does."""
    query = parsed(sql)
    if query.fault is not None:
        raise query.fault.error(sql)
    return query
