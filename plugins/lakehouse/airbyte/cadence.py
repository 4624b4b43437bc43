"""How often a connection is synced by day: its file names a class, the class and the night decide the clock.

SPEC.md section 2: small tables every 15 minutes, large tables every 6 hours, dimension tables daily. The
night syncs its connections at 01:00 and 01:30, whatever their class, so no sync by cadence may still run
then: the last one of a day starts early enough to end by its timeout. Connections start in different minutes
of the quarter of an hour, as far as there are minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from lakehouse.airbyte.connection_file import STREAMED, ConnectionFile, ConnectionFileError
from lakehouse.night.plan import night_window

QUARTER: Final = 15
"""Minutes in which the starts are spread: the shortest pause between two syncs of one connection."""


class Cadence(StrEnum):
    """The classes of the specification; `stream` has no clock, `stream_orders` syncs it all day."""

    SMALL_TABLE = "small_table"
    LARGE_TABLE = "large_table"
    DIMENSION_TABLE = "dimension_table"
    STREAM = STREAMED


@dataclass(frozen=True)
class _Clock:
    hours: tuple[int, ...]
    """Hours UTC in which syncs start: those of the night are left out."""
    quarters: int
    """How many quarters of such an hour have a start."""


_CLOCKS: Final = {
    Cadence.SMALL_TABLE: _Clock(tuple(range(5, 24)), 4),
    Cadence.LARGE_TABLE: _Clock((5, 11, 17, 23), 1),
    Cadence.DIMENSION_TABLE: _Clock((12,), 1),
}
_ANY_DAY: Final = date(2025, 10, 16)


def cron_of(declared: ConnectionFile, every: Sequence[ConnectionFile]) -> str:
    """The connection's cron line, UTC; its minute depends on its place among all connections.

    Raises:
        ConnectionFileError: no such class, one without a clock, or its timeout lets a sync run into the
            night.
    """
    clock = _CLOCKS.get(cadence_of(declared))
    if clock is None:
        raise ConnectionFileError(f"{declared.name}.yaml: cadence {declared.cadence} has no clock")
    names = sorted(each.name for each in every)
    minute = names.index(declared.name) * QUARTER // len(names)
    minutes = [minute + QUARTER * quarter for quarter in range(clock.quarters)]
    opens, _ = night_window(_ANY_DAY + timedelta(days=1))
    last = datetime(
        _ANY_DAY.year, _ANY_DAY.month, _ANY_DAY.day, clock.hours[-1], minutes[-1], tzinfo=opens.tzinfo
    )
    if last + declared.timeout > opens:
        raise ConnectionFileError(
            f"{declared.name}.yaml: its last sync of a day starts at {last:%H:%M} UTC and may take "
            f"{declared.timeout}, into the night at {opens:%H:%M}: lower timeout_minutes"
        )
    return f"{_list(minutes)} {_list(clock.hours)} * * *"


def by_the_clock(every: Iterable[ConnectionFile]) -> list[ConnectionFile]:
    """The connections that have a clock, and a night: all but the streams.

    Raises:
        ConnectionFileError: a file names no known class.
    """
    return [each for each in every if cadence_of(each) in _CLOCKS]


def cadence_of(declared: ConnectionFile) -> Cadence:
    """The class a file names.

    Raises:
        ConnectionFileError: there is no such class.
    """
    try:
        return Cadence(declared.cadence)
    except ValueError:
        known = ", ".join(Cadence)
        raise ConnectionFileError(
            f"{declared.name}.yaml: cadence {declared.cadence!r} is not one of: {known}"
        ) from None


def in_the_night(moment: datetime) -> bool:
    """Is it a moment of a night, whose extracts sync by themselves? `moment` in UTC."""
    opens, closes = night_window(moment.date())
    return opens <= moment <= closes


def _list(numbers: Sequence[int]) -> str:
    """As cron writes it, for people: 5-23 in place of nineteen hours."""
    first, last = numbers[0], numbers[-1]
    if len(numbers) > 2 and list(numbers) == list(range(first, last + 1)):
        return f"{first}-{last}"
    return ",".join(map(str, numbers))
