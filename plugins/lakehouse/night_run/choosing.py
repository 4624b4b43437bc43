"""Which night `run_night` runs if its form has no date."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from lakehouse.night.business_date import parse_business_date
from lakehouse.night.plan import night_window
from lakehouse.night_run.request import NightRequestError

SERVED = "success"
FIRST_NIGHT: Final = "LAKEHOUSE_FIRST_NIGHT"
"""The date of the first night of a platform whose data ends in the past, as a demo's does."""
FIRST_NIGHT_NEEDS: Final = "LAKEHOUSE_FIRST_NIGHT_NEEDS"
"""What must be done before that night, for the end of a sentence."""


@dataclass(frozen=True)
class FirstNight:
    """The night of a platform that has never served one."""

    night: date
    needs: str = ""


@dataclass(frozen=True)
class Choice:
    """A business date, and why it is this one."""

    night: date
    why: str
    needs: str = ""
    """What must have been done before, if somebody has to do it."""


def first_night(environment: Mapping[str, str] = os.environ) -> FirstNight | None:
    """The first night, if this deployment names one.

    Raises:
        BusinessDateError: the variable holds no date, or one in the future.
    """
    text = environment.get(FIRST_NIGHT)
    return FirstNight(parse_business_date(text), environment.get(FIRST_NIGHT_NEEDS, "")) if text else None


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
        needs = first.needs if first and asked == first.night and SERVED not in states.values() else ""
        return Choice(asked, "the date that was asked for", needs)
    if first is not None and SERVED not in states.values():
        return Choice(first.night, f"the first night of this platform ({FIRST_NIGHT})", first.needs)
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
