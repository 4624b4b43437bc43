"""Which columns there are where a query names one that is not."""

from collections.abc import Iterator

from sqlglot import exp

from dremio_engine.lake.messages import MISSING_COLUMN
from dremio_engine.sql.data_types.inference import Types
from dremio_engine.sql.data_types.scopes import SCOPES, scopes_around


def with_columns_there(message: str, tree: exp.Expr, types: Types) -> str:
    """A message about a missing column, with those that the query could name in its place; else as it was.

    They are listed in lower case, without those of tables whose columns are not known.
    """
    missing = MISSING_COLUMN.search(message)
    if missing is None or "; there are: " in message:
        return message
    column, table = missing["column"].lower(), (missing["table"] or "").lower()
    for scope in _scopes_of(tree, column, table):
        sources = types.sources_of(scope)
        if any(alias == table for alias, _ in sources):
            sources = [(alias, columns) for alias, columns in sources if alias == table]
        names = list(dict.fromkeys(name for _, columns in sources for name in columns or ()))
        if names:
            return f"{message}; there are: {', '.join(names)}"
    return message


def _scopes_of(tree: exp.Expr, column: str, table: str) -> Iterator[exp.Expr]:
    """The statements around the first place that names the column, or else all there are."""
    for node in tree.find_all(exp.Column):
        if node.name.lower() == column and node.table.lower() in (table, ""):
            yield from scopes_around(node)
            return
    yield from tree.find_all(*SCOPES, exp.Insert)
