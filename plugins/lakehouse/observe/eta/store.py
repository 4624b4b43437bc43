"""The newest forecast of each night, in the platform's PostgreSQL: for pages, commands and metrics."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from lakehouse.observe.eta.forecast import Forecast
from lakehouse.observe.eta.tonight import NightState, Tonight
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql


@dataclass(frozen=True)
class NightEta:
    """When the dashboards of a date will be, or were, warm."""

    business_date: date
    made_at: datetime
    state: NightState
    at_work: str
    """The stage that the night waits for."""
    deadline: datetime | None
    """None for a night that does not run by the clock."""
    p05: datetime | None
    """None, as the other two, while a failed stage has stopped the night."""
    p50: datetime | None
    p95: datetime | None
    p_miss: float | None
    """Probability that the deadline is missed; None without a deadline or a forecast."""
    nights_learnt: int
    stage_ends: Mapping[str, datetime]
    """The middle forecast, or the fact, of each stage's end."""
    first_made_at: datetime
    first_p05: datetime | None
    first_p50: datetime | None
    first_p95: datetime | None
    paged_at: datetime | None
    """When somebody was told that it will be late."""
    paged_root: str | None


def store(postgres: PostgresConnections, tonight: Tonight, made: Forecast) -> NightEta:
    """Keep the forecast; what is known of the date now."""
    values = {
        "business_date": tonight.business_date,
        "made_at": made.at,
        "state": str(made.state),
        "at_work": tonight.at_work,
        "deadline": made.deadline,
        "p05": made.p05,
        "p50": made.p50,
        "p95": made.p95,
        "p_miss": made.p_miss,
        "nights_learnt": made.nights,
        "stage_ends": json.dumps({name: end.isoformat() for name, end in made.ends.items()}),
    }
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/eta/upsert_night_eta.sql"), values)
        return _read(cursor, tonight.business_date, 1)[0]


def newest_eta(postgres: PostgresConnections, business_date: date | None = None) -> NightEta | None:
    """The forecast that was made last, of that date if one is given; None if there is none."""
    return next(iter(recent_etas(postgres, 1, business_date)), None)


def recent_etas(postgres: PostgresConnections, n: int, business_date: date | None = None) -> list[NightEta]:
    """The forecasts of the `n` dates that were forecast last, the newest first."""
    with transaction(postgres) as cursor:
        return _read(cursor, business_date, n)


def mark_paged(postgres: PostgresConnections, business_date: date, root: str, at: datetime) -> None:
    """Somebody has been told."""
    values = {"business_date": business_date, "paged_root": root, "paged_at": at}
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/eta/mark_night_eta_paged.sql"), values)


def _read(cursor: Any, business_date: date | None, most: int) -> list[NightEta]:
    values = {"business_date": business_date, "most": most}
    cursor.execute(read_sql("postgres/observe/eta/select_night_eta.sql"), values)
    return [_eta(row) for row in cursor.fetchall()]


def _eta(row: tuple[Any, ...]) -> NightEta:
    told = dict(zip((each.name for each in fields(NightEta)), row, strict=True))
    told["state"] = NightState(told["state"])
    told["stage_ends"] = {name: datetime.fromisoformat(end) for name, end in told["stage_ends"].items()}
    return NightEta(**told)
