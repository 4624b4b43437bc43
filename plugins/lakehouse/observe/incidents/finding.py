"""What somebody found, and the incident it became part of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

FAILED: Final = "failed"
"""Kind of a task that failed for good."""
LATE: Final = "late"
"""Kind of a stage, or a whole night, that is not where the plan has it."""
NOT_STARTED: Final = "not_started"
"""Kind of a stage that should run by the clock and does not."""
SILENT: Final = "silent"
"""Kind of a part of the platform that no longer shows that it lives."""
ALERT: Final = "alert"
"""Kind of an alert of Alertmanager's that names no cause which is known here."""


class Severity(StrEnum):
    """Whether somebody is woken, or reads it in the morning."""

    WARN = "warn"
    PAGE = "page"

    def is_above(self, other: str) -> bool:
        return self is Severity.PAGE and other != Severity.PAGE


@dataclass(frozen=True)
class Finding:
    """Something that is wrong. Telling the same finding again changes nothing but a count."""

    kind: str
    """A word such as `failed`, `late`, `paused`."""
    root: str
    """Where: a stage of the night, another DAG, an Airbyte connection, a service."""
    business_date: date | None
    severity: Severity
    summary: str
    """One sentence."""
    error: str | None = None
    """The words of the source."""
    command: str | None = None
    """What to type to fix it."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What else is known, as JSON: task, run_id, attempts, failing tests, dashboards, links."""
    event_id: str | None = None
    """Names the event if it is one, such as one attempt of one task: an event counts once, whoever tells it.
    A finding without it is a state, which counts once in half an hour."""
    cause_group: str | None = None
    """What different dates have in common: `connection:<name>`, `service:<name>`."""
    is_effect: bool = False
    """It may follow from something else that is known: then it is part of that incident."""

    @property
    def key(self) -> str:
        """What `resolve` is told once it is fixed. Each failed task of a stage has its own."""
        task = self.evidence.get("task") if self.kind == FAILED else None
        return f"{self.kind}:{self.root}:{self.business_date or '-'}" + (f":{task}" if task else "")


@dataclass(frozen=True)
class Member:
    """A finding as a part of an incident."""

    incident_id: int
    key: str
    kind: str
    root: str
    business_date: date | None
    is_cause: bool
    """It must be fixed before the incident is over."""
    may_follow: bool
    """It was told as a possible effect: where nothing explained it, it became a cause itself."""
    cause_group: str | None
    fingerprint: str
    severity: str
    summary: str
    error: str | None
    command: str | None
    evidence: Mapping[str, Any]
    first_at: datetime
    last_at: datetime
    occurrences: int
    fixed_at: datetime | None
    fixed_by: str | None


@dataclass(frozen=True)
class Incident:
    """One cause, with everything that belongs to it."""

    incident_id: int
    kind: str
    root: str
    business_date: date | None
    cause_group: str | None
    severity: str
    summary: str
    error: str | None
    command: str | None
    evidence: Mapping[str, Any]
    fingerprint: str
    opened_at: datetime
    updated_at: datetime
    occurrences: int
    """Events of all members."""
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    fixed_by: str | None
    members: tuple[Member, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def causes(self) -> tuple[Member, ...]:
        """What must be fixed."""
        return tuple(each for each in self.members if each.is_cause)

    @property
    def effects(self) -> tuple[Member, ...]:
        """What follows from the causes."""
        return tuple(each for each in self.members if not each.is_cause)

    @property
    def dates(self) -> tuple[date, ...]:
        """The business dates that it touches."""
        return tuple(sorted({each.business_date for each in self.members if each.business_date}))
