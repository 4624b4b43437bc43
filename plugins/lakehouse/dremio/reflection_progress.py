"""Is a refreshed reflection ready, still on its way, or lost?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from lakehouse.dremio.client import DremioClient, Json
from lakehouse.dremio.errors import (
    DremioNotFoundError,
    ReflectionFailedError,
    ReflectionInvalidError,
    ReflectionTimeoutError,
)
from lakehouse.dremio.reflections import EnsuredReflection
from lakehouse.dremio.states import (
    ReflectionAvailability,
    ReflectionCombinedStatus,
    ReflectionConfigState,
    ReflectionRefreshState,
)


@dataclass(frozen=True)
class Awaited:
    """A reflection whose refresh was asked for; plain values, so that it travels to the triggerer."""

    id: str
    title: str
    requested_at: str
    """ISO time, UTC, by Dremio's clock: data fetched before it does not count."""
    failures: int = 0
    """Failed refreshes in a row before the request."""
    fetched_before: str | None = None
    """`lastDataFetch` before the request: the clock of the request has whole seconds only."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        return cls(**values)


@dataclass(frozen=True)
class Ready:
    """A reflection that accelerates queries with data newer than the request."""

    id: str
    title: str
    last_data_fetch: str
    rows: int | None
    bytes: int
    milliseconds: int | None
    """Duration of the refresh, where Dremio tells it (26 and later)."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def awaited(ensured: Iterable[EnsuredReflection], requested_at: datetime) -> list[Awaited]:
    """What to wait for: the enabled ones."""
    return [
        Awaited(each.id, each.spec.title, requested_at.isoformat(), each.failures, each.fetched_at)
        for each in ensured
        if each.spec.enabled
    ]


def look(client: DremioClient, reflection: Awaited) -> Ready | None:
    """The reflection if it is ready, None if it is still on its way.

    Raises:
        ReflectionInvalidError: it does not fit its dataset any more, is disabled or gone.
        ReflectionFailedError: Dremio failed to build it; the message holds lastFailureMessage.
    """
    try:
        found = client.reflection(reflection.id)
    except DremioNotFoundError as error:
        raise ReflectionInvalidError(
            f"reflection {reflection.title} ({reflection.id}) is gone: {error}"
        ) from error
    return judge(found, reflection)


def judge(found: Json, reflection: Awaited) -> Ready | None:
    """`look`, on what Dremio has already answered."""
    status = found.get("status", {})
    combined = ReflectionCombinedStatus.of(status.get("combinedStatus"))
    name = f"reflection {reflection.title} ({reflection.id})"
    if not found.get("enabled", True) or combined is ReflectionCombinedStatus.DISABLED:
        raise ReflectionInvalidError(
            f"{name} is disabled in Dremio: enable it, or take it out of include/dremio/reflections/"
        )
    if (
        ReflectionConfigState.of(status.get("config")) is ReflectionConfigState.INVALID
        or combined is ReflectionCombinedStatus.INVALID
    ):
        raise ReflectionInvalidError(f"{name} is invalid: {_failure(status)}")
    if _is_fresh(status, reflection):
        return Ready(
            id=reflection.id,
            title=reflection.title,
            last_data_fetch=str(status["lastDataFetch"]),
            rows=status.get("outputRecords") or found.get("outputRecords"),
            bytes=int(found.get("currentSizeBytes") or 0),
            milliseconds=status.get("lastRefreshDurationMillis"),
        )
    gave_up = ReflectionRefreshState.of(status.get("refresh")) is ReflectionRefreshState.GIVEN_UP
    if gave_up or int(status.get("failureCount") or 0) > reflection.failures:
        raise ReflectionFailedError(f"{name} could not be built: {_failure(status)}")
    return None


def give_up(client: DremioClient, waiting: Sequence[Awaited], seconds: float) -> ReflectionTimeoutError:
    """The error for reflections that were not ready in time, with Dremio's own word for each."""
    words = []
    for each in waiting:
        status = client.reflection(each.id).get("status", {})
        words.append(f"{each.title} ({each.id}) is {status.get('combinedStatus')}, {_failure(status)}")
    return ReflectionTimeoutError(
        f"after {seconds:.0f} s these reflections are not ready: {'; '.join(words)}"
    )


def _is_fresh(status: Json, reflection: Awaited) -> bool:
    usable = ReflectionAvailability.of(status.get("availability")) is ReflectionAvailability.AVAILABLE
    fetched = status.get("lastDataFetch")
    return bool(
        usable
        and fetched
        and fetched != reflection.fetched_before
        and parse_time(fetched) >= parse_time(reflection.requested_at)
    )


def parse_time(text: str) -> datetime:
    """An ISO time, with `Z` or without a zone, as UTC."""
    parsed = datetime.fromisoformat(text)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed


def _failure(status: Json) -> str:
    """`lastFailureMessage`: a text, or since 26.x an object with a `message`."""
    failure = status.get("lastFailureMessage")
    if isinstance(failure, dict):
        failure = failure.get("message")
    return str(failure) if failure else "Dremio gives no reason"
