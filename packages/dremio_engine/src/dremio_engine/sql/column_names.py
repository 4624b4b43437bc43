"""The names a query's columns have for the client."""

from sqlglot import exp


def name_expressions(tree: exp.Expr) -> None:
    """What has no name is EXPR$n, a column is named as the query wrote it (DuckDB: as the table did)."""
    for select in tree.find_all(exp.Select):
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
