"""Airbyte's jobs, all of them: of the night, of the day, failed ones too; by its own API and clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import ConnectionFile, read_all_connection_files
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.states import JobState
from lakehouse.observe.metrics.observation import Found, Observation
from lakehouse.observe.metrics.sources.kept_client import KeptClient

JOBS_AT_A_LOOK: Final = 200
OVERLAP: Final = timedelta(minutes=10)
"""A job may show up later than one that was updated after it."""
GONE: Final = "deleted"
"""The name of a connection that Airbyte no longer has."""


class AirbyteJobs:
    """Records, durations and failures by connection and stream."""

    name = "airbyte"

    def __init__(self, connect: Callable[[], AirbyteClient]) -> None:
        self._client = KeptClient(connect)

    def look(self, position: Mapping[str, Any]) -> Found:
        """The jobs that have ended since the position; raises what the client raises."""
        with self._client.open() as client:
            return self._look(client, position)

    def _look(self, client: AirbyteClient, position: Mapping[str, Any]) -> Found:
        names = {each["connectionId"]: str(each["name"]) for each in client.listed("/connections")}
        found = Found(series=[series for name in names.values() for series in _at_zero(name)])
        query = {"jobType": "sync", "orderBy": "updatedAt|ASC"}
        if since := position.get("updated_since"):
            query["updatedAtStart"] = since
        declared = {each.name: each for each in read_all_connection_files()}
        seen = set(position.get("seen", []))
        listed = list(client.listed("/jobs", query, limit=JOBS_AT_A_LOOK))
        for answer in listed:
            job = Job.of(answer)
            if job.phase.is_over and job.job_id not in seen:
                name = names.get(job.connection_id, GONE)
                found.observations += _observations(client, job, name, declared.get(name), answer)
        found.more = len(listed) == JOBS_AT_A_LOOK
        found.position = _next(position, listed, found.more)
        return found


def _at_zero(connection: str) -> list[tuple[str, Mapping[str, str]]]:
    return [
        ("airbyte_sync_failures_total", {"connection": connection}),
        *(
            ("airbyte_sync_duration_seconds", {"connection": connection, "outcome": outcome})
            for outcome in ("succeeded", "failed")
        ),
    ]


def _observations(
    client: AirbyteClient,
    job: Job,
    connection: str,
    declared: ConnectionFile | None,
    answer: Mapping[str, Any],
) -> list[Observation]:
    at = _updated(answer)
    event = str(job.job_id)
    told = [
        Observation(
            "airbyte_sync_duration_seconds",
            event,
            {"connection": connection, "outcome": str(job.state.value)},
            max(0.0, job.seconds),
            at,
        )
    ]
    if job.state is JobState.FAILED:
        told.append(Observation("airbyte_sync_failures_total", event, {"connection": connection}, 1, at))
    rows_told = client.rows_by_stream(job.job_id)
    # As every other metric names the streams; those of an undeclared connection as Airbyte does.
    for stream, rows in (declared.rows_by_lake_name(rows_told) if declared else rows_told).items():
        labels = {"connection": connection, "stream": stream}
        told.append(Observation("airbyte_records_synced_total", f"{event} {stream}", labels, rows, at))
    return told


def _next(position: Mapping[str, Any], listed: list[dict[str, Any]], more: bool) -> dict[str, Any]:
    if not listed:
        return dict(position)
    newest = max(_updated(each) for each in listed)
    since = newest if more else newest - OVERLAP
    again = [each for each in listed if _updated(each) >= since and Job.of(each).phase.is_over]
    # Airbyte takes whole seconds, in this form only.
    return {
        "updated_since": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seen": sorted(int(each["jobId"]) for each in again),
    }


def _updated(answer: Mapping[str, Any]) -> datetime:
    moment = datetime.fromisoformat(str(answer.get("lastUpdatedAt") or answer["startTime"]))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
