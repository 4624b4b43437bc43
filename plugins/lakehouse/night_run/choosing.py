"""Which night `run_night` runs if its form has no date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from lakehouse.night.plan import night_window
from lakehouse.night_run.first_night import FIRST_NIGHT, FirstNight
from lakehouse.night_run.request import NightRequestError

SERVED = "success"


@dataclass(frozen=True)
class Choice:
    """A business date, and why it is this one."""

    night: date
    why: str
    is_first: bool = False
    """Is it the first night of a platform that names one, and was none served?"""


def choose_night(
    asked: date | None, states: Mapping[date, str], now: datetime, first: FirstNight | None = None
) -> Choice:
    """The date asked for, else the newest night that is not served yet.

    Tonight counts from its planned start on. Of the nights before, those count that have a receipt: a date
    that no task has ever worked on may have no data.

    Args:
        asked: the date in the form.
        states: the state of each date's receipt: success, failed or running.
        now: with its zone.
        first: the night to choose until one is served.

    Raises:
        NightRequestError: all nights are served.
    """
    if asked is not None:
        is_first = first is not None and asked == first.night and SERVED not in states.values()
        return Choice(asked, "the date that was asked for", is_first)
    if first is not None and SERVED not in states.values():
        return Choice(first.night, f"the first night of this platform ({FIRST_NIGHT})", is_first=True)
    today = now.astimezone(UTC).date()
    opens, _ = night_window(today)
    newest = today if now >= opens else today - timedelta(days=1)
    open_nights = {day for day, state in states.items() if state != SERVED and day <= newest}
    if states.get(newest) != SERVED:
        open_nights.add(newest)
    if not open_nights:
        raise NightRequestError(
            f"every night up to {newest} is served: choose a date in the form to run one of them again"
        )
    chosen = max(open_nights)
    return Choice(chosen, f"the newest night not served yet ({states.get(chosen, 'never started')})")
