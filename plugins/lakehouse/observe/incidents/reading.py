"""Reading the incidents: one, all that are open, those of a while ago, and what has been told already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from lakehouse.observe.incidents.finding import Incident, Member
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql


class UnknownIncidentError(Exception):
    """There is no incident of that number."""


def incident(postgres: PostgresConnections, incident_id: int) -> Incident:
    """One incident with its members.

    Raises:
        UnknownIncidentError: there is none of that number.
    """
    with transaction(postgres) as cursor:
        return read_whole(cursor, incident_id)


def open_incidents(postgres: PostgresConnections) -> list[Incident]:
    """All that are open, pages first, then the oldest."""
    with transaction(postgres) as cursor:
        return _listed(cursor, resolved_since=None)


def resolved_incidents(postgres: PostgresConnections, since: datetime) -> list[Incident]:
    """Those that were resolved since then, the newest first."""
    with transaction(postgres) as cursor:
        return _listed(cursor, resolved_since=since)


def open_members(postgres: PostgresConnections) -> list[Member]:
    """Every finding that is not fixed yet, of open incidents."""
    return [member for each in open_incidents(postgres) for member in each.members if member.fixed_at is None]


def incident_of_event(postgres: PostgresConnections, event_id: str) -> Incident | None:
    """The incident that the event was told for, without its members; None if it was not told."""
    with transaction(postgres) as cursor:
        known = id_of_event(cursor, event_id)
        return None if known is None else headline(cursor, known)


def knows_event(postgres: PostgresConnections, event_ids: Sequence[str]) -> set[str]:
    """Those of the events that have been told."""
    with transaction(postgres) as cursor:
        cursor.execute(
            read_sql("postgres/observe/incidents/select_known_events.sql"), {"event_ids": list(event_ids)}
        )
        return {str(row[0]) for row in cursor.fetchall()}


def id_of_event(cursor: Any, event_id: str | None) -> int | None:
    """The incident that the event was told for; None if it was not told."""
    if event_id is None:
        return None
    cursor.execute(
        read_sql("postgres/observe/incidents/select_incident_of_event.sql"), {"event_id": event_id}
    )
    row = cursor.fetchone()
    return None if row is None else int(row[0])


def headline(cursor: Any, incident_id: int) -> Incident:
    """One incident without its members. Raises UnknownIncidentError."""
    found = _rows(cursor, incident_id=incident_id)
    if not found:
        raise UnknownIncidentError(
            f"there is no incident {incident_id}; bin/incidents list shows those there are"
        )
    return found[0]


def read_whole(cursor: Any, incident_id: int) -> Incident:
    """One incident with its members. Raises UnknownIncidentError."""
    return _with_members(cursor, [headline(cursor, incident_id)])[0]


def _listed(cursor: Any, resolved_since: datetime | None) -> list[Incident]:
    return _with_members(cursor, _rows(cursor, resolved_since=resolved_since))


def _rows(
    cursor: Any, incident_id: int | None = None, resolved_since: datetime | None = None
) -> list[Incident]:
    values = {"incident_id": incident_id, "resolved_since": resolved_since}
    cursor.execute(read_sql("postgres/observe/incidents/select_incidents.sql"), values)
    return [Incident(*row) for row in cursor.fetchall()]


def _with_members(cursor: Any, incidents: Sequence[Incident]) -> list[Incident]:
    members: dict[int, list[Member]] = {each.incident_id: [] for each in incidents}
    cursor.execute(
        read_sql("postgres/observe/incidents/select_members_of_incidents.sql"),
        {"incident_ids": list(members)},
    )
    for row in cursor.fetchall():
        member = Member(*row)
        members[member.incident_id].append(member)
    return [replace(each, members=tuple(members[each.incident_id])) for each in incidents]
