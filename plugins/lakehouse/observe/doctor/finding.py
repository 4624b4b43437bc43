"""What a probe has found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How soon somebody must act."""

    ERROR = "error"
    """A night fails or data is at risk."""
    WARN = "warn"
    """It becomes an error if nobody acts."""
    NOTE = "note"
    """Worth knowing; the platform already lives with it. It does not change the exit code."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    severity: Severity
    what: str
    """One sentence, with the name of the thing."""
    evidence: str
    """What was seen: values, times, the other system's own words."""
    command: str
    """What to type to fix it or, where people must decide, to see more."""


class NotConfiguredError(Exception):
    """There is nothing to look at here: no such connection, no checkout, a table that is not there yet."""


def error(what: str, evidence: object, command: str) -> Finding:
    """A finding that cannot wait."""
    return Finding(Severity.ERROR, what, str(evidence), command)


def warn(what: str, evidence: object, command: str) -> Finding:
    """A finding that can wait until morning."""
    return Finding(Severity.WARN, what, str(evidence), command)


def note(what: str, evidence: object, command: str) -> Finding:
    """Something to know."""
    return Finding(Severity.NOTE, what, str(evidence), command)
