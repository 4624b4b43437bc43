"""A sync job of Airbyte, and Airbyte's own reason for one that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pendulum

from lakehouse.airbyte.states import JobState
from lakehouse.platform.external_job.job import Phase

_SUMMING_UP: Final = "Concurrent read failure"


@dataclass(frozen=True)
class Job:
    """A sync job as the public API tells it."""

    job_id: int
    connection_id: str
    state: JobState
    raw_state: str
    started_at: datetime
    rows: int
    """Rows committed to the destination."""
    bytes: int
    seconds: float = 0.0
    """How long it has run."""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Job:
        """From the API's JSON."""
        raw_state = str(answer["status"])
        return cls(
            job_id=int(answer["jobId"]),
            connection_id=str(answer["connectionId"]),
            state=JobState.of(raw_state),
            raw_state=raw_state,
            started_at=_instant(str(answer["startTime"])),
            rows=int(answer.get("rowsSynced") or 0),
            bytes=int(answer.get("bytesSynced") or 0),
            seconds=_seconds(answer.get("duration")),
        )

    @property
    def handle(self) -> int:
        """What the job is found by."""
        return self.job_id

    @property
    def phase(self) -> Phase:
        """Whether it goes on, and if not, how it ended."""
        return self.state.phase

    @property
    def progress(self) -> str:
        """Airbyte's own word for its state, and how far it is."""
        return f"state {self.raw_state}, {self.rows} rows so far"


@dataclass(frozen=True)
class JobFailure:
    """Airbyte's own reason for a failed job."""

    reason: str
    is_configuration: bool
    last_log_lines: tuple[str, ...]
    origin: str = ""
    """Where it failed, in Airbyte's word: `source`, `destination`, ...; of several failures, of the first."""

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> JobFailure:
        """From the Config API's JSON: the failures of the last attempt."""
        attempts = answer.get("attempts") or [{}]
        attempt = attempts[-1].get("attempt") or {}
        failures = (attempt.get("failureSummary") or {}).get("failures") or []
        reasons = [each.get("externalMessage") or each.get("internalMessage") for each in failures]
        return cls(
            reason="; ".join(reason for reason in reasons if reason) or "Airbyte gives no reason",
            is_configuration=_is_configuration(failures),
            last_log_lines=tuple((attempts[-1].get("logs") or {}).get("logLines") or ())[-10:],
            origin=str(next((each["failureOrigin"] for each in failures if each.get("failureOrigin")), "")),
        )


def rows_by_stream(answer: Mapping[str, Any]) -> dict[str, int]:
    """Rows that a job committed of each stream, over all its attempts, from the Config API's JSON.

    A stream of which nothing came has 0: Airbyte may keep no statistics of it, and names it as the job's.
    """
    enabled = (answer.get("job") or {}).get("enabledStreams") or []
    rows = {stream["name"]: 0 for stream in enabled}
    for each in answer.get("attempts") or []:
        for stream in (each.get("attempt") or {}).get("streamStats") or []:
            name, stats = stream["streamName"], stream.get("stats") or {}
            rows[name] = rows.get(name, 0) + int(stats.get("recordsCommitted") or 0)
    return rows


def _is_configuration(failures: Sequence[Mapping[str, Any]]) -> bool:
    """Whether Airbyte blames the configuration, and means it.

    The declarative CDK calls every stream's failure a config_error when it sums them up, a source that was
    down included (airbyte-cdk 7.39.1, concurrent_read_processor.py, `is_done`).
    """
    meant = [each for each in failures if _SUMMING_UP not in json.dumps(each)]
    return bool(meant) and all(each.get("failureType") == "config_error" for each in meant)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds(duration: str | None) -> float:
    """An ISO 8601 duration, as Airbyte writes it (`PT8M3S`)."""
    parsed = pendulum.parse(duration, exact=True) if duration else None
    return parsed.total_seconds() if isinstance(parsed, pendulum.Duration) else 0.0
