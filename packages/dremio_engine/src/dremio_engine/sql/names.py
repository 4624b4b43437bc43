"""The tables and views that a query names."""

from collections.abc import Iterator

from sqlglot import exp

from dremio_engine.paths import Path
from dremio_engine.sql.data_types.inference import cte_query


def names_in_tree(tree: exp.Expr) -> tuple[Path, ...]:
    """The names of tables and views in a query; () stands for one that is not plain (an older version)."""
    return tuple(path_of(table) if is_plain(table) else () for table in tables_in(tree))


def path_of(table: exp.Table) -> Path:
    """A table's name as the query wrote it, part by part."""
    return tuple(part.name for part in table.parts)


def tables_in(tree: exp.Expr) -> Iterator[exp.Table]:
    """The tables of a query that are not its own WITH."""
    for table in tree.find_all(exp.Table):
        if not (is_plain(table) and len(table.parts) == 1 and is_cte(table, table.name)):
            yield table


def is_plain(table: exp.Table) -> bool:
    """Whether it is a name and nothing else: no function, version, sample."""
    return isinstance(table.this, exp.Identifier) and not any(
        table.args.get(k) for k in ("version", "when", "changes", "sample", "ordinality", "only", "pivots")
    )


def is_cte(table: exp.Table, name: str) -> bool:
    """Whether a one-part name in a query is that of its own WITH."""
    return cte_query(table, name) is not None
