"""When a line was written, as far as it says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

_HEAD: Final = re.compile(
    r"^\[?(?P<day>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
    r"[ ]?(?P<zone>Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b)?\]?"
)


@dataclass(frozen=True)
class Head:
    """The moment at the start of a line, and where the rest begins."""

    moment: datetime
    length: int


def head_of(line: str, zone: tzinfo = UTC) -> Head | None:
    """The moment that the line begins with, in UTC; `zone` is that of a moment that names none.

    None if there is none, or if it is impossible (the 45th of a month).
    """
    found = _HEAD.match(line)
    if found is None:
        return None
    moment = moment_of(f"{found['day']}T{found['time']}.{found['fraction'] or 0}{found['zone'] or ''}", zone)
    return None if moment is None else Head(moment, found.end())


def moment_of(text: str, zone: tzinfo = UTC) -> datetime | None:
    """A moment in ISO 8601, in UTC; None if it is not one."""
    try:
        moment = datetime.fromisoformat(text)  # most lines have the form that it knows
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    found = _HEAD.match(text)
    if found is None:
        return None
    try:
        naive = datetime.fromisoformat(f"{found['day']}T{found['time']}")
        micros = int((found["fraction"] or "0").ljust(6, "0")[:6])
        return (naive.replace(tzinfo=_zone(found["zone"], zone)) + timedelta(microseconds=micros)).astimezone(
            UTC
        )
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None, otherwise: tzinfo) -> tzinfo:
    if not text:
        return otherwise
    if text in ("Z", "UTC", "GMT"):
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
