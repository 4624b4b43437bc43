"""The sections of the page, in their order, and which night it shows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from lakehouse.night.plan import night_window
from lakehouse.observe.health_page.reading import Section
from lakehouse.observe.health_page.sections import (
    age,
    dashboards,
    incidents,
    nights,
    storage,
    stream,
    syncs,
    tonight,
)
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.plan import is_declared

HABIT: Final = timedelta(days=7)
"""Nights are expected where one has run within this time."""

SECTIONS: Final = (
    Section("incidents", "Open incidents", incidents.read),
    Section("tonight", "The night", tonight.read),
    Section("age", "Data age", age.read),
    Section("syncs", "Syncs", syncs.read),
    Section("stream", "Stream", stream.read),
    Section("dashboards", "Queries and dashboards", dashboards.read),
    Section("storage", "Storage", storage.read),
    Section("nights", "What each night published", nights.read),
)


def shown_sections() -> tuple[Section, ...]:
    """The sections of this repository: the stream's only if one is declared."""
    return tuple(each for each in SECTIONS if each.name != "stream" or is_declared())


def shown_night(postgres: PostgresConnections, now: datetime) -> date:
    """The night that matters now: the newest that has opened, whether it has started or not.

    Where no night runs by the clock (a platform that is started for one date), it is the one that ran last.
    """
    opened = now.date() if now >= night_window(now.date())[0] else now.date() - timedelta(days=1)
    with transaction(postgres) as cursor:
        values = {"opened": opened, "since": opened - HABIT}
        cursor.execute(read_sql("postgres/observe/health_page/select_health_shown_night.sql"), values)
        is_habit, newest = cursor.fetchone()
    return opened if is_habit or newest is None else newest
