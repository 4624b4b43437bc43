"""INSERT, MERGE, UPDATE and DELETE: what a change writes to, and what it does there."""

from sqlglot import exp

CHANGES = (exp.Insert, exp.Merge, exp.Update, exp.Delete)


def target_of_change(tree: exp.Expr) -> exp.Table | None:
    """The table a change writes to; nothing when the statement has another form."""
    target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return target if isinstance(tree, CHANGES) and isinstance(target, exp.Table) else None


def merge_actions(tree: exp.Expr) -> list[str]:
    """Which of INSERT, UPDATE and DELETE the clauses of a MERGE do."""
    return sorted({_action(when.args.get("then")) for when in tree.find_all(exp.When)})


def _action(then: object) -> str:
    if isinstance(then, exp.Insert):
        return "INSERT"
    return "UPDATE" if isinstance(then, exp.Update) else "DELETE"
