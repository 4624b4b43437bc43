"""The forms of PIVOT and UNPIVOT that only other dialects have. Dremio's: dac/ui-common/sql-grammar."""

from collections.abc import Iterator

from sqlglot import exp

from dremio_engine.sql.refusals.faults import Fault
from dremio_engine.sql.refusals.words import Words

_PIVOT = "it is PIVOT (aggregate(..) FOR column IN (value, ..))"
_UNPIVOT = "it is UNPIVOT (value FOR name IN (column, ..))"
_FOREIGN_PARTS = ("this", "using", "into", "group", "default_on_null", "with_", "cte")


def pivot_faults(tree: exp.Expr, words: Words) -> Iterator[Fault]:
    """Every such clause, in no order."""
    for pivot in tree.find_all(exp.Pivot):
        reason = _foreign(pivot) or _misplaced(pivot)
        if reason is not None:
            at = _place(pivot, words)
            yield Fault(words[at].start, words[at].written, reason)


def _foreign(pivot: exp.Pivot) -> str | None:
    form = _UNPIVOT if pivot.args.get("unpivot") else _PIVOT
    fields = pivot.args.get("fields") or []
    if any(pivot.args.get(part) for part in _FOREIGN_PARTS) or len(fields) != 1:
        return form
    values = fields[0].expressions if isinstance(fields[0], exp.In) else []
    if any(isinstance(value, exp.Query | exp.PivotAny) for value in values):
        return "IN lists values"
    return None if values or isinstance(fields[0], exp.In) else form


def _misplaced(pivot: exp.Pivot) -> str | None:
    relation = pivot.parent
    if relation is None:
        return None
    if relation.args.get("alias"):
        return "it follows a table or a query that has no alias; the alias comes last"
    clauses = relation.args.get("pivots") or [pivot]
    kinds = [bool(each.args.get("unpivot")) for each in clauses]
    if kinds not in ([False], [True], [False, True]):
        return "one PIVOT comes first, then one UNPIVOT"
    is_last = clauses[-1] is pivot
    return None if is_last or not pivot.args.get("alias") else "the alias comes last"


def _place(pivot: exp.Pivot, words: Words) -> int:
    """The number of the word that a clause begins with: the last one before its first name, or the first."""
    word = "UNPIVOT" if pivot.args.get("unpivot") else "PIVOT"
    places = [at for at in range(len(words)) if words.plain(at) == word]
    names = [int(n.meta["start"]) for n in pivot.find_all(exp.Identifier) if "start" in n.meta]
    before = [at for at in places if names and words[at].start < min(names)]
    return (before or places or [0])[-1 if before else 0]
