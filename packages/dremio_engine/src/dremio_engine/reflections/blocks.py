"""One SELECT over one dataset, seen through the subqueries and views that only choose, compute and filter.

`SELECT a, SUM(b) FROM v GROUP BY a` over `v AS SELECT x AS a, y AS b FROM t WHERE z` becomes the same SELECT
over `t`: names of layers are put in place of each other and the filters are joined. What comes out names the
dataset's columns alone, each under the qualifier BASE, and the outputs keep their names and order.
"""

from dataclasses import dataclass

from sqlglot import exp

BASE = "$dataset"
_KEPT = {
    "kind", "expressions", "from_", "where", "group", "having", "order", "limit", "offset", "distinct",
    "hint", "operation_modifiers",
}  # fmt: skip
Names = dict[str, tuple[str, exp.Expr]]


class NoMatch(Exception):
    """This query cannot be answered that way; it is left as it is."""


@dataclass(frozen=True)
class Layer:
    """A SELECT and the name under which it knows the one relation it reads."""

    select: exp.Select
    alias: str


def base_column(name: str) -> exp.Column:
    """A column of the dataset."""
    return exp.Column(this=exp.to_identifier(name, quoted=True), table=exp.to_identifier(BASE, quoted=True))


def is_base(column: exp.Expr) -> bool:
    """Whether a column is one of the dataset's."""
    return isinstance(column, exp.Column) and column.table == BASE


def alias_of(relation: exp.Table | exp.Subquery) -> str:
    """The name a SELECT knows a relation by."""
    return relation.alias or (relation.name if isinstance(relation, exp.Table) else "")


def merged(layers: list[Layer], columns: list[str]) -> exp.Select:
    """The outermost layer over the dataset itself, which the innermost reads. Raises NoMatch."""
    names: Names = {c.lower(): (c, base_column(c)) for c in columns}
    filters: list[exp.Expr] = []
    for layer in reversed(layers[1:]):
        outputs: Names = {}
        for index, projection in enumerate(layer.select.expressions):
            for name, value in _outputs(projection, index, layer.alias, names):
                if name.lower() in outputs:
                    raise NoMatch
                outputs[name.lower()] = (name, value)
        if where := layer.select.args.get("where"):
            filters.append(_put_in(where.this, layer.alias, names))
        names = outputs
    return _outermost(layers[0], names, filters)


def _outermost(layer: Layer, names: Names, filters: list[exp.Expr]) -> exp.Select:
    select = layer.select
    _check(select)
    values: list[tuple[exp.Identifier, exp.Expr]] = []
    for index, projection in enumerate(select.expressions):
        for name, value in _outputs(projection, index, layer.alias, names):
            values.append((_identifier(projection, name), value))
    aliases = {name.name.lower(): value for name, value in values}
    found = exp.Select(expressions=[exp.Alias(this=v, alias=n) for n, v in values])
    for key in ("distinct", "limit", "offset"):
        if select.args.get(key):
            found.set(key, select.args[key].copy())
    if where := select.args.get("where"):
        filters = [*filters, _put_in(where.this, layer.alias, names)]
    if filters:
        found.set("where", exp.Where(this=exp.and_(*filters, copy=False) if len(filters) > 1 else filters[0]))
    if group := select.args.get("group"):
        keys = [_put_in(e, layer.alias, names, aliases, columns_first=True) for e in group.expressions]
        found.set("group", exp.Group(expressions=keys))
    if having := select.args.get("having"):
        found.set("having", exp.Having(this=_put_in(having.this, layer.alias, names, aliases)))
    if order := select.args.get("order"):
        terms = [_term(e, layer.alias, names, aliases) for e in order.expressions]
        found.set("order", exp.Order(expressions=terms))
    return found


def _check(select: exp.Select) -> None:
    if any(value for name, value in select.args.items() if name not in _KEPT):
        raise NoMatch
    distinct, group = select.args.get("distinct"), select.args.get("group")
    if distinct is not None and distinct.args.get("on"):
        raise NoMatch
    if group is not None and any(v for k, v in group.args.items() if k != "expressions"):
        raise NoMatch
    for name in ("limit", "offset"):
        cut = select.args.get(name)
        if cut is not None and not (isinstance(cut.expression, exp.Literal) and not cut.expressions):
            raise NoMatch
    for name, part in select.args.items():
        if name in ("from_", "hint"):
            continue
        for piece in part if isinstance(part, list) else [part]:
            if isinstance(piece, exp.Expr) and piece.find(exp.Query, exp.Window, exp.Exists, exp.Lateral):
                raise NoMatch


def _outputs(projection: exp.Expr, index: int, alias: str, names: Names) -> list[tuple[str, exp.Expr]]:
    """(name, value) of what a projection gives: itself, or every column for a star."""
    if isinstance(projection, exp.Star) and not any(projection.args.values()):
        return [(name, value.copy()) for name, value in names.values()]
    inner = projection.this if isinstance(projection, exp.Paren) else projection
    if isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star):
        if inner.table.lower() != alias.lower() or any(inner.this.args.values()):
            raise NoMatch
        return [(name, value.copy()) for name, value in names.values()]
    if isinstance(projection, exp.Alias):
        return [(projection.alias, _put_in(projection.this, alias, names))]
    name = inner.name if isinstance(inner, exp.Column) else f"EXPR${index}"
    return [(name, _put_in(projection, alias, names))]


def _identifier(projection: exp.Expr, name: str) -> exp.Identifier:
    given = projection.args.get("alias") if isinstance(projection, exp.Alias) else None
    return given.copy() if isinstance(given, exp.Identifier) else exp.to_identifier(name, quoted=True)


def _term(term: exp.Expr, alias: str, names: Names, aliases: dict[str, exp.Expr]) -> exp.Expr:
    """A term of ORDER BY: a name of its own is an output's before it is a column's."""
    value = term.this
    if isinstance(value, exp.Column) and not value.table and value.name.lower() in aliases:
        return term.copy()
    return _put_in(term, alias, names, aliases)


def _put_in(
    value: exp.Expr,
    alias: str,
    names: Names,
    aliases: dict[str, exp.Expr] | None = None,
    columns_first: bool = False,
) -> exp.Expr:
    """A copy of an expression with what the names stand for in their place. Raises NoMatch.

    `aliases` are the outputs of the same SELECT, which ORDER BY, GROUP BY and HAVING may name as well. A
    name that is both a column and another output is a column in GROUP BY, and not understood elsewhere.
    """
    holder = exp.Paren(this=value.copy())
    for column in list(holder.find_all(exp.Column)):
        name = column.name.lower()
        if isinstance(column.this, exp.Star) or (column.table and column.table.lower() != alias.lower()):
            raise NoMatch
        given = (aliases or {}).get(name) if not column.table else None
        stands_for = names.get(name)
        if stands_for is None and given is None:
            raise NoMatch
        if stands_for is None:
            continue
        if given is not None and given != stands_for[1] and not columns_first:
            raise NoMatch
        column.replace(_closed(stands_for[1].copy()))
    found: exp.Expr = holder.this
    found.pop()
    return found


def _closed(value: exp.Expr) -> exp.Expr:
    whole = (exp.Column, exp.Literal, exp.Paren, exp.Func, exp.Boolean, exp.Null)
    connected = isinstance(value, exp.And | exp.Or)
    return value if isinstance(value, whole) and not connected else exp.Paren(this=value)
