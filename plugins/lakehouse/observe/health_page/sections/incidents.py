"""What is wrong now, with the command that fixes it, and what was fixed lately."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from lakehouse.observe.health_page.reading import Asked
from lakehouse.observe.incidents.finding import Incident, Member
from lakehouse.observe.incidents.reading import open_incidents, resolved_incidents
from lakehouse.platform.database import PostgresConnections

HISTORY: Final = timedelta(days=14)
MOST: Final = 30
"""Incidents that are shown of each kind; the rest is a number."""

_FACTS: Final = {
    "task": "Task",
    "failing_tests": "Failing tests",
    "sample_rows": "Sample rows",
    "quarantined_rows": "Quarantined rows",
    "quarantine": "Quarantine",
    "dashboards": "Dashboards affected",
    "readers_see": "Readers see",
    "rerun": "Rerun",
    "owner": "Owner",
    "log": "Log file",
    "runbook": "Runbook",
}
"""What an incident's evidence may hold, and how the page calls it."""
_LINKS: Final = {"run_url": "Run", "log_url": "Log", "runbook": "Runbook"}


@dataclass(frozen=True)
class Shown:
    """One incident."""

    incident_id: int
    severity: str
    root: str
    kind: str
    business_date: date | None
    summary: str
    error: str | None
    command: str | None
    facts: list[tuple[str, str]]
    links: list[tuple[str, str]]
    """Label and address, web addresses only."""
    effects: list[str]
    """What follows from it."""
    occurrences: int
    opened_at: datetime
    updated_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    fixed_by: str | None


@dataclass(frozen=True)
class Incidents:
    """What the section shows."""

    open: list[Shown]
    """Pages first, then the oldest."""
    more_open: int
    resolved: list[Shown]
    """The newest first."""
    more_resolved: int
    days: int


def read(postgres: PostgresConnections, asked: Asked) -> Incidents:
    """Those open now, whatever night the page shows, and those resolved in the last two weeks."""
    return shaped(open_incidents(postgres), resolved_incidents(postgres, asked.now - HISTORY))


def shaped(still_open: list[Incident], resolved: list[Incident]) -> Incidents:
    """The section's data from the incidents' record."""
    return Incidents(
        open=[_shown(each) for each in still_open[:MOST]],
        more_open=max(len(still_open) - MOST, 0),
        resolved=[_shown(each) for each in resolved[:MOST]],
        more_resolved=max(len(resolved) - MOST, 0),
        days=HISTORY.days,
    )


def web_address(value: Any) -> str | None:
    """The value if it is an http(s) address: nothing else may become a link."""
    text = str(value or "").strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.netloc else None


def _shown(incident: Incident) -> Shown:
    evidence = incident.evidence
    return Shown(
        incident_id=incident.incident_id,
        severity=str(incident.severity),
        root=incident.root,
        kind=incident.kind.replace("_", " "),
        business_date=incident.business_date,
        summary=incident.summary,
        error=incident.error,
        command=incident.command,
        facts=[
            (label, _text(evidence[name]))
            for name, label in _FACTS.items()
            if evidence.get(name) and not (name in _LINKS and web_address(evidence[name]))
        ],
        links=list(_links(evidence)),
        effects=[_place(each) for each in incident.members if not each.is_cause],
        occurrences=incident.occurrences,
        opened_at=incident.opened_at,
        updated_at=incident.updated_at,
        acknowledged_at=incident.acknowledged_at,
        acknowledged_by=incident.acknowledged_by,
        resolved_at=incident.resolved_at,
        fixed_by=incident.fixed_by,
    )


def _links(evidence: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, label in _LINKS.items():
        if address := web_address(evidence.get(name)):
            yield label, address


def _place(member: Member) -> str:
    words = [member.root, str(member.business_date or ""), member.kind.replace("_", " ")]
    return " ".join(each for each in words if each)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(str(each) for each in value)
    return str(value)
