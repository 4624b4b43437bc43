"""From the bytes of a log file to its records: a line, or a line with those that continue it.

A record is what one call of a logger wrote. Which lines begin one is known by their head: a moment, or JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

LONGEST_RECORD: Final = 4 << 20
"""Bytes. A longer line is cut into parts, so that one line without an end cannot fill the memory."""
MOST_LINES: Final = 2000
"""Lines of one record: a program that writes no heads must not become one endless record."""

MOMENT: Final = re.compile(rb"^(?:\x1b\[[0-9;]*m)*\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_TRACEBACK: Final = b"Traceback (most recent call last)"
_RAISED: Final = re.compile(rb"^[A-Za-z_][\w.]*(?:Error|Exception|Warning|Exit|Interrupt|Failure)?(?:: .*)?$")
_CUT_AT: Final = re.compile(rb"[\s,;]")


@dataclass(frozen=True)
class Record:
    """A piece of a file; offsets are bytes from the file's start."""

    start: int
    end: int
    is_part: bool = False
    """Of a line that is too long for one record."""


@dataclass(frozen=True)
class Line:
    start: int
    end: int
    is_part: bool
    is_whole: bool
    """It ends with a line feed."""


def records(data: bytes, base: int, *, settled: bool, final: bool) -> list[Record]:
    """The complete records at the start of `data`, which stands at `base` in its file.

    Args:
        data: bytes of the file, from the start of a record on.
        base: where they begin.
        settled: nothing was added for a while: the last record is complete although none follows it.
        final: nothing will be added: the last line is complete although it has no end.
    """
    found: list[Record] = []
    start: int | None = None
    head: _Head | None = None
    end = 0
    for line in _lines(data, final=final):
        text = data[line.start : line.end]
        if line.is_part or (start is not None and head is not None and not head.goes_on(text, end - start)):
            if start is not None:
                found.append(Record(base + start, base + end))
            start = None
        if line.is_part:
            found.append(Record(base + line.start, base + line.end, is_part=True))
            end = line.end
            continue
        if start is None:
            start, head = line.start, _Head(text)
        end = line.end
    if start is not None and (settled or final or (head is not None and head.is_json)):
        found.append(Record(base + start, base + end))
    return found


class _Head:
    """The first line of a record, and what may follow it."""

    def __init__(self, line: bytes) -> None:
        self.is_json = line.lstrip()[:1] == b"{"
        self._has_moment = bool(MOMENT.match(line))
        self._in_traceback = _TRACEBACK in line
        self._lines = 1

    def goes_on(self, line: bytes, size: int) -> bool:
        """Is that line part of the same record?"""
        self._lines += 1
        if self._lines > MOST_LINES or size + len(line) > LONGEST_RECORD:
            return False
        if self.is_json or MOMENT.match(line) or line.lstrip()[:1] == b"{":
            return False
        if self._has_moment:
            return True
        if _TRACEBACK in line:
            self._in_traceback = True
            return False
        if line[:1] in b" \t":
            return True
        if self._in_traceback and _RAISED.match(line.rstrip()):
            self._in_traceback = False
            return True
        return False


def _lines(data: bytes, *, final: bool) -> Iterator[Line]:
    """The lines of `data`; one that is longer than a record may be comes in parts."""
    start = 0
    while start < len(data):
        found = data.find(b"\n", start)
        end = found + 1 if found >= 0 else len(data)
        if end - start > LONGEST_RECORD:
            # The last part waits for what follows it, so that a secret at its edge is seen whole.
            while end - start > LONGEST_RECORD:
                cut = _cut(data, start)
                yield Line(start, cut, is_part=True, is_whole=False)
                start = cut
            if found < 0 and not final:
                return
            yield Line(start, end, is_part=True, is_whole=found >= 0)
        elif found >= 0 or final:
            yield Line(start, end, is_part=False, is_whole=found >= 0)
        else:
            return
        start = end


def _cut(data: bytes, start: int) -> int:
    """Where a part ends: between words if there are words, else between characters."""
    end = start + LONGEST_RECORD
    window = data[end - 4096 : end]
    if gaps := list(_CUT_AT.finditer(window)):
        return end - 4096 + gaps[-1].end()
    while end > start + 1 and data[end] & 0xC0 == 0x80:  # in the middle of a character of UTF-8
        end -= 1
    return end
