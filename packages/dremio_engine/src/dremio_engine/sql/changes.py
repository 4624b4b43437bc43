"""INSERT, MERGE, UPDATE and DELETE: what a change writes to, and what it does there."""

from dataclasses import dataclass

from sqlglot import exp

CHANGES = (exp.Insert, exp.Merge, exp.Update, exp.Delete)


def target_of_change(tree: exp.Expr) -> exp.Table | None:
    """The table a change writes to; nothing when the statement has another form."""
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return target if isinstance(tree, CHANGES) and isinstance(target, exp.Table) else None


@dataclass(frozen=True)
class MetTwice:
    """Queries that say whether several source rows of a change meet one of its target: Dremio refuses that,
    DuckDB lets the last of them win.
    """

    rows: exp.Select
    """Has a row if they do."""
    keys: exp.Select | None = None
    """Of a MERGE by keys: the target's and the source's, by turns, as its condition compares them."""
    given_twice: exp.Select | None = None
    """Has a row if the source has a key twice. That needs no join, and where a key and what it is compared
    with are of one type, no row is met twice unless one is."""


def met_twice(tree: exp.Expr) -> MetTwice | None:
    """Of a change that is translated already. None if it cannot meet a row twice."""
    rows = _rows_met_twice(tree)
    if rows is None:
        return None
    keys = _keys(tree)
    if not keys:
        return MetTwice(rows)
    target, source = tree.this.copy(), tree.args["using"].copy()
    compared = exp.select(*(side.copy() for pair in keys for side in pair)).from_(target)
    given = exp.select("1").from_(source).group_by(*(key.copy() for _, key in keys))
    for _, key in keys:
        given = given.where(exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null())))
    return MetTwice(rows, compared.join(source.copy(), join_type="cross"), _more_than_one(given))


def take_source_out(tree: exp.Expr, table: exp.Table) -> exp.Select | None:
    """Let a MERGE, which is translated already, read a table in place of its source's query, and give that
    query: so it runs once, and not for `met_twice` as well. Nothing if its source is not one.
    """
    source = tree.args.get("using")
    if not isinstance(source, exp.Subquery) or not source.alias or source not in _sources(tree):
        return None
    query = exp.select("*").from_(source.copy())
    name = source.args["alias"].this.copy()
    tree.set("using", exp.alias_(table, name, table=True, copy=False))
    return query


def _rows_met_twice(tree: exp.Expr) -> exp.Select | None:
    target, sources = tree.this, _sources(tree)
    if not sources:
        return None
    condition = tree.args.get("on") or (tree.args["where"].this if tree.args.get("where") else None)
    row = exp.column("rowid", table=target.alias_or_name, quoted=True)
    query = exp.select("1").from_(target.copy())
    for source in sources:
        query = query.join(source.copy(), join_type="cross")
    if condition is not None:
        query = query.where(condition.copy())
    return _more_than_one(query.group_by(row))


def _more_than_one(groups: exp.Select) -> exp.Select:
    return groups.having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))).limit(1)


def _keys(tree: exp.Expr) -> list[tuple[exp.Expr, exp.Expr]]:
    """What the condition of a MERGE compares: the target's side and the source's."""
    source = tree.args.get("using")
    if not isinstance(tree, exp.Merge) or source is None:
        return []
    target, name = tree.this.alias_or_name.lower(), source.alias_or_name.lower()
    return [key for part in _conjuncts(tree.args["on"]) if (key := _key_of(part, target, name)) is not None]


def _conjuncts(condition: exp.Expr) -> list[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        return [*_conjuncts(condition.left), *_conjuncts(condition.right)]
    return [condition]


def _key_of(condition: exp.Expr, target: str, source: str) -> tuple[exp.Expr, exp.Expr] | None:
    """Both sides of `target's = source's`."""
    if not isinstance(condition, exp.EQ):
        return None
    for one, other in ((condition.left, condition.right), (condition.right, condition.left)):
        if _names_in(one) == {target} and _names_in(other) == {source}:
            return one, other
    return None


def _names_in(expression: exp.Expr) -> set[str]:
    """Of the relations whose columns it is made of; of one with a query in it nothing that is a name."""
    if expression.find(exp.Query):
        return {""}
    return {column.table.lower() for column in expression.find_all(exp.Column)}


def _sources(tree: exp.Expr) -> list[exp.Expr]:
    """What a change joins its target to, if it changes rows of the target that match."""
    match tree:
        case exp.Merge() if "UPDATE" in merge_actions(tree):
            return [tree.args["using"]]
        case exp.Update() if tree.args.get("from_"):
            return [tree.args["from_"].this]
        case exp.Delete():
            return list(tree.args.get("using") or [])
    return []


def merge_actions(tree: exp.Expr) -> list[str]:
    """Which of INSERT, UPDATE and DELETE the clauses of a MERGE do."""
    return sorted({_action(when.args.get("then")) for when in tree.find_all(exp.When)})


def _action(then: object) -> str:
    if isinstance(then, exp.Insert):
        return "INSERT"
    return "UPDATE" if isinstance(then, exp.Update) else "DELETE"
