"""The last lines of a sync's log, fit for an error message: those that differ in ids and times only, once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

MOST_GROUPS: Final = 3
LONGEST_LINE: Final = 300
_OPENING: Final = 100
"""So much of a reason is looked for in a line, which may have been cut off."""
_PARTICULARS: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # UUIDs
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*(?:Z|[+-]\d\d:?\d\d)?"  # moments
    r"|\b0x[0-9a-f]+\b|\b[0-9a-f]{16,}\b|\d+",
    re.IGNORECASE,
)


def without_particulars(line: str) -> str:
    """The line with ids, moments and numbers as `#`: two lines that tell the same then read the same."""
    return _PARTICULARS.sub("#", line)


def beside(reason: str, lines: Iterable[str]) -> list[str]:
    """The lines that tell more than the reason does; one that ends in it, or in its beginning, does not."""
    opening = reason.strip()[:_OPENING]
    return [
        line
        for line in lines
        if not (opening and opening in line and reason.startswith(line[line.index(opening) :].strip()))
    ]


def grouped(lines: Iterable[str]) -> list[str]:
    """The last MOST_GROUPS kinds of lines, oldest first, each in its newest wording and with its number."""
    counts: Counter[str] = Counter()
    newest: dict[str, str] = {}
    for line in filter(None, map(str.strip, lines)):
        kind = without_particulars(line)
        counts[kind] += 1
        newest.pop(kind, None)  # a kind stands where it was last seen
        newest[kind] = line
    return [
        newest[kind][:LONGEST_LINE] + (f" ({counts[kind]} times)" if counts[kind] > 1 else "")
        for kind in list(newest)[-MOST_GROUPS:]
    ]
