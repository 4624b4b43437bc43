"""UNNEST in FROM: the elements of a list as rows, with their places if WITH ORDINALITY asks for them.

The list may be a column of a table before it (dremio-oss, FlattenDecorrelator). Without a list of columns the
alias names the only one, as Calcite has it.
"""

from sqlglot import exp

from dremio_engine.errors import InvalidStatement, Unsupported

ELEMENT, PLACE = "EXPR$0", "ORDINALITY"


def as_subqueries(tree: exp.Expr) -> None:
    """Put a subquery with Dremio's names and types in the place of every UNNEST.

    Raises InvalidStatement, Unsupported.
    """
    for node in list(tree.find_all(exp.Unnest)):
        if len(node.expressions) != 1:
            raise Unsupported("UNNEST of several lists is not supported by the embedded engine.")
        alias = node.args.get("alias")
        has_places = bool(node.args.get("offset"))
        columns = _columns(node)
        inner = exp.Unnest(
            expressions=node.expressions,
            alias=exp.TableAlias(this=_name("$unnest"), columns=[_name(column) for column in columns]),
            offset=has_places,
        )
        projections: list[exp.Expr] = [exp.Column(this=_name(columns[0]), table=_name("$unnest"))]
        if has_places:
            place = exp.Column(this=_name(columns[1]), table=_name("$unnest"))
            projections.append(_named(exp.Cast(this=place, to=exp.DataType.build("INT")), columns[1]))
        query = exp.Subquery(this=exp.Select(expressions=projections, from_=exp.From(this=inner)))
        name = exp.TableAlias(this=alias.this if alias is not None and alias.this else _name("$unnest"))
        if isinstance(node.parent, exp.From) or node.expressions[0].find(exp.Column) is None:
            query.set("alias", name)
            node.replace(query)
        else:
            node.replace(exp.Lateral(this=query, alias=name))


def _columns(node: exp.Unnest) -> list[str]:
    """The names of the columns. Raises InvalidStatement when the alias names another number of them."""
    alias, offset = node.args.get("alias"), node.args.get("offset")
    there = [ELEMENT, PLACE] if offset else [ELEMENT]
    names = [column.name for column in alias.columns] if alias is not None else []
    if isinstance(offset, exp.Identifier):
        names.append(offset.name)
    if not names:
        return [alias.name] if alias is not None and alias.name and not offset else there
    if len(names) != len(there):
        raise InvalidStatement(
            "VALIDATION ERROR: List of column aliases must have same degree as table; table has"
            f" {len(there)} column(s) ({', '.join(there)}), whereas alias list has {len(names)}."
        )
    return names


def _name(text: str) -> exp.Identifier:
    return exp.to_identifier(text, quoted=True)


def _named(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=_name(name))
