"""What a reflection is and where it stands, as the REST API shows it."""

import json
import sqlite3
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from dremio_engine.paths import Path
from dremio_engine.reflections.policy import RefreshPolicy

# Dremio gives a reflection up when its refresh has failed this often in a row.
GIVE_UP_AFTER = 3


@dataclass(frozen=True)
class Status:
    """Where a reflection stands. Times are texts in UTC; durations are milliseconds."""

    refreshing: bool = False
    last_data_fetch: str | None = None
    last_refresh_finished: str | None = None
    duration_ms: int | None = None
    failures: int = 0
    failure: str | None = None
    retry_at: str | None = None
    invalid: str | None = None


@dataclass(frozen=True)
class Reflection:
    """A definition as the REST API sends it (`body`) and its status."""

    id: str
    dataset_id: str
    name: str
    tag: str
    created_at: str
    updated_at: str
    body: dict[str, Any]
    status: Status = field(default_factory=Status)

    @property
    def enabled(self) -> bool:
        """Whether it is kept fresh and may serve."""
        return bool(self.body.get("enabled", True))

    @property
    def given_up(self) -> bool:
        """Whether its refresh has failed too often to be tried again without being asked for."""
        return self.status.failures >= GIVE_UP_AFTER


@dataclass(frozen=True)
class Standing:
    """What a status is judged by beside what is stored: the dataset's path, and what is built."""

    path: Path | None
    policy: RefreshPolicy
    built: bool
    fresh: bool
    method: str = "NONE"


@dataclass(frozen=True)
class Shown:
    """A reflection as clients see it: with where it stands and how much it keeps."""

    reflection: Reflection
    standing: Standing
    bytes: int
    rows: int
    dataset_type: str = "PHYSICAL_DATASET"


def rest_status(reflection: Reflection, standing: Standing) -> dict[str, Any]:
    """The status object of the Reflection API.

    A reflection that is not fresh is AVAILABLE (it is there, and serves again once it is refreshed) but
    cannot accelerate: CANNOT_ACCELERATE_SCHEDULED or _MANUAL, by what will refresh it.
    """
    status = reflection.status
    invalid = standing.path is None or status.invalid is not None
    expiry = expires_at(status.last_data_fetch, standing.policy)
    expired = expiry is not None and expiry <= datetime.now(UTC)
    availability = _availability(standing.built and reflection.enabled and not invalid, expired)
    found: dict[str, Any] = {
        "config": "INVALID" if invalid else "OK",
        "refresh": _refresh(reflection, standing.policy, invalid),
        "availability": availability,
        "combinedStatus": _combined(reflection, standing, availability, invalid),
        "refreshMethod": standing.method,
        "failureCount": status.failures,
        "lastDataFetch": status.last_data_fetch,
        "expiresAt": None if status.last_data_fetch is None else _text(expiry or _NEVER),
        "lastRefreshDurationMillis": status.duration_ms,
        "lastRefreshFinished": status.last_refresh_finished,
    }
    if status.invalid or status.failure:
        found["lastFailureMessage"] = status.invalid or status.failure
    return {k: v for k, v in found.items() if v is not None}


_NEVER = datetime(3000, 1, 1, tzinfo=UTC)


def _availability(built: bool, expired: bool) -> str:
    return "NONE" if not built else "EXPIRED" if expired else "AVAILABLE"


def _refresh(reflection: Reflection, policy: RefreshPolicy, invalid: bool) -> str:
    if reflection.status.refreshing:
        return "RUNNING"
    if reflection.given_up:
        return "GIVEN_UP"
    if not reflection.enabled or invalid:
        return "MANUAL"
    if policy.on_data_changes:
        return "ON_DATA_CHANGES"
    return "MANUAL" if policy.period_ms is None and not reflection.status.retry_at else "SCHEDULED"


def _combined(reflection: Reflection, standing: Standing, availability: str, invalid: bool) -> str:
    status = reflection.status
    if not reflection.enabled:
        return "DISABLED"
    if invalid:
        return "INVALID"
    if status.refreshing:
        return "REFRESHING"
    serves = availability == "AVAILABLE" and standing.fresh
    if status.failures:
        if serves:
            return "CAN_ACCELERATE_WITH_FAILURES"
        if reflection.given_up:
            return "FAILED"
    if serves:
        return "CAN_ACCELERATE"
    if availability == "NONE" and not status.failures:
        return "CANNOT_ACCELERATE_INITIALIZING" if status.last_refresh_finished is None else "NONE"
    scheduled = standing.policy.on_data_changes or standing.policy.period_ms is not None or status.retry_at
    return "CANNOT_ACCELERATE_SCHEDULED" if scheduled else "CANNOT_ACCELERATE_MANUAL"


def expires_at(fetched: str | None, policy: RefreshPolicy) -> datetime | None:
    """When data fetched then may serve no longer; nothing when it always may."""
    if fetched is None or policy.grace_ms is None:
        return None
    return moment_of(fetched) + timedelta(milliseconds=policy.grace_ms)


def moment_of(text: str) -> datetime:
    """A time as the engine writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def status_of(text: str) -> Status:
    """A status from its text; parts that an older engine kept are left out."""
    known = {f.name for f in fields(Status)}
    return Status(**{k: v for k, v in json.loads(text).items() if k in known})


def reflection_of(row: sqlite3.Row) -> Reflection:
    """A reflection from its row of the state file."""
    return Reflection(
        id=row["id"],
        dataset_id=row["dataset_id"],
        name=row["name"],
        tag=row["tag"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        body=json.loads(row["body"]),
        status=status_of(row["status"]),
    )
