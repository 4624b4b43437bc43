"""The newest nights: how each went, when its dashboards were warm, what it published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from lakehouse.night.plan import NIGHT, night_window
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.health_page.gantt import gantt
from lakehouse.observe.health_page.reading import Asked
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.receipts.render import receipt
from lakehouse.receipts.store import TaskRecord

SHOWN: Final = 14
PUBLISHES: Final = next(stage.name for stage in NIGHT if stage.produces == "gold")
LOADS: Final = next(stage.name for stage in NIGHT if stage.produces == "bronze")


@dataclass(frozen=True)
class Night:
    """One business date."""

    business_date: date
    state: str
    """success, failed, running or not_started."""
    failed_stage: str | None
    started_at: datetime | None
    served_at: datetime | None
    in_time: bool | None
    """Warm by the planned end; None for a night that was started by hand or is not over."""
    seconds: float | None
    rows: int
    """Loaded into bronze."""
    quarantined: int
    published: dict[str, int | None]
    """Rows changed per gold table; a table that is not there was not published."""


@dataclass(frozen=True)
class Nights:
    """What the section shows, newest first."""

    tables: list[str]
    """The gold tables, by their names without the layer."""
    nights: list[Night]


def read(postgres: PostgresConnections, asked: Asked) -> Nights:
    """The nights up to the asked one."""
    values = {"night": asked.night, "nights": SHOWN}
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/health_page/select_health_nights.sql"), values)
        records = [TaskRecord(*row) for row in cursor.fetchall()]
    tables = [each.partition(".")[2] for each in read_lineage().gold_tables()]
    return shaped(records, tables, asked)


def shaped(records: Iterable[TaskRecord], tables: list[str], asked: Asked) -> Nights:
    """The section's data from the receipts' records."""
    by_date: dict[date, list[TaskRecord]] = defaultdict(list)
    for record in records:
        by_date[record.business_date].append(record)
    return Nights(tables, [_night(day, by_date[day], tables, asked) for day in sorted(by_date, reverse=True)])


def _night(day: date, records: list[TaskRecord], tables: list[str], asked: Asked) -> Night:
    told = receipt(NIGHT, day, records)
    stages = told["stages"]
    chart = gantt(told, day, asked.now)
    last = chart.rows[-1]
    started = min((row.started_at for row in chart.rows if row.started_at), default=None)
    served = last.ended_at if told["state"] == "success" else None
    return Night(
        business_date=day,
        state=told["state"],
        failed_stage=next((row.name for row in chart.rows if row.state == "failed"), None),
        started_at=started,
        served_at=served,
        in_time=(served <= night_window(day)[1]) if served and chart.follows_clock else None,
        seconds=(served - started).total_seconds() if served and started else None,
        rows=int(stages[LOADS].get("rows_out") or 0),
        quarantined=sum(int(stage.get("rows_quarantined") or 0) for stage in stages.values()),
        published=_published(stages[PUBLISHES], tables),
    )


def _published(stage: dict[str, Any], tables: list[str]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for task in stage.get("tasks", []):
        if task["state"] != "success":
            continue
        for name, model in (((task.get("report") or {}).get("detail") or {}).get("models") or {}).items():
            if name in tables:
                found[name] = None if model.get("rows") is None else int(model["rows"])
    return found
