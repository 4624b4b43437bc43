"""What the names of columns can refer to at a place in a query: the tables of the statements around it."""

from collections.abc import Iterator

from sqlglot import exp

SCOPES = (exp.Select, exp.Update, exp.Delete, exp.Merge)


def scopes_around(node: exp.Expr) -> Iterator[exp.Expr]:
    """The statements that a node stands in, from the inside out."""
    scope = node.find_ancestor(*SCOPES)
    while scope is not None:
        yield scope
        scope = scope.find_ancestor(*SCOPES)


def relations_of(scope: exp.Expr) -> list[exp.Expr]:
    """The tables and subqueries whose columns a statement can name, in the order in which it names them."""
    from_ = scope.args.get("from_")
    using = scope.args.get("using")
    found = [] if isinstance(scope, exp.Select) else [scope.this]
    found += [from_.this] if from_ is not None else []
    found += using if isinstance(using, list) else [using]
    found += [join.this for join in scope.args.get("joins") or []]
    found = [relation.this if isinstance(relation, exp.Schema) else relation for relation in found]
    found = [relation for relation in found if isinstance(relation, exp.Expr)]
    for relation in list(found):
        found += [join.this for join in relation.args.get("joins") or []]
    return found
