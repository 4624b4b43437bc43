"""An incident in words: for a message, the command line and the page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lakehouse.observe.incidents.finding import Incident, Member
from lakehouse.observe.incidents.fingerprint import environment

_SHOWN: Final = 8
"""Of a list in a message; the rest is a number."""


def title(incident: Incident, topic: str) -> str:
    """One line: how bad, what, where, which date."""
    date = f" {incident.business_date}" if incident.business_date else ""
    word = "RESOLVED" if incident.resolved_at else incident.severity.upper()
    note = "" if topic in ("opened", "resolved") else f" ({topic})"
    return f"[{environment()}] {word}{note}: {incident.root}{date} {incident.kind.replace('_', ' ')}"


def body(incident: Incident) -> str:
    """All that is known, a line each; what is unknown is left out."""
    return "\n".join(_lines(incident))


def _lines(incident: Incident) -> Iterator[str]:
    yield incident.summary
    if incident.resolved_at is not None:
        lasted = spoken(incident.resolved_at - incident.opened_at)
        yield f"Resolved {_clock(incident.resolved_at)} UTC after {lasted} by: {incident.fixed_by}"
    evidence = incident.evidence
    if task := evidence.get("task"):
        attempts = f" (attempt {evidence['attempts']})" if evidence.get("attempts") else ""
        yield f"Task: {task}{attempts}"
    if incident.error:
        yield f"Error: {incident.error}"
    for label, name in _EVIDENCE.items():
        if value := evidence.get(name):
            yield f"{label}: {_shown(value)}"
    yield from (f"Sample row: {row}" for row in evidence.get("sample_rows", [])[:_SHOWN])
    if incident.is_open and incident.command:
        yield f"Fix: {incident.command}"
    yield from _others(incident)
    if incident.occurrences > 1:
        yield f"Count: {incident.occurrences} since {_clock(incident.opened_at)} UTC"
    yield f"Incident: {incident.incident_id} (bin/incidents show {incident.incident_id})"


_EVIDENCE: Final = {
    "Failing tests": "failing_tests",
    "Quarantined rows": "quarantined_rows",
    "Quarantine": "quarantine",
    "Dashboards affected": "dashboards",
    "Readers see": "readers_see",
    "Rerun": "rerun",
    "Owner": "owner",
    "Runbook": "runbook",
    "Run": "run_url",
    "Log": "log_url",
    "Log file": "log",
}


def _others(incident: Incident) -> Iterator[str]:
    root = (incident.kind, incident.root, incident.business_date)
    here = [each for each in incident.causes if (each.kind, each.root, each.business_date) == root]
    for each in here[:_SHOWN]:
        task = each.evidence.get("task")
        if task and task != incident.evidence.get("task"):
            yield f"Failed there too: {task}: {each.error}"
    also = {
        (each.kind, each.root, each.business_date): each
        for each in incident.causes
        if (each.kind, each.root, each.business_date) != root
    }
    if also:
        yield f"Same cause: {_places(tuple(also.values()))}"
    if incident.effects:
        yield f"Follows from it: {_places(incident.effects)}"


def _places(members: tuple[Member, ...]) -> str:
    shown = [
        f"{each.root} {each.business_date or ''} {each.kind.replace('_', ' ')}".replace("  ", " ")
        + (" (fixed)" if each.fixed_at else "")
        for each in members[:_SHOWN]
    ]
    more = f" and {len(members) - _SHOWN} more" if len(members) > _SHOWN else ""
    return ", ".join(shown) + more


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        more = f" and {len(value) - _SHOWN} more" if len(value) > _SHOWN else ""
        return ", ".join(str(each) for each in value[:_SHOWN]) + more
    return str(value)


def _clock(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def spoken(span: timedelta) -> str:
    """A duration as people say it; a clock that was set back makes none negative."""
    minutes, seconds = divmod(max(0, int(span.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"
