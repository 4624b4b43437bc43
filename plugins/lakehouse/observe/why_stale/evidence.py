"""What PostgreSQL knows of a date's way to gold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lakehouse.bronze.unloaded_claims import UnloadedClaim, unloaded_claims
from lakehouse.night.plan import NIGHT, night_window
from lakehouse.observe.facts.freshness import ModelBuild, model_builds
from lakehouse.observe.facts.nights import RunState, StageRun, night, stage_runs
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql


@dataclass(frozen=True)
class StreamOfDate:
    """One stream of one date: what landed of it, and what was loaded. Counts are rows."""

    source: str
    stream: str
    synced_at: datetime | None
    """When the source's sync was claimed for the date; None if it never was."""
    rows_claimed: int
    claimed_at: datetime | None
    load_state: str | None
    """loaded, rejected, or None if no load has run."""
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    loaded_at: datetime | None
    explanation: str | None
    is_listed: bool
    """Dremio has listed the partition's files as they are now."""


@dataclass(frozen=True)
class Evidence:
    """All that PostgreSQL knows of one date."""

    business_date: date
    receipt: Mapping[str, Any]
    runs: Mapping[str, StageRun]
    """The newest run of each stage for the date; absent if there was none."""
    streams: Mapping[str, StreamOfDate]
    claims: tuple[UnloadedClaim, ...]
    """Rows that this date or an older one has claimed, that bronze does not hold, and nobody is loading."""
    builds: tuple[ModelBuild, ...]
    """Of every model and every date."""
    other_runs: Mapping[date, Mapping[str, StageRun]] = field(default_factory=dict)
    """The newest run of each stage for the other dates that `claims` names."""

    def built(self, model: str) -> ModelBuild | None:
        """The newest build of the model for the date."""
        found = [
            each for each in self.builds if (each.model, each.business_date) == (model, self.business_date)
        ]
        return max(found, key=lambda each: each.built_at, default=None)

    def changed_at(self, models: Iterable[str]) -> datetime | None:
        """When one of the models last changed, whichever date it was built for."""
        names = set(models)
        changes = [each.changed_at for each in self.builds if each.model in names and each.changed_at]
        return max(changes, default=None)

    def failed_tasks(self, stage: str) -> list[Mapping[str, Any]]:
        """The failed tasks of the stage's run that the receipt shows."""
        return [each for each in self.receipt["stages"][stage].get("tasks", []) if each["state"] == "failed"]

    def task_reports(self, stage: str) -> list[Mapping[str, Any]]:
        """The details that the stage's tasks reported."""
        tasks = self.receipt["stages"][stage].get("tasks", [])
        return [(each["report"] or {}).get("detail") or {} for each in tasks]


def gather(postgres: PostgresConnections, business_date: date, sources: Mapping[str, str]) -> Evidence:
    """Read everything about the date.

    Args:
        postgres: the platform's database.
        business_date: the date.
        sources: the source of each stream.

    Raises:
        LedgerMissingError: the tables are not there.
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    values = {
        "business_date": business_date,
        "streams": list(sources),
        "sources": list(sources.values()),
    }
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/why_stale/select_streams_of_date.sql"), values)
        names = [column[0] for column in cursor.description]
        streams = [StreamOfDate(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    claims = [each for each in unloaded_claims(postgres) if each.business_date <= business_date]
    runs: dict[date, dict[str, StageRun]] = {
        day: {} for day in (*(c.business_date for c in claims), business_date)
    }
    for run in stage_runs(postgres):
        # In the order of their starts: the newest run of a stage comes last.
        if run.business_date in runs:
            runs[run.business_date][run.stage] = run
    own = runs.pop(business_date)
    at_work = {day for day, of_day in runs.items() if any(_is_running(run) for run in of_day.values())}
    return Evidence(
        business_date=business_date,
        receipt=night(postgres, business_date),
        runs=own,
        streams={each.stream: each for each in streams},
        claims=tuple(each for each in claims if each.business_date not in at_work),
        builds=tuple(model_builds(postgres)),
        other_runs=runs,
    )


def newest_due(postgres: PostgresConnections, now: datetime) -> tuple[date, bool]:
    """The newest business date that should be on the dashboards, and whether the clock says so.

    Where nights run by the clock, it is the last one whose window has closed. Where they have only ever been
    started by hand, it is the newest date that anybody has started.

    Raises:
        LedgerMissingError: the tables are not there.
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    runs = stage_runs(postgres)
    today = now.astimezone(UTC).date()
    by_clock = today if now >= night_window(today)[1] else today - timedelta(days=1)
    roots = {stage.name for stage in NIGHT if not stage.waits_for}
    dates = [run.business_date for run in runs if run.business_date <= today]
    if any(run.run_type == "scheduled" and run.stage in roots for run in runs) or not dates:
        # A night that has run before its time counts all the same.
        ended = [run.business_date for run in runs if run.stage == NIGHT[-1].name and _is_done(run)]
        return max([by_clock, *(day for day in ended if day <= today)]), True
    return max(dates), False


def _is_running(run: StageRun) -> bool:
    return run.state is RunState.RUNNING


def _is_done(run: StageRun) -> bool:
    return run.state is RunState.SUCCESS
