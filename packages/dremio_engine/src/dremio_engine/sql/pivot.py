"""PIVOT and UNPIVOT as the queries they stand for (names and types: Calcite's SqlPivot, SqlUnpivot).

PIVOT groups by every column that it does not use; a column of its result is called as the value, and as the
aggregate behind a `_` when that has a name. UNPIVOT leaves rows out whose values are all NULL.
"""

from collections.abc import Iterable

from sqlglot import exp

from dremio_engine.errors import InvalidStatement
from dremio_engine.sql.functions import FUNCTIONS

_SOURCE, _ROWS = "$pivoted", "$rows"


def as_subqueries(tree: exp.Expr) -> None:
    """Put a subquery in the place of every relation with PIVOT or UNPIVOT. Raises InvalidStatement."""
    relations = [node for node in tree.find_all(exp.Table, exp.Subquery) if node.args.get("pivots")]
    for relation in reversed(relations):  # inner ones first
        clauses = relation.args["pivots"]
        relation.set("pivots", None)
        outside = {key: relation.args.get(key) for key in ("joins", "laterals")}
        for key in outside:
            relation.set(key, None)
        rows: exp.Expr = relation.copy()
        for clause in clauses:
            query = _unpivoted(clause, rows) if clause.args.get("unpivot") else _pivoted(clause, rows)
            rows = exp.Subquery(this=query)
        rows.set("alias", clauses[-1].args.get("alias") or exp.TableAlias(this=_name(_SOURCE)))
        for key, value in outside.items():
            if value:
                rows.set(key, value)
        relation.replace(rows)


def _pivoted(clause: exp.Pivot, rows: exp.Expr) -> exp.Select:
    axis, values = clause.args["fields"][0].this, clause.args["fields"][0].expressions
    axes = [_column(each) for each in _members(axis)]
    used = {column.name.lower(): column.name for column in axes}
    for measure in clause.expressions:
        _check_aggregate(measure)
        used |= {column.name.lower(): column.name for column in measure.find_all(exp.Column)}
    projections: list[exp.Expr] = [_star_without(used.values())]
    for value in values:
        constant, name = _value_and_name(value)
        parts = _members(constant)
        if len(parts) != len(axes):
            raise InvalidStatement(
                f"VALIDATION ERROR: Value count in PIVOT ({len(parts)}) must match number of FOR columns"
                f" ({len(axes)})."
            )
        condition = exp.and_(*map(_equals, axes, parts))
        for measure in clause.expressions:
            aggregate, suffix = (
                (measure.this, measure.alias) if isinstance(measure, exp.Alias) else (measure, "")
            )
            shown = f"{name}_{suffix}" if suffix else name
            projections.append(exp.alias_(_filtered(aggregate.copy(), condition.copy()), _name(shown)))
    return exp.Select(expressions=projections, from_=exp.From(this=_aliased(rows)), group=exp.Group(all=True))


def _unpivoted(clause: exp.Pivot, rows: exp.Expr) -> exp.Select:
    field = clause.args["fields"][0]
    measures = [each.name for part in clause.expressions for each in _members(part)]
    axes = [each.name for each in _members(field.this)]
    used: dict[str, str] = {}
    tuples = []
    for value in field.expressions:
        columns = [
            _column(each) for each in _members(value.this if isinstance(value, exp.PivotAlias) else value)
        ]
        if len(columns) != len(measures):
            raise InvalidStatement(
                f"VALIDATION ERROR: Value count in UNPIVOT ({len(columns)}) must match number of FOR values"
                f" ({len(measures)})."
            )
        used |= {column.name.lower(): column.name for column in columns}
        names = _axis_values(value, columns, len(axes))
        read = [exp.Column(this=_name(c.name), table=_name(_SOURCE)) for c in columns]
        tuples.append(exp.Tuple(expressions=[*names, *read]))
    alias = exp.TableAlias(this=_name(_ROWS), columns=[_name(n) for n in (*axes, *measures)])
    listed = exp.Select(
        expressions=[exp.Star()], from_=exp.From(this=exp.Values(expressions=tuples, alias=alias))
    )
    lateral = exp.Lateral(this=exp.Subquery(this=listed), alias=exp.TableAlias(this=_name(_ROWS)))
    star = exp.Column(this=_star_without(used.values()), table=_name(_SOURCE))
    query = exp.Select(
        expressions=[star, *(exp.Column(this=_name(n), table=_name(_ROWS)) for n in (*axes, *measures))],
        from_=exp.From(this=_aliased(rows)),
        joins=[exp.Join(this=lateral, kind="CROSS")],
    )
    if not clause.args.get("include_nulls"):
        there = [
            exp.Not(this=exp.Is(this=exp.Column(this=_name(n), table=_name(_ROWS)), expression=exp.Null()))
            for n in measures
        ]
        query.set("where", exp.Where(this=exp.or_(*there)))
    return query


def _axis_values(value: exp.Expr, columns: list[exp.Column], count: int) -> list[exp.Expr]:
    """What the columns for names hold: what AS gives, or else the columns' names."""
    if not isinstance(value, exp.PivotAlias):
        return [exp.Literal.string("_".join(column.name for column in columns)) for _ in range(count)]
    given = _members(value.args["alias"])
    if any(isinstance(each, exp.Identifier | exp.Column) for each in given) or len(given) != count:
        raise InvalidStatement(f"VALIDATION ERROR: UNPIVOT needs {count} literal(s) behind AS.")
    return [each.copy() for each in given]


def _value_and_name(value: exp.Expr) -> tuple[exp.Expr, str]:
    if isinstance(value, exp.PivotAlias):
        return value.this, value.args["alias"].name
    return value, "_".join(_written(part) for part in _members(value))


def _written(constant: exp.Expr) -> str:
    return constant.sql(dialect="dremio")


def _equals(axis: exp.Column, value: exp.Expr) -> exp.Expr:
    if value.find(exp.Column, exp.Query):
        raise InvalidStatement(f"VALIDATION ERROR: [{_written(value)}] in PIVOT's IN is not a literal.")
    return exp.EQ(this=axis.copy(), expression=value.copy())


def _check_aggregate(measure: exp.Expr) -> None:
    call = measure.this if isinstance(measure, exp.Alias) else measure
    call = call.this if isinstance(call, exp.Filter) else call
    function = FUNCTIONS.get(call.name.upper()) if isinstance(call, exp.Anonymous) else None
    if function is None or not function.aggregate:
        raise InvalidStatement("VALIDATION ERROR: Measure expression in PIVOT must use aggregate function.")


def _filtered(aggregate: exp.Expr, condition: exp.Expr) -> exp.Filter:
    if isinstance(aggregate, exp.Filter):
        own = aggregate.expression.this
        return exp.Filter(this=aggregate.this, expression=exp.Where(this=exp.and_(own, condition)))
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def _members(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Paren):
        return [node.this]
    return list(node.expressions) if isinstance(node, exp.Tuple) else [node]


def _column(node: exp.Expr) -> exp.Column:
    if isinstance(node, exp.Identifier):
        return exp.Column(this=node.copy())
    if not isinstance(node, exp.Column):
        raise InvalidStatement(f"VALIDATION ERROR: [{_written(node)}] is not a column.")
    return node.copy()


def _star_without(names: Iterable[str]) -> exp.Star:
    return exp.Star(except_=[_name(name) for name in names])


def _aliased(rows: exp.Expr) -> exp.Expr:
    rows.set("alias", exp.TableAlias(this=_name(_SOURCE)))
    return rows


def _name(text: str) -> exp.Identifier:
    return exp.to_identifier(text, quoted=True)
