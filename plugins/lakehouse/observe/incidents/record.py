"""The one way in which anything becomes an alert: it is told here, and resolved here.

What is written and the message about it are one transaction, so neither is there without the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from lakehouse.observe.incidents import notices
from lakehouse.observe.incidents.finding import LATE, Finding, Incident, Member, Severity
from lakehouse.observe.incidents.fingerprint import environment, fingerprint
from lakehouse.observe.incidents.home import LAST_STAGE, WINDOW, Home, Known, first_in_the_plan, home_of
from lakehouse.observe.incidents.reading import headline, id_of_event, read_whole
from lakehouse.platform.database import Lock, PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

REMEMBERED: Final = timedelta(hours=12)
"""How long a resolved incident still explains what follows from it: a night and its morning."""


def tell(
    postgres: PostgresConnections, finding: Finding, now: datetime | None = None, with_members: bool = True
) -> Incident:
    """Make the finding part of the incident it belongs to, or open one; the incident.

    Args:
        postgres: the platform's database.
        finding: what is wrong.
        now: when it was found.
        with_members: also read what else belongs to the incident, which may be thousands of findings.

    Raises:
        LedgerMissingError: the tables are not there.
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    at = now or datetime.now(UTC)
    with transaction(postgres, _lock()) as cursor:
        known = id_of_event(cursor, finding.event_id)
        if known is not None:
            return read_whole(cursor, known)
        printed = fingerprint(finding)
        members = _members(cursor, finding, printed, at - REMEMBERED)
        home = home_of(finding, printed, members, at)
        if home.incident_id is None:
            incident_id = _open(cursor, finding, printed, at)
        elif _is_known_state(finding, home.incident_id, members, at):
            return read_whole(cursor, home.incident_id)
        else:
            incident_id = home.incident_id
        before = None if home.incident_id is None else headline(cursor, incident_id)
        _add(cursor, incident_id, finding, home, printed, at)
        _announce(cursor, before, headline(cursor, incident_id), home, finding, at)
        return read_whole(cursor, incident_id) if with_members else headline(cursor, incident_id)


def resolve(
    postgres: PostgresConnections, key: str, fixed_by: str, now: datetime | None = None
) -> Incident | None:
    """The finding of that key (`Finding.key`) is fixed; the incident that this ends, if it ends one.

    Args:
        postgres: the platform's database.
        key: of the finding; a key that nothing has is not an error.
        fixed_by: the event that fixed it, for people.
        now: when.
    """
    return next(iter(resolve_many(postgres, [key], fixed_by, now)), None)


def resolve_many(
    postgres: PostgresConnections, keys: Sequence[str], fixed_by: str, now: datetime | None = None
) -> list[Incident]:
    """As `resolve`, for several findings that one event has fixed."""
    if not keys:
        return []
    values = {"keys": list(keys), "fixed_by": fixed_by}
    return _fixed(postgres, "postgres/observe/incidents/fix_incident_members.sql", values, now)


def resolve_stage(
    postgres: PostgresConnections,
    stage_name: str,
    business_date: date,
    fixed_by: str,
    now: datetime | None = None,
    since: datetime | None = None,
) -> list[Incident]:
    """The stage has succeeded for the date: what was told of it is fixed; the incidents that this ends.

    Lateness is over once the dashboards are served.

    Args:
        postgres: the platform's database.
        stage_name: a stage of the night.
        business_date: its partition key.
        fixed_by: for people, such as the run's id.
        now: when.
        since: when the run that succeeded started: what was told later is not fixed by it.
    """
    at = now or datetime.now(UTC)
    values = {
        "root": stage_name,
        "business_date": business_date,
        "is_served": stage_name == LAST_STAGE,
        "late": LATE,
        "fixed_by": fixed_by,
        "told_before": at if since is None else since,
    }
    return _fixed(postgres, "postgres/observe/incidents/fix_incident_stage.sql", values, at)


def resolve_dag(
    postgres: PostgresConnections,
    dag_id: str,
    fixed_by: str,
    task_id: str | None = None,
    now: datetime | None = None,
) -> list[Incident]:
    """A DAG that is not a stage has succeeded, or the task of it that had failed; the incidents this ends."""
    values = {"root": dag_id, "task_id": task_id, "fixed_by": fixed_by}
    return _fixed(postgres, "postgres/observe/incidents/fix_incident_dag.sql", values, now)


def resolve_event(
    postgres: PostgresConnections, event_id: str, fixed_by: str, now: datetime | None = None
) -> list[Incident]:
    """The event is over, such as an alert that no longer fires; the incidents that this ends."""
    escaped = event_id.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    values = {"event_id": event_id, "outlived": f"{escaped}/after/%", "fixed_by": fixed_by}
    return _fixed(postgres, "postgres/observe/incidents/fix_incident_event.sql", values, now)


def acknowledge(
    postgres: PostgresConnections, incident_id: int, user: str, now: datetime | None = None
) -> Incident:
    """Somebody has taken the incident on: no more messages until it is worse or over.

    Raises:
        UnknownIncidentError: there is none of that number.
    """
    at = now or datetime.now(UTC)
    values = {"incident_id": incident_id, "user": user, "at": at}
    with transaction(postgres, _lock()) as cursor:
        cursor.execute(read_sql("postgres/observe/incidents/acknowledge_incident.sql"), values)
        notices.drop_repeats(cursor, incident_id, at)
        return read_whole(cursor, incident_id)


def _lock() -> Lock:
    return Lock("incidents", environment())


def _fixed(
    postgres: PostgresConnections, statement: str, values: Mapping[str, Any], now: datetime | None
) -> list[Incident]:
    at = now or datetime.now(UTC)
    with transaction(postgres, _lock()) as cursor:
        cursor.execute(read_sql(statement), {**values, "at": at})
        touched = sorted({int(row[0]) for row in cursor.fetchall()})
        if not touched:
            return []
        ended = {"incident_ids": touched, "at": at, "fixed_by": values["fixed_by"]}
        cursor.execute(read_sql("postgres/observe/incidents/resolve_incidents.sql"), ended)
        resolved = [read_whole(cursor, int(row[0])) for row in cursor.fetchall()]
        for touched_id in touched:
            _show_what_is_left(cursor, read_whole(cursor, touched_id), at)
        for each in resolved:
            notices.tell_resolved(cursor, each, at)
        return resolved


def _show_what_is_left(cursor: Any, incident: Incident, at: datetime) -> None:
    left = first_in_the_plan(each for each in incident.causes if each.fixed_at is None)
    shown = (incident.kind, incident.root, incident.business_date)
    if left is None or (left.kind, left.root, left.business_date) == shown:
        return
    values = {
        name: getattr(left, name) for name in ("kind", "root", "business_date", "summary", "error", "command")
    }
    values |= {"incident_id": incident.incident_id, "evidence": json.dumps(left.evidence), "at": at}
    cursor.execute(read_sql("postgres/observe/incidents/update_incident_root.sql"), values)


def _is_known_state(finding: Finding, incident_id: int, told: Sequence[Known], at: datetime) -> bool:
    return finding.event_id is None and any(
        each.member.incident_id == incident_id
        and each.member.key == finding.key
        and each.member.fixed_at is None
        and at - each.member.last_at < WINDOW
        # The same state, now told to be worse, is news.
        and not finding.severity.is_above(each.member.severity)
        for each in told
    )


def _open(cursor: Any, finding: Finding, printed: str, at: datetime) -> int:
    values = _values(finding) | {"fingerprint": printed, "at": at}
    cursor.execute(read_sql("postgres/observe/incidents/insert_incident.sql"), values)
    return int(cursor.fetchone()[0])


def _add(cursor: Any, incident_id: int, finding: Finding, home: Home, printed: str, at: datetime) -> None:
    values = _values(finding) | {
        "incident_id": incident_id,
        "member_key": finding.key,
        "is_cause": home.is_cause,
        "may_follow": finding.is_effect,
        "fingerprint": printed,
        "event_id": finding.event_id,
        "window_start": at - (at - datetime.min.replace(tzinfo=UTC)) % WINDOW,
        "at": at,
    }
    if home.takes_over:
        cursor.execute(read_sql("postgres/observe/incidents/demote_incident_members.sql"), values)
    cursor.execute(read_sql("postgres/observe/incidents/upsert_incident_member.sql"), values)
    cursor.execute(read_sql("postgres/observe/incidents/upsert_incident_count.sql"), values)
    if finding.event_id is not None:
        cursor.execute(read_sql("postgres/observe/incidents/insert_incident_event.sql"), values)
    cursor.execute(
        read_sql("postgres/observe/incidents/update_incident.sql"), values | {"takes_over": home.takes_over}
    )


def _announce(
    cursor: Any,
    before: Incident | None,
    after: Incident,
    home: Home,
    finding: Finding,
    at: datetime,
) -> None:
    if before is None:
        notices.tell_opened(cursor, after, at)
    elif before.resolved_at is not None:
        return
    elif Severity(after.severity).is_above(before.severity):
        notices.tell_worse(cursor, read_whole(cursor, after.incident_id), at)
    elif home.takes_over:
        notices.tell_root(cursor, read_whole(cursor, after.incident_id), finding.key, at)
    elif after.acknowledged_at is None:
        notices.tell_repeats(cursor, after, at)


def _values(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "root": finding.root,
        "business_date": finding.business_date,
        "cause_group": finding.cause_group,
        "severity": str(finding.severity),
        "summary": finding.summary,
        "error": finding.error,
        "command": finding.command,
        "evidence": json.dumps(dict(finding.evidence), default=str),
    }


def _members(cursor: Any, finding: Finding, printed: str, resolved_since: datetime) -> list[Known]:
    """All that may explain the finding, without what only people read."""
    values = {
        "resolved_since": resolved_since,
        "member_key": finding.key,
        "business_date": finding.business_date,
        "cause_group": finding.cause_group,
        "fingerprint": printed,
        "any_date": finding.is_effect and finding.business_date is None,
    }
    cursor.execute(read_sql("postgres/observe/incidents/select_incident_members.sql"), values)
    return [Known(Member(*row[:-1]), is_open=row[-1]) for row in cursor.fetchall()]
