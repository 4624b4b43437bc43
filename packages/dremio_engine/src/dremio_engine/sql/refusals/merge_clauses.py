"""The clauses of MERGE: Dremio has one for rows that match, then one for rows that do not."""

from collections.abc import Iterator

from dremio_engine.sql.refusals.faults import Fault
from dremio_engine.sql.refusals.words import Words

_FORMS = {
    ("WHEN", "MATCHED", "THEN", "UPDATE", "SET"): "MATCHED",
    ("WHEN", "NOT", "MATCHED", "THEN", "INSERT"): "NOT MATCHED",
}
_LONGEST = 6


def merge_fault(words: Words, sql: str) -> Fault | None:
    """The first clause of a MERGE that Dremio does not have; nothing in another statement."""
    if words.plain(0) != "MERGE":
        return None
    seen: list[str] = []
    for at in _clauses(words):
        if not seen and not any(words.plain(before) == "ON" for before in range(at)):
            return _fault(words, at, sql, "the condition comes first, in ON (..)")
        kind = next((kind for form, kind in _FORMS.items() if words.begin(at, form)), None)
        if kind is None:
            return _fault(
                words, at, sql, "it is WHEN MATCHED THEN UPDATE SET or WHEN NOT MATCHED THEN INSERT"
            )
        if kind in seen or (kind == "MATCHED" and seen):
            return _fault(words, at, sql, "one WHEN MATCHED comes first, then one WHEN NOT MATCHED")
        seen.append(kind)
    return None


def _clauses(words: Words) -> Iterator[int]:
    """The WHENs that belong to no CASE."""
    brackets, cases = 0, 0
    for at in range(len(words)):
        text = words.plain(at)
        brackets += {"(": 1, ")": -1}.get(text, 0)
        cases += {"CASE": 1, "END": -1}.get(text, 0)
        if text == "WHEN" and brackets == 0 and cases == 0:
            yield at


def _fault(words: Words, at: int, sql: str, reason: str) -> Fault:
    last = at
    while last < at + _LONGEST and words.plain(last) not in ("THEN", ""):
        last += 1
    last = min(last + 1, len(words) - 1)
    return Fault(words[at].start, words.written(at, last, sql), reason)
