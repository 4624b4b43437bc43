"""How far two servers' clocks are apart, no matter what this machine's clock says."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lakehouse.platform.sql_files import read_sql

LOOKS: Final = 3
"""At each clock; the quickest answer says most."""


@dataclass(frozen=True)
class ClockLook:
    """What a server's clock said at some moment of a round trip, which is in monotonic seconds."""

    said: datetime
    middle: float
    half: float
    """Of the round trip: the most that its middle is wrong by."""


@dataclass(frozen=True)
class ClockOffset:
    """`seconds` that the first clock is ahead of the second, right to within `error` seconds."""

    seconds: float
    error: float


def look_at_clock(cursor: Any, monotonic: Callable[[], float] = time.monotonic) -> ClockLook:
    """The quickest of a few looks at the clock of the cursor's server."""
    looks = []
    for _ in range(LOOKS):
        asked = monotonic()
        cursor.execute(read_sql("postgres/stream/select_clock.sql"))
        (said,) = cursor.fetchone()
        answered = monotonic()
        looks.append(ClockLook(said, (asked + answered) / 2, (answered - asked) / 2))
    return min(looks, key=lambda look: look.half)


def offset_between(first: ClockLook, second: ClockLook) -> ClockOffset:
    """From two looks, whatever time has passed between them."""
    apart = (first.said - second.said).total_seconds() - (first.middle - second.middle)
    return ClockOffset(apart, first.half + second.half)
