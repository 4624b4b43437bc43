"""Alertmanager's web hook: what Prometheus's rules found becomes findings like any other.

A rule says by its labels what its alert is about: `stage`, `connection`, `table`, `service`, and by
`effect: "true"` that it may follow from something else. The alert `Watchdog` always fires: it shows that
the path works, and is not a finding.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from lakehouse.night.business_date import business_date_or_none
from lakehouse.observe.incidents.finding import ALERT, Finding, Severity
from lakehouse.observe.incidents.heartbeats import ALERT_PATH, beat
from lakehouse.observe.incidents.home import is_stage
from lakehouse.observe.incidents.reading import incident_of_event
from lakehouse.observe.incidents.record import resolve_event, tell
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.names import AIRBYTE_CONNECTION, DREMIO_CONNECTION, SUPERSET_CONNECTION
from lakehouse.platform.sql_files import read_sql

log = logging.getLogger(__name__)

WATCHDOG: Final = "Watchdog"
STAYS: Final = timedelta(minutes=30)
"""An alert that was part of an incident and fires on for so long after its end has a cause of its own."""
RETRIES_TAKE: Final = timedelta(minutes=10)
"""A sync that failed is tried again by its task, which tells its last failure itself: an alert about a
connection that is younger than this may be of a retry that is about to succeed."""
_PLACES: Final = ("stage", "connection", "table", "model", "dashboard", "stream", "slot", "service", "source")
"""Labels that say what an alert is about, the most telling first."""
_EFFECT: Final = frozenset(
    {"stage", "table", "dashboard", "model", "stream", "connection", "service", "source"}
)
"""What these show may follow from a failure that was told with its own words."""
_SERVICES: Final = {
    "airbyte": AIRBYTE_CONNECTION,
    "dremio": DREMIO_CONNECTION,
    "superset": SUPERSET_CONNECTION,
}
"""Services by the names that metrics have for them."""


class BadPayloadError(ValueError):
    """The request is not what Alertmanager sends; the message says what is missing."""


@dataclass(frozen=True)
class Received:
    """What became of the alerts of one request."""

    told: int = 0
    resolved: int = 0
    watchdogs: int = 0


def receive(postgres: PostgresConnections, payload: object, now: datetime | None = None) -> Received:
    """Take over the alerts of a request (Alertmanager's web hook format, version 4). May be sent twice.

    Raises:
        BadPayloadError: answer 400; to anything else that is raised 5xx, and Alertmanager repeats it.
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    at = now or datetime.now(UTC)
    done = Received()
    for alert in _alerts(payload):
        labels = {str(key): str(value) for key, value in (alert.get("labels") or {}).items()}
        if labels.get("alertname") == WATCHDOG:
            beat(postgres, ALERT_PATH, at)
            done = replace(done, watchdogs=done.watchdogs + 1)
            continue
        event = f"alert/{_fingerprint(alert, labels)}/{alert.get('startsAt', '')}"
        if alert.get("status") == "resolved":
            ended = resolve_event(
                postgres, event, f"Alertmanager says that {labels['alertname']} is over", at
            )
            done = replace(done, resolved=done.resolved + len(ended))
        elif not _may_be_retried(alert, labels, at):
            _tell(postgres, alert, labels, event, at)
            done = replace(done, told=done.told + 1)
    return done


def _may_be_retried(alert: Mapping[str, Any], labels: Mapping[str, str], at: datetime) -> bool:
    if not labels.get("connection"):
        return False
    try:
        starts = datetime.fromisoformat(str(alert.get("startsAt")))
    except ValueError:
        return False
    return starts.tzinfo is not None and timedelta(0) <= at - starts < RETRIES_TAKE


def _tell(
    postgres: PostgresConnections,
    alert: Mapping[str, Any],
    labels: Mapping[str, str],
    event: str,
    at: datetime,
) -> None:
    """A firing alert is repeated every few hours: the event counts once, unless it outlives its incident."""
    finding = _finding(postgres, alert, labels, event)
    known = incident_of_event(postgres, event)
    if known is not None and known.resolved_at is not None and at - known.resolved_at > STAYS:
        finding = replace(finding, event_id=f"{event}/after/{known.incident_id}", is_effect=False)
    tell(postgres, finding, at, with_members=False)


def _finding(
    postgres: PostgresConnections, alert: Mapping[str, Any], labels: Mapping[str, str], event: str
) -> Finding:
    notes = {str(key): str(value) for key, value in (alert.get("annotations") or {}).items()}
    name = labels["alertname"]
    place = next((each for each in _PLACES if labels.get(each)), None)
    root = labels[place] if place else name
    is_effect = labels.get("effect", "").lower() == "true" or place in _EFFECT
    night = business_date_or_none(labels.get("business_date")) or _night_of(postgres, place, root)
    return Finding(
        kind=f"{ALERT}:{name}",
        root=root,
        business_date=night,
        severity=Severity.PAGE if labels.get("severity") in ("page", "critical") else Severity.WARN,
        summary=notes.get("summary") or f"{name}: {root}",
        error=notes.get("description"),
        command=notes.get("command"),
        evidence={
            "owner": labels.get("owner"),
            "runbook": notes.get("runbook_url") or notes.get("runbook"),
            "alert": name,
            "labels": dict(labels),
            "log_url": alert.get("generatorURL"),
        },
        event_id=event,
        cause_group=_cause_group(place, root),
        is_effect=is_effect,
    )


def _cause_group(place: str | None, root: str) -> str | None:
    if place == "connection":
        return f"connection:{root}"
    return f"service:{_SERVICES.get(root, root)}" if place in ("service", "source") else None


def _night_of(postgres: PostgresConnections, place: str | None, root: str) -> date | None:
    """A stage that is late is late with the newest night there is."""
    if place != "stage" or not is_stage(root):
        return None
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/incidents/select_newest_night.sql"))
        newest: date | None = cursor.fetchone()[0]
        return newest


def _alerts(payload: object) -> Sequence[Mapping[str, Any]]:
    alerts = payload.get("alerts") if isinstance(payload, Mapping) else None
    if not isinstance(alerts, list):
        raise BadPayloadError("the request has no list `alerts`: this is the address of a web hook")
    for alert in alerts:
        labels = alert.get("labels") if isinstance(alert, Mapping) else None
        if not isinstance(labels, Mapping) or not labels.get("alertname"):
            raise BadPayloadError("an alert has no label `alertname`")
    return alerts


def _fingerprint(alert: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    return str(
        alert.get("fingerprint") or ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    )
