"""What can be wrong with one file, so that the others are read all the same."""

from __future__ import annotations


class UnreadableFileError(Exception):
    """A file that is left out as a whole; the message says why and what to do."""


class UnreadableLineError(UnreadableFileError):
    """A line that is not a record; lines are counted from 1, as an editor counts them."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line


class VanishedFileError(Exception):
    """A file that was listed and is no longer there."""
