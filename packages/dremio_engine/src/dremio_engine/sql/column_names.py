"""The names a query's columns have for the client."""

from sqlglot import exp

_HOLD_VALUES = (exp.Alias, exp.Condition, exp.Where, exp.Having, exp.Qualify, exp.Ordered)


def name_expressions(tree: exp.Expr) -> None:
    """What has no name is EXPR$n, a column is named as the query wrote it (DuckDB: as the table did)."""
    for select in tree.find_all(exp.Select):
        if _is_value(select):
            continue
        for index, projection in enumerate(list(select.expressions)):
            inner = projection.this if isinstance(projection, exp.Paren) else projection
            if isinstance(inner, exp.Column) and not isinstance(inner.this, exp.Star):
                name = inner.name
            elif isinstance(inner, exp.Column | exp.Alias | exp.Star | exp.Dot | exp.Aliases):
                continue
            else:
                name = f"EXPR${index}"
            alias = exp.to_identifier(name, quoted=True)
            projection.replace(exp.Alias(this=projection.copy(), alias=alias))


def _is_value(query: exp.Query) -> bool:
    """Whether a query stands in an expression, where nobody sees its names.

    There DuckDB would take a name for the column it is given to: one of an outer query could not be reached.
    """
    inner: exp.Expr = query
    while isinstance(inner.parent, exp.Subquery | exp.SetOperation | exp.Paren):
        inner = inner.parent
    outer = inner.parent
    return isinstance(outer, _HOLD_VALUES) or (
        isinstance(outer, exp.Select) and inner.arg_key == "expressions"
    )


def name_values(tree: exp.Expr) -> exp.Expr:
    """The columns of VALUES that nobody named are EXPR$n as well; the root may become another node."""
    for values in list(tree.find_all(exp.Values)):
        if isinstance(values.parent, exp.Insert):
            continue
        relation = isinstance(values.parent, exp.From | exp.Join | exp.Merge | exp.Delete)
        alias = values.args.get("alias") or exp.TableAlias(this=exp.to_identifier("_values", quoted=True))
        if not alias.columns:
            width = len(values.expressions[0].expressions)
            alias.set("columns", [exp.to_identifier(f"EXPR${i}", quoted=True) for i in range(width)])
        values.set("alias", alias)
        if relation:
            continue
        query = exp.Select(expressions=[exp.Star()])
        for clause in ("with_", "order", "limit", "offset"):
            if (given := values.args.get(clause)) is not None:
                values.set(clause, None)
                query.set(clause, given)
        asks = values.parent
        if values is tree:
            tree = query
        else:
            values.replace(query)
        query.set("from_", exp.From(this=values))
        if isinstance(asks, exp.Anonymous) and asks.name.upper() == "EXISTS":
            # The parser knows EXISTS before SELECT only.
            asks.replace(exp.Exists(this=query))
    return tree
