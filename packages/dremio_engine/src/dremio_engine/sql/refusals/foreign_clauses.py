"""What a parsed query says that Dremio's validator refuses, and DuckDB would answer in its own way."""

from collections.abc import Iterator

from sqlglot import exp

from dremio_engine.sql.refusals.faults import Fault
from dremio_engine.sql.refusals.frames import frame_fault


def foreign_clauses(tree: exp.Expr) -> Iterator[Fault]:
    """All such things, in no order; the tree's nodes know where they stand."""
    for node in tree.walk():
        match node:
            case exp.Window():
                yield from _distinct_over(node)
                yield from _frame(node)
            case exp.Anonymous():
                yield from _ordered_arguments(node)
            case exp.Select():
                yield from _shadowed(node)
            case exp.Update():
                yield from _qualified_targets(node)


def _distinct_over(window: exp.Window) -> Iterator[Fault]:
    call = window.this
    while isinstance(call, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
        call = call.this
    if isinstance(call, exp.Anonymous) and any(isinstance(a, exp.Distinct) for a in call.expressions):
        yield _at(call, "DISTINCT is not supported in window functions")


def _frame(window: exp.Window) -> Iterator[Fault]:
    if (reason := frame_fault(window)) is not None:
        named = window.this
        while isinstance(named, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
            named = named.this
        yield _at(named, reason)


def _ordered_arguments(call: exp.Anonymous) -> Iterator[Fault]:
    if any(isinstance(argument, exp.Order) for argument in call.expressions):
        yield _at(call, "the order of an aggregate stands in WITHIN GROUP (ORDER BY ..)")


def _shadowed(select: exp.Select) -> Iterator[Fault]:
    """GROUP BY name, where the name is both a column and what was computed from it."""
    computed = {
        projection.alias.lower()
        for projection in select.expressions
        if isinstance(projection, exp.Alias)
        and not isinstance(projection.this, exp.Column)
        and any(c.name.lower() == projection.alias.lower() for c in projection.this.find_all(exp.Column))
    }
    group = select.args.get("group")
    for key in group.expressions if group is not None else ():
        if isinstance(key, exp.Column) and not key.table and key.name.lower() in computed:
            yield _at(
                key.this,
                f"GROUP BY {key.name} may mean the column or the alias; group by the expression or rename it",
            )


def _qualified_targets(update: exp.Update) -> Iterator[Fault]:
    for each in update.expressions:
        target = each.this if isinstance(each, exp.EQ) else None
        if isinstance(target, exp.Dot) or (isinstance(target, exp.Column) and target.table):
            first = min(target.find_all(exp.Identifier), key=lambda part: int(part.meta.get("start", 0)))
            yield _at(first, "SET takes a column's name alone")


def _at(node: exp.Expr, reason: str) -> Fault:
    return Fault(int(node.meta.get("start", 0)), node.name, reason)
