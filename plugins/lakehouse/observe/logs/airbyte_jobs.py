"""The logs of Airbyte's jobs, over its API: production's Airbyte keeps them in a bucket of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.errors import AirbyteNotFoundError, AirbyteRefusedError
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.states import JobState
from lakehouse.observe.logs.cursors import Cursors
from lakehouse.observe.logs.fetched import Spool
from lakehouse.observe.logs.moments import head_of

MOST_JOBS: Final = 300
"""Of those that Airbyte lists, the newest: what a first look takes."""
_SEPARATE: Final = ("\t", " ")


class AirbyteJobLogs:
    """Fetches the log of every job that has ended, once."""

    name = "Airbyte"
    every_seconds = 15.0

    def __init__(self, client: AirbyteClient, spool: Spool, cursors: Cursors) -> None:
        self._client = client
        self._spool = spool
        self._cursors = cursors

    def fetch(self) -> int:
        """As `Fetcher.fetch`; jobs that run are left for later."""
        place = json.loads(self._cursors.bookmark(self.name) or '{"all_up_to": 0, "also": []}')
        all_up_to, also = int(place["all_up_to"]), set(place["also"])
        entries = 0
        newest = lowest_running = None
        for answer in self._client.listed("/jobs", {"orderBy": "createdAt|DESC"}, limit=MOST_JOBS):
            job = Job.of(answer)
            newest = newest or job.job_id
            if job.job_id <= all_up_to:
                break
            if not job.phase.is_over:
                lowest_running = job.job_id
            elif job.job_id not in also:
                entries += self._fetch_job(job)
                also.add(job.job_id)
                self._keep(all_up_to, also)
        if newest:
            # Every job below the oldest that runs is done with.
            all_up_to = max(all_up_to, (lowest_running or newest + 1) - 1)
            self._keep(all_up_to, {number for number in also if number > all_up_to})
        return entries

    def _keep(self, all_up_to: int, also: set[int]) -> None:
        place = json.dumps({"all_up_to": all_up_to, "also": sorted(also)})
        if place != self._cursors.bookmark(self.name):
            self._cursors.set_bookmark(self.name, place)

    def _fetch_job(self, job: Job) -> int:
        name = f"job-{job.job_id:09d}"
        if self._spool.holds(name):
            return 0
        try:
            attempts = self._client.with_attempts(job.job_id).get("attempts") or []
        except (AirbyteNotFoundError, AirbyteRefusedError):
            attempts = []  # Airbyte's cloud has no Config API: the summary is all there is
        entries = [entry for attempt in attempts for entry in _entries(job, attempt)]
        entries.append(_summary(job, attempts))
        self._spool.write(name, entries)
        return len(entries)


def _entries(job: Job, attempt: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    number = int((attempt.get("attempt") or {}).get("id") or 0)
    began = (attempt.get("attempt") or {}).get("createdAt")
    logs = attempt.get("logs") or {}
    for position, entry in enumerate(_messages(logs)):
        yield {
            "id": f"airbyte-{job.job_id}-{number}-{position}",
            "service": "airbyte",
            "timestamp": entry.pop("timestamp", None) or began or job.started_at.isoformat(),
            **entry,
            "job_id": str(job.job_id),
            "connection_id": job.connection_id,
            "attempt": number,
        }


def _messages(logs: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Of structured logs (Airbyte 1.4 and later) the events, of formatted ones the lines."""
    for event in logs.get("events") or []:
        message = str(event.get("message") or "")
        if trace := event.get("stackTrace"):
            message += f"\n{trace}"
        yield {"message": message, "level": event.get("level"), "timestamp": event.get("timestamp")}
    held: dict[str, Any] | None = None
    for line in logs.get("logLines") or []:
        head = head_of(line)
        if held and not head and (line.startswith(_SEPARATE) or "Traceback" in held["message"]):
            held["message"] += f"\n{line}"
            continue
        if held:
            yield held
        rest = line[head.length :].split() if head else []
        moment = head.moment.isoformat() if head else (held or {}).get("timestamp")
        held = {"message": line, "level": rest[0] if rest else "INFO", "timestamp": moment}
    if held:
        yield held


def _summary(job: Job, attempts: list[dict[str, Any]]) -> dict[str, Any]:
    """How the job ended, with the specification's counts."""
    failures = [
        str(failure.get("externalMessage") or failure.get("internalMessage"))
        for attempt in attempts
        for failure in ((attempt.get("attempt") or {}).get("failureSummary") or {}).get("failures") or []
    ]
    level = "INFO" if job.state is JobState.SUCCEEDED else "ERROR"
    ended = job.started_at + timedelta(seconds=job.seconds)
    message = (
        f"sync job {job.job_id} {job.raw_state}: {job.rows} records, {job.bytes} bytes in {job.seconds:.0f} s"
    )
    return {
        "id": f"airbyte-{job.job_id}-end",
        "service": "airbyte",
        "timestamp": min(ended, datetime.now(UTC)).isoformat(),
        "level": level,
        "message": "; ".join([message, *dict.fromkeys(failures)]),
        "job_id": str(job.job_id),
        "connection_id": job.connection_id,
        "records_synced": job.rows,
        "bytes_synced": job.bytes,
    }
