"""AVG as SUM divided by COUNT, which is how Dremio plans it.

DuckDB's own AVG divides in 80 bits and rounds twice, so its last bit cannot be had from a SUM and a COUNT
that were kept. Written out, an average is the same number whether its rows or their sums are read.
"""

from sqlglot import exp


def spell_out_averages(tree: exp.Expr) -> None:
    """Change every AVG of a parsed query in place; not those over windows or with FILTER."""
    for node in list(tree.find_all(exp.Anonymous)):
        if node.name.upper() != "AVG" or len(node.expressions) != 1:
            continue
        if isinstance(node.parent, exp.Window | exp.Filter | exp.WithinGroup | exp.IgnoreNulls):
            continue
        value = node.expressions[0]
        total = exp.Cast(this=_call("SUM", value), to=exp.DataType.build("DOUBLE"))
        rows = _call("NULLIF", _call("COUNT", value), exp.Literal.number(0))
        node.replace(exp.Paren(this=exp.Div(this=total, expression=rows)))


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[a.copy() for a in arguments])
