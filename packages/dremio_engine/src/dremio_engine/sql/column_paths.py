"""Columns named with the path of their table, and members of structs: `gold.orders.amount`, `o.address.city`.

The parser takes the first parts of both for a catalog, a schema and a table. Here a column keeps the alias of
its table alone, and what follows it is a member.
"""

from sqlglot import exp

from dremio_engine.paths import flattened
from dremio_engine.sql.data_types.scopes import relations_of, scopes_around
from dremio_engine.sql.names import path_of

_PARTS = ("catalog", "db", "table", "this")


def shorten_columns(tree: exp.Expr) -> exp.Expr:
    """The tree, its columns named by the alias of their table; changed in place."""
    for column in list(tree.find_all(exp.Column)):
        members = _members_around(column)
        parts = [column.args[part] for part in _PARTS if column.args.get(part) is not None]
        parts += [member.expression for member in members]
        if len(parts) > 2:
            whole = members[-1] if members else column
            whole.replace(_shortened(column, parts))
    return tree


def _members_around(column: exp.Column) -> list[exp.Dot]:
    """The members that are taken from a column, in the order in which they are named."""
    found: list[exp.Dot] = []
    node: exp.Expr = column
    while isinstance(node.parent, exp.Dot) and node.parent.this is node:
        if not isinstance(node.parent.expression, exp.Identifier | exp.Star):
            break
        node = node.parent
        found.append(node)
    return found


def _shortened(column: exp.Column, parts: list[exp.Expr]) -> exp.Expr:
    length, alias = _qualifier(column, parts)
    if length < len(parts) - 1 and isinstance(parts[-1], exp.Star):
        # No table is called so, which DuckDB says of the whole name.
        length, alias = len(parts) - 1, exp.to_identifier(".".join(p.name for p in parts[:-1]), quoted=True)
    name, *members = parts[length:]
    found: exp.Expr = exp.Column(this=name.copy(), table=alias.copy())
    for member in members:
        found = exp.Dot(this=found, expression=member.copy())
    return found


def _qualifier(column: exp.Column, parts: list[exp.Expr]) -> tuple[int, exp.Expr]:
    """How many parts name a table, and the alias to put in their place.

    When none do, the first is a column, and the second its member: DuckDB takes both forms for it.
    """
    names = [part.name.lower() for part in parts]
    for scope in scopes_around(column):
        for length in range(len(parts) - 1, 0, -1):
            for relation in relations_of(scope):
                if _is_named(relation, names[:length]):
                    return length, exp.to_identifier(relation.alias_or_name, quoted=True)
    return 1, parts[0]


def _is_named(relation: exp.Expr, names: list[str]) -> bool:
    """Whether a table can be called so: by its alias, or by its path, of which FROM may name less."""
    if len(names) == 1:
        return bool(relation.alias_or_name.lower() == names[0])
    if not isinstance(relation, exp.Table) or (relation.alias and relation.alias.lower() != names[-1]):
        return False
    path = [part.lower() for part in flattened(path_of(relation))]
    return list(flattened(tuple(names)))[-len(path) :] == path
