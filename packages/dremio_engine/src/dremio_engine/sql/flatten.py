"""FLATTEN: a list in the select list becomes rows; several of them give every combination."""

from sqlglot import exp

from dremio_engine.errors import Unsupported


def spread(tree: exp.Expr) -> None:
    """Leave at most one FLATTEN per SELECT, for DuckDB walks several lists side by side.

    Each further one moves into a lateral subquery of the same SELECT. Raises Unsupported for FLATTEN
    outside a select list.
    """
    for select in list(tree.find_all(exp.Select)):
        nodes = [n for n in select.find_all(exp.Anonymous) if _is_flatten(n) and n.parent_select is select]
        for node in nodes:
            if not any(node is inner for p in select.expressions for inner in p.find_all(exp.Anonymous)):
                raise Unsupported("FLATTEN stands only in the select list.")
        if len(nodes) > 1:
            # Inner calls first: FLATTEN(FLATTEN(x)).
            for index, node in enumerate(sorted(nodes, key=lambda n: -n.depth)):
                _move(select, node, f"$flatten_{index}")


def _move(select: exp.Select, node: exp.Anonymous, name: str) -> None:
    identifier = exp.to_identifier(name, quoted=True)
    node.replace(exp.Column(this=identifier.copy(), table=identifier.copy()))
    inner = exp.Select(expressions=[exp.Alias(this=node, alias=identifier.copy())])
    for projection in select.expressions:
        if isinstance(projection, exp.Star):
            projection.set("except_", [*(projection.args.get("except_") or []), identifier.copy()])
    alias = exp.TableAlias(this=identifier.copy())
    if select.args.get("from_") is None:
        select.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))
    else:
        lateral = exp.Lateral(this=exp.Subquery(this=inner), alias=alias)
        select.append("joins", exp.Join(this=lateral, kind="CROSS"))


def _is_flatten(node: exp.Anonymous) -> bool:
    return node.name.upper() == "FLATTEN"
