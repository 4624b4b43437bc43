"""One line of `bin/source check`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How one thing compares with what is declared."""

    FITS = "fits"
    NOTE = "note"
    """Worth knowing, and nothing to do."""
    DIFFERS = "differs"
    UNKNOWN = "unknown"
    """It could not be looked at."""


@dataclass(frozen=True)
class Finding:
    """How one thing is, and what to type if it should be otherwise."""

    what: str
    """files, variables, Airbyte, a connection's short name, or a stream's name in the lake."""
    status: Status
    words: str
    remedy: str = ""


def fits(what: str, words: str) -> Finding:
    """Nothing to do."""
    return Finding(what, Status.FITS, words)


def note(what: str, words: str, remedy: str = "") -> Finding:
    """Nothing that must be done."""
    return Finding(what, Status.NOTE, words, remedy)


def differs(what: str, words: str, remedy: str) -> Finding:
    """Something to do."""
    return Finding(what, Status.DIFFERS, words, remedy)


def unknown(what: str, words: str, remedy: str = "") -> Finding:
    """It could not be looked at."""
    return Finding(what, Status.UNKNOWN, words, remedy)
