"""What events have missed, found in the receipts: they are the truth of what each stage did.

A process that was killed, a database that was away, a listener that was not loaded: whatever the reason, what
failed is told and what succeeded is resolved the next time this runs. Running it twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from lakehouse.night.plan import NIGHT, Stage, night_window, stage
from lakehouse.observe.incidents.evidence import evidence_of
from lakehouse.observe.incidents.failure import (
    OWNER,
    FailedTask,
    failed_task,
    run_type_of,
    start_command,
)
from lakehouse.observe.incidents.finding import NOT_STARTED, Finding, Member, Severity
from lakehouse.observe.incidents.lateness import late_stage
from lakehouse.observe.incidents.reading import knows_event, open_members
from lakehouse.observe.incidents.record import resolve_stage, tell
from lakehouse.observe.incidents.spool import drain
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.receipts.render import receipt
from lakehouse.receipts.store import TaskRecord

LOOKS_BACK: Final = timedelta(days=2)
"""A failure that nobody was told of within two days is history: an upgrade must not page for last year."""
START_PATIENCE: Final = timedelta(minutes=15)
"""How long after its planned start a night may have done nothing."""
IN_SERVICE: Final = timedelta(days=7)
"""A platform that ran a night by the clock within this time is expected to run the next one."""
CLOCK: Final = "scheduled"


@dataclass
class Reconciled:
    """What was done."""

    told: list[str] = field(default_factory=list)
    resolved: list[str] = field(default_factory=list)


def reconcile(postgres: PostgresConnections, now: datetime | None = None) -> Reconciled:
    """Tell what failed and was not told, resolve what succeeded and was not resolved.

    Raises:
        LedgerMissingError: the tables are not there.
        PlatformDatabaseUnavailableError: PostgreSQL is away; the next time does it.
    """
    at = now or datetime.now(UTC)
    drain(postgres)
    members = open_members(postgres)
    nights = _receipts(postgres, at, members)
    done = Reconciled()
    for night, told in nights.items():
        for name, entry in told["stages"].items():
            if entry["state"] == "success":
                _resolve(postgres, name, night, entry, members, at, done)
    failed = [*_failures(nights, at)]
    known = knows_event(postgres, [each.event_id for each in failed])
    look = evidence_of(postgres)
    findings = [failed_task(each, look) for each in failed if each.event_id not in known]
    findings += _of_tonight(postgres, nights, at)
    for finding in findings:
        tell(postgres, finding, at, with_members=False)
        done.told.append(finding.key)
    return done


def _resolve(
    postgres: PostgresConnections,
    name: str,
    night: date,
    entry: Mapping[str, Any],
    members: Iterable[Member],
    at: datetime,
    done: Reconciled,
) -> None:
    if any(each.business_date == night for each in members):
        # Something may have failed since the receipts were read: that is not fixed by what they show.
        fixed_by = f"run {entry['run_id']} of {name}"
        ended = resolve_stage(postgres, name, night, fixed_by, now=at, since=at)
        done.resolved += [f"{each.incident_id}: {each.summary}" for each in ended]


def _receipts(
    postgres: PostgresConnections, at: datetime, members: Iterable[Member]
) -> dict[date, dict[str, Any]]:
    """The receipts of the dates that something has happened to lately, or that an incident is about."""
    dates = sorted({each.business_date for each in members if each.business_date})
    values = {"since": at - LOOKS_BACK, "dates": dates}
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/incidents/select_receipts_to_reconcile.sql"), values)
        records = [TaskRecord(*row) for row in cursor.fetchall()]
    by_date: dict[date, list[TaskRecord]] = {}
    for record in records:
        by_date.setdefault(record.business_date, []).append(record)
    return {night: receipt(NIGHT, night, found) for night, found in sorted(by_date.items())}


def _failures(nights: Mapping[date, Mapping[str, Any]], at: datetime) -> Iterator[FailedTask]:
    for night, told in nights.items():
        for name, entry in told["stages"].items():
            for task in entry.get("tasks", []):
                started = datetime.fromisoformat(task["started_at"])
                if task["state"] == "failed" and at - started <= LOOKS_BACK:
                    yield _failed(name, night, entry, task)


def _failed(name: str, night: date, entry: Mapping[str, Any], task: Mapping[str, Any]) -> FailedTask:
    task_id, _, mapped = str(task["task"]).partition("[")
    return FailedTask(
        dag_id=name,
        run_id=entry["run_id"],
        task_id=task_id,
        map_index=int(mapped.rstrip("]")) if mapped else -1,
        try_number=task["attempts"],
        partition_key=night.isoformat(),
        run_type=run_type_of(entry["run_id"]),
        queued_at=datetime.fromisoformat(entry["started_at"]),
        error=task["error"],
        log=task["log"],
    )


def _of_tonight(
    postgres: PostgresConnections, nights: Mapping[date, Mapping[str, Any]], at: datetime
) -> Iterator[Finding]:
    """What the plan has for today and is not so."""
    night = at.date()
    stages: Mapping[str, Mapping[str, Any]] = nights.get(night, {}).get("stages", {})
    by_clock = [each for each in NIGHT if not each.waits_for]
    missing = [each for each in by_clock if _is_missing(each, stages, at)]
    if missing and _ran_by_the_clock(postgres, at):
        yield _not_started(missing, night, has_begun=len(missing) < len(by_clock))
    runs = [str(stages.get(each.name, {}).get("run_id") or "") for each in by_clock]
    if any(run_type_of(run) == CLOCK for run in runs):
        late = _first_late(stages, night, at)
        if late is not None:
            entry = stages.get(late, {})
            yield late_stage(late, night, entry.get("run_id"), entry.get("state"))


def _is_missing(planned: Stage, stages: Mapping[str, Mapping[str, Any]], at: datetime) -> bool:
    started = stages.get(planned.name, {}).get("state", "not_started") != "not_started"
    return not started and at >= planned.starts_at(at.date()) + START_PATIENCE


def _not_started(missing: list[Stage], night: date, has_begun: bool) -> Finding:
    names = " and ".join(each.name for each in missing)
    what = f"{names} of {night} has not started" if has_begun else f"the night of {night} has not started"
    return Finding(
        kind=NOT_STARTED,
        root=missing[0].name,
        business_date=night,
        severity=Severity.PAGE,
        summary=f"{what}: planned for {missing[0].start:%H:%M} UTC",
        error="no receipt of a task: the scheduler was down or the DAG paused at that time",
        command=" && ".join(start_command(each.name, night) for each in missing),
        evidence={
            "owner": OWNER,
            "rerun": "safe: nothing has run",
            "readers_see": "the data of the last night that was published, unchanged",
            "runbook": "docs/runbooks/incidents.md",
        },
    )


def _first_late(stages: Mapping[str, Mapping[str, Any]], night: date, at: datetime) -> str | None:
    opens, closes = night_window(night)
    if not opens <= at <= closes + (closes - opens):
        return None
    for each in NIGHT:
        if stages.get(each.name, {}).get("state") != "success":
            return each.name if at > stage(each.name).ends_at(night) else None
    return None


def _ran_by_the_clock(postgres: PostgresConnections, at: datetime) -> bool:
    opens, _ = night_window(at.date())
    values = {"prefix": f"{CLOCK}\\_\\_%", "since": at - IN_SERVICE, "before": opens}
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/incidents/select_ran_by_the_clock.sql"), values)
        return bool(cursor.fetchone()[0])
