"""Macros with a body for each type, called on an aggregate: DuckDB cannot choose the body there.

It can inside a lambda, where the aggregate's value is a parameter whose type is known:
`f(max(x))` becomes `list_transform([{'a0': max(x)}], lambda p: f(struct_extract(p, 'a0')))[1]`.
"""

import re

from sqlglot import exp

from dremio_engine.sql.functions import MACROS
from dremio_engine.sql.functions.aggregates import AGGREGATES
from dremio_engine.sql.functions.signature import build

_OVERLOADED = frozenset(
    found[1].upper()
    for macro in MACROS
    if (found := re.match(r"create or replace macro (\w+)", macro)) and len(re.findall(r"\) as ", macro)) > 1
)
# DuckDB's names of what has a value only once rows are put together, or taken apart.
_OF_MANY_ROWS = frozenset(
    [
        *("COUNT", "STRING_AGG", "UNNEST"),
        *(
            template.partition("(")[0].upper()
            for function in AGGREGATES.values()
            for template in function.templates.values()
        ),
    ]
)


def resolve_over_aggregates(tree: exp.Expr) -> None:
    """Change every such call of a translated tree in place."""
    for call in reversed(list(tree.find_all(exp.Anonymous))):  # inner ones first
        if call.name.upper() in _OVERLOADED and any(map(_is_of_many_rows, call.expressions)):
            call.replace(_in_lambda(call))


def _in_lambda(call: exp.Anonymous) -> exp.Expr:
    outside = [a for a in call.expressions if not isinstance(a, exp.Literal | exp.Interval)]
    names = {id(argument): f"a{number}" for number, argument in enumerate(outside)}
    # The same for the same expression, wherever it stands: DISTINCT and ORDER BY compare them.
    parameter = f"__values_{sum(1 for _ in call.find_all(exp.Lambda))}"
    body = exp.Anonymous(
        this=call.this,
        expressions=[
            _member(parameter, names[id(each)]) if id(each) in names else each.copy()
            for each in call.expressions
        ],
    )
    members = ", ".join(f"'{name}': {{{number}}}" for number, name in enumerate(names.values()))
    found = build(f"list_transform([{{{{{members}}}}}], lambda {parameter}: 0)[1]", outside)
    function = next(node for node in found.find_all(exp.Lambda) if node.expressions[0].name == parameter)
    function.set("this", body)
    return found


def _member(parameter: str, name: str) -> exp.Expr:
    """`p.a0` would be taken for a column of a table in HAVING."""
    return exp.Anonymous(this="struct_extract", expressions=[exp.column(parameter), exp.Literal.string(name)])


def _is_of_many_rows(argument: exp.Expr) -> bool:
    return any(
        isinstance(node, exp.Window)
        or (isinstance(node, exp.Anonymous) and node.name.upper() in _OF_MANY_ROWS)
        for node in argument.walk(prune=lambda node: isinstance(node, exp.Query))
    )
