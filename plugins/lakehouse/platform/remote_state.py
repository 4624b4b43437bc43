"""States in the words of another system."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class RemoteState(StrEnum):
    """A closed vocabulary of another system, with a place for words it may invent: a member UNKNOWN."""

    @classmethod
    def of(cls, word: object) -> Self:
        """The state of that name, in whatever case; UNKNOWN for a word this code has not met."""
        name = word.casefold() if isinstance(word, str) else ""
        return next((state for state in cls if state.value.casefold() == name), cls["UNKNOWN"])
