"""From a dashboard or a gold table to a verdict on its newest date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from lakehouse.night.plan import NIGHT, night_window
from lakehouse.observe.facts.lineage import GOLD, Lineage
from lakehouse.observe.why_stale.data_hops import DataHops
from lakehouse.observe.why_stale.evidence import Evidence, gather, newest_due
from lakehouse.observe.why_stale.hops import Hop, HopState, Verdict
from lakehouse.observe.why_stale.services import Serving
from lakehouse.observe.why_stale.serving_hops import ServingHops
from lakehouse.observe.why_stale.stages import Scheduling
from lakehouse.platform.database import (
    LedgerMissingError,
    PlatformDatabaseUnavailableError,
    PostgresConnections,
)

POSTGRES_HOPS: Final = (
    "sync",
    "landing",
    "bronze load",
    "staging",
    "intermediate",
    "marts",
    "tests",
    "gold publication",
)


class UnknownNameError(Exception):
    """Neither a dashboard nor a gold table has that name; the message lists those there are."""


@dataclass(frozen=True)
class Subject:
    """What somebody asked about."""

    name: str
    slug: str | None
    """Of the dashboard; None for a table."""
    tables: tuple[str, ...]


def subject_of(lineage: Lineage, name: str) -> Subject:
    """The dashboard (by slug or title) or gold table (with or without `gold.`) of that name.

    Raises:
        UnknownNameError: there is none.
    """
    wanted = name.strip().casefold()
    for board in lineage.dashboards():
        if wanted in (board.slug.casefold(), board.title.casefold()):
            return Subject(f"dashboard {board.title} ({board.slug})", board.slug, board.gold_tables)
    for table in lineage.gold_tables():
        if wanted in (table.casefold(), table.removeprefix(f"{GOLD}.").casefold()):
            return Subject(f"table {table}", None, (table,))
    every = (*lineage.dashboards(), *lineage.live_dashboards())
    boards = ", ".join(f"{board.slug} ({board.title})" for board in every)
    raise UnknownNameError(
        f"no dashboard or gold table is called {name!r}; dashboards: {boards}; tables: "
        f"{', '.join(lineage.gold_tables())}"
    )


def why_stale(
    subject: Subject,
    lineage: Lineage,
    postgres: PostgresConnections,
    serving: Serving,
    scheduling: Scheduling,
    now: datetime,
    business_date: date | None = None,
) -> Verdict:
    """Which hop holds back the date's data.

    Args:
        subject: the dashboard or table.
        lineage: what hangs on what.
        postgres: the platform's database; if it is away, its hops are unseen.
        serving: Dremio and Superset.
        scheduling: Airflow.
        now: the time, UTC.
        business_date: the date that should be there; by default the newest one that is due.
    """
    notes: list[str] = []
    upstreams = [lineage.upstream(table) for table in subject.tables]
    sources = {stream.stream: stream.source for each in upstreams for stream in each.streams}
    try:
        day = business_date
        if day is None:
            day, by_clock = newest_due(postgres, now)
            if not by_clock:
                notes.append("no night has run by the clock here: the newest date that was started counts")
        evidence = gather(postgres, day, sources)
    except (PlatformDatabaseUnavailableError, LedgerMissingError) as error:
        unseen = [Hop(name, HopState.UNSEEN, "PostgreSQL cannot be asked") for name in POSTGRES_HOPS]
        assumed = business_date or now.date()
        empty = Evidence(assumed, {"stages": {each.name: {} for each in NIGHT}}, {}, {}, (), ())
        serving_hops = ServingHops(empty, subject.tables, serving, _NoScheduling(), now)
        hops = [*unseen, *_without_receipts(serving_hops, subject)]
        return Verdict(subject.name, assumed, tuple(hops), (f"PostgreSQL cannot be asked: {error}",))
    data = DataHops(evidence, upstreams, lineage, scheduling, now)
    served = ServingHops(evidence, subject.tables, serving, scheduling, now)
    hops = [*data.judge(), served.reflections()]
    if subject.slug is not None:
        hops.append(served.cache(subject.slug))
    notes += _notes(evidence, now)
    return Verdict(subject.name, day, tuple(hops), tuple(notes))


def _without_receipts(serving_hops: ServingHops, subject: Subject) -> Sequence[Hop]:
    """What Dremio and Superset say where nothing tells what they should have: told, not judged."""
    asked = [serving_hops.reflections()]
    if subject.slug is not None:
        asked.append(serving_hops.cache(subject.slug))
    return [
        Hop(hop.name, HopState.UNSEEN, "cannot be judged without the receipts", hop.evidence) for hop in asked
    ]


def _notes(evidence: Evidence, now: datetime) -> list[str]:
    opens, closes = night_window(now.date())
    if opens <= now < closes and evidence.business_date < now.date():
        return [f"tonight's night ({now.date()}) is due {closes:%H:%M} UTC; ask with --date {now.date()}"]
    return []


class _NoScheduling:
    def is_paused(self, stage_name: str) -> bool | None:
        return None

    def is_queued(self, stage_name: str, partition_key: str) -> bool:
        return False
