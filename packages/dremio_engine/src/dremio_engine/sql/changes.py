"""INSERT, MERGE, UPDATE and DELETE: what a change writes to, and what it does there."""

from sqlglot import exp

CHANGES = (exp.Insert, exp.Merge, exp.Update, exp.Delete)


def target_of_change(tree: exp.Expr) -> exp.Table | None:
    """The table a change writes to; nothing when the statement has another form."""
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return target if isinstance(tree, CHANGES) and isinstance(target, exp.Table) else None


def rows_met_twice(tree: exp.Expr) -> exp.Select | None:
    """From a change that is translated already: a query that has a row if several source rows meet one of the
    target, which Dremio refuses and DuckDB lets the last of them win. Nothing if the change cannot do that.
    """
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
    return (
        query.group_by(row)
        .having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
        .limit(1)
    )


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
