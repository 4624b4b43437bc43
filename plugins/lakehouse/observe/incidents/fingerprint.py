"""When two failures say the same: their words without what differs from one time to the next."""

from __future__ import annotations

import hashlib
import os
import re
from typing import Final

from lakehouse.observe.incidents.finding import Finding

ENVIRONMENT: Final = "LAKEHOUSE_ENVIRONMENT"
"""Names the platform where several report to the same people: production, staging."""

_DIFFERS: Final = (
    re.compile(r"https?://\S+"),
    re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE),
    re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b", re.IGNORECASE),
    re.compile(r"\d+(?:[-+:.,T_/]\d+)*Z?"),
)
_LONGEST_WORDS: Final = 400
"""Two errors that agree so far are the same: what follows is often a list of ids."""


def environment() -> str:
    """The platform's name; by default `lakehouse`."""
    return os.environ.get(ENVIRONMENT) or "lakehouse"


def fingerprint(finding: Finding) -> str:
    """Of environment, place, step and words; numbers, ids, dates and addresses do not count."""
    step = str(finding.evidence.get("task") or finding.kind)
    words = stripped(finding.error or finding.summary)
    parts = "\0".join((environment(), finding.kind, finding.cause_group or finding.root, step, words))
    return hashlib.sha256(parts.encode()).hexdigest()[:20]


def stripped(words: str) -> str:
    """The words without numbers, dates, ids and addresses."""
    for pattern in _DIFFERS:
        words = pattern.sub("#", words)
    return " ".join(words.split())[:_LONGEST_WORDS]
