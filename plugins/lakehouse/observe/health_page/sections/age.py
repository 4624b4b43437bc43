"""How old the data is that readers see, per gold table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lakehouse.night.plan import night_window
from lakehouse.observe.facts.freshness import DataAge, data_age
from lakehouse.observe.facts.lineage import Lineage, read_lineage
from lakehouse.observe.health_page.reading import Asked
from lakehouse.platform.database import PostgresConnections


@dataclass(frozen=True)
class TableAge:
    """One gold table."""

    table: str
    business_date: date | None
    """The newest that is published."""
    published_at: datetime | None
    age: timedelta | None
    state: str
    """success: the newest night that is due is in it; late: nights are missing; unknown: none is there."""
    nights_behind: int | None
    dashboards: list[str]


@dataclass(frozen=True)
class Ages:
    """What the section shows."""

    due: date
    """The newest business date whose night should be over."""
    tables: list[TableAge]


def read(postgres: PostgresConnections, asked: Asked) -> Ages:
    """The age of every gold table now, whatever night the page shows."""
    lineage = read_lineage()
    return shaped(data_age(postgres, asked.now, lineage), lineage, asked.now)


def shaped(ages: tuple[DataAge, ...], lineage: Lineage, now: datetime) -> Ages:
    """The section's data from the ages."""
    due = newest_due(now)
    return Ages(due, [_table(each, lineage, due) for each in ages])


def newest_due(now: datetime) -> date:
    """The newest business date whose night has passed its planned end."""
    today = now.date()
    return today if now >= night_window(today)[1] else today - timedelta(days=1)


def _table(each: DataAge, lineage: Lineage, due: date) -> TableAge:
    behind = None if each.business_date is None else max((due - each.business_date).days, 0)
    state = "unknown" if behind is None else "success" if behind == 0 else "late"
    dashboards = [board.title for board in lineage.dashboards() if each.table in board.gold_tables]
    return TableAge(
        each.table, each.business_date, each.published_at, each.age, state, behind, sorted(dashboards)
    )
