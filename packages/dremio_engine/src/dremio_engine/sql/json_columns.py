"""CONVERT_FROM(column, 'JSON'): Dremio learns the type as it reads, the engine asks before the query runs.

The question is a query of its own: the values that the call would see, in the place where the call stands.
"""

import json
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from dremio_engine.errors import Unsupported
from dremio_engine.sql.data_types.inference import visible_ctes
from dremio_engine.sql.functions import FUNCTIONS

# The shape of a query's only column, as DuckDB's json_group_structure has it; nothing without a value.
Learn = Callable[[exp.Select], str | None]
VALUES = "$json"
_WHOLE = frozenset(["BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"])
# What has no one type, and what has no value.
_OTHERS = {"JSON": "VARCHAR", "NULL": "INTEGER"}


def learn_shapes(tree: exp.Expr, learn: Learn) -> None:
    """Note the shape of its values at every such call of a tree. Raises Unsupported."""
    for call in json_calls(tree):
        found = learn(_values_of(call))
        call.expressions[1].meta["shape"] = json.dumps("INTEGER") if found is None else dremio_shape(found)


def dremio_shape(found: str, whole: str = "BIGINT") -> str:
    """A shape as DuckDB found it with Dremio's types; `whole` is the type of whole numbers."""
    return json.dumps(_with_dremios_types(json.loads(found), whole))


def json_calls(tree: exp.Expr) -> list[exp.Anonymous]:
    """The calls of CONVERT_FROM for JSON whose first argument is not a literal."""
    return [
        node
        for node in tree.find_all(exp.Anonymous)
        if node.name.upper() == "CONVERT_FROM"
        and len(node.expressions) == 2
        and not isinstance(node.expressions[0], exp.Literal)
        and node.expressions[1].name.upper() == "JSON"
    ]


def _values_of(call: exp.Anonymous) -> exp.Select:
    """The query for the values that a call sees."""
    select = call.parent_select
    if not isinstance(select, exp.Select):
        raise _cannot_learn("outside a SELECT")
    if any(json_calls(join) for join in select.args.get("joins") or ()):
        raise _cannot_learn("in the condition of a join")
    value = exp.alias_(call.expressions[0].copy(), VALUES, quoted=True)
    query = exp.Select(expressions=[value])
    kept = ["from_", "joins", "where"]
    if any(_is_aggregate(node) for node in call.expressions[0].find_all(exp.Anonymous)):
        kept += ["group", "having"]
    for part in kept:
        found = select.args.get(part)
        if isinstance(found, exp.Where | exp.Having):
            found = _without_json(found)
        if found is not None:
            query.set(part, [each.copy() for each in found] if isinstance(found, list) else found.copy())
    if ctes := visible_ctes(call):
        query.set("with_", exp.With(expressions=[cte.copy() for cte in ctes]))
    return query


def _without_json(condition: exp.Expr) -> exp.Expr | None:
    """What a WHERE asks beside the values of JSON; nothing if that is all."""
    tests = condition.this.flatten() if isinstance(condition.this, exp.And) else [condition.this]
    others = [test.copy() for test in tests if not json_calls(test)]
    return type(condition)(this=exp.and_(*others)) if others else None


def _with_dremios_types(shape: Any, whole: str) -> Any:
    """Members that are always null are left out, as Dremio leaves them out; the order is that of their names,
    for DuckDB's changes from one reading to the next."""
    if isinstance(shape, dict):
        members = {
            name: _with_dremios_types(inner, whole)
            for name, inner in sorted(shape.items())
            if inner != "NULL"
        }
        return members or "VARCHAR"
    if isinstance(shape, list):
        return [_with_dremios_types(shape[0], whole)]
    return whole if shape in _WHOLE else _OTHERS.get(shape, shape)


def _is_aggregate(node: exp.Anonymous) -> bool:
    function = FUNCTIONS.get(node.name.upper())
    return function is not None and function.aggregate


def _cannot_learn(where: str) -> Unsupported:
    return Unsupported(
        f"CONVERT_FROM of JSON in a column is not supported {where} by the embedded engine: move it into a"
        " query in FROM."
    )
