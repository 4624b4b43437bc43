"""Dremio's REST API (Software): login, SQL jobs, catalog, reflections. Knows nothing of Airflow's tasks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

import requests

from lakehouse.dremio.errors import (
    DremioError,
    DremioJobTimeoutError,
    DremioNotFoundError,
    DremioRefusedError,
    DremioUnavailableError,
)
from lakehouse.dremio.job import Job
from lakehouse.dremio.states import JobState
from lakehouse.dremio.transport import DremioTransport, Json

PAGE_ROWS: Final = 500
"""Most rows one answer of the results endpoint holds (its default is 100)."""

_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 2.0
_UNANSWERED_POLLS: Final = 5


class DremioClient:
    """One login at one Dremio coordinator. Safe to share between threads for single calls.

    Raises from every call:
        DremioRefusedError, DremioNotFoundError: 400, 401, 403, 404, 422, with Dremio's own message.
        DremioConflictError: 409.
        DremioUnavailableError: 408, 425, 429, 5xx, or no answer in time.
    """

    def __init__(
        self, base_url: str, user: str, password: str, session: requests.Session | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._http = DremioTransport(self.base_url, user, password, session or requests.Session())

    def close(self) -> None:
        """Give back the connections; a later call opens new ones."""
        self._http.close()

    # jobs

    def submit(self, sql: str) -> str:
        """Start a statement; the job's id. No trailing semicolon."""
        return str(self._http.call("POST", "/api/v3/sql", {"sql": sql, "context": None})["id"])

    def job(self, job_id: str) -> Job:
        """The job's state now."""
        answer = self._http.call("GET", f"/api/v3/job/{job_id}")
        raw = str(answer.get("jobState", ""))
        rows = answer.get("rowCount")
        message = str(answer.get("errorMessage") or answer.get("cancellationReason") or "")
        return Job(
            id=job_id,
            url=self.job_url(job_id),
            state=JobState.of(raw),
            raw_state=raw,
            message=message,
            rows=None if rows is None or rows < 0 else int(rows),
        )

    def job_url(self, job_id: str) -> str:
        """The job's page in Dremio's UI."""
        return f"{self.base_url}/job/{job_id}"

    def cancel(self, job_id: str) -> None:
        """Ask Dremio to cancel a job; one that is over already is not an error."""
        try:
            self._http.call("POST", f"/api/v3/job/{job_id}/cancel")
        except DremioRefusedError:
            if not self.job(job_id).phase.is_over:
                raise

    def wait(self, job_id: str, seconds: float) -> Job:
        """The job when it is over, or as it is after that many seconds; rides out failed polls."""
        deadline = time.monotonic() + seconds
        pause, unanswered = _FIRST_PAUSE, 0
        while True:
            try:
                job = self.job(job_id)
                unanswered = 0
                if job.phase.is_over or time.monotonic() >= deadline:
                    return job
            except DremioUnavailableError:
                unanswered += 1
                if unanswered >= _UNANSWERED_POLLS or time.monotonic() >= deadline:
                    raise
            time.sleep(pause)
            pause = min(pause * 1.6, _LONGEST_PAUSE)

    def run(self, sql: str, timeout: float = 300.0) -> Job:
        """Run a statement to its end, at most `timeout` seconds; then it is canceled.

        Raises:
            DremioJobFailedError, DremioJobInterruptedError, DremioJobCanceledError, DremioJobTimeoutError
        """
        job_id = self.submit(sql)
        try:
            job = self.wait(job_id, timeout)
        except BaseException:
            self.cancel_quietly(job_id)
            raise
        if not job.phase.is_over:
            self.cancel_quietly(job_id)
            raise DremioJobTimeoutError(
                job_id, job.url, f"was {job.raw_state} after {timeout:.0f} s and was canceled"
            )
        job.raise_unless_completed()
        return job

    def cancel_quietly(self, job_id: str) -> bool:
        """Cancel while another error is on its way; False when Dremio could not be told."""
        try:
            self.cancel(job_id)
        except DremioError:
            return False
        return True

    def rows(self, job_id: str) -> Iterator[Json]:
        """All rows of a completed job, page by page."""
        offset = 0
        while True:
            path = f"/api/v3/job/{job_id}/results?offset={offset}&limit={PAGE_ROWS}"
            page: Sequence[Json] = self._http.call("GET", path).get("rows", [])
            yield from page
            offset += len(page)
            if len(page) < PAGE_ROWS:
                return

    def query(self, sql: str, timeout: float = 300.0) -> list[Json]:
        """The rows of a statement, as dictionaries. For small results."""
        return list(self.rows(self.run(sql, timeout).id))

    # catalog

    def find(self, path: Sequence[str]) -> Json | None:
        """The entity at a path; None when there is none."""
        try:
            return self._http.call(
                "GET", "/api/v3/catalog/by-path/" + "/".join(quote(part, safe="") for part in path)
            )
        except DremioNotFoundError:
            return None

    def create(self, entity: Mapping[str, Any]) -> Json:
        """Create a source, space, folder or view."""
        return self._http.call("POST", "/api/v3/catalog", entity)

    def update(self, entity_id: str, entity: Mapping[str, Any]) -> Json:
        """Replace an entity; the body carries the tag last read."""
        return self._http.call("PUT", f"/api/v3/catalog/{quote(entity_id, safe='')}", entity)

    def promote(self, path: Sequence[str]) -> Json:
        """Make a folder of Parquet files a dataset."""
        entity_id = "dremio:/" + "/".join(path)
        return self._http.call(
            "POST",
            f"/api/v3/catalog/{quote(entity_id, safe='')}",
            {
                "entityType": "dataset",
                "id": entity_id,
                "path": list(path),
                "type": "PHYSICAL_DATASET",
                "format": {"type": "Parquet"},
            },
        )

    # the server and its users

    def version(self) -> str:
        """The server's version, such as `26.0.0-202504290223270716-afdd6663`."""
        return str(self._http.call("GET", "/api/v3/info")["version"])

    def personal_tokens(self, user: str) -> list[Json]:
        """The user's personal access tokens (`label`, `expiresAt`); none where the edition has none."""
        try:
            found = self._http.call("GET", f"/api/v3/user/by-name/{quote(user, safe='')}")
            tokens: list[Json] = self._http.call("GET", f"/api/v3/user/{found['id']}/token")["data"]
        except DremioNotFoundError:
            return []
        return tokens

    # reflections

    def reflections_of(self, dataset_id: str) -> list[Json]:
        """All reflections of a dataset."""
        answer = self._http.call("GET", f"/api/v3/dataset/{quote(dataset_id, safe='')}/reflection")
        found: list[Json] = answer["data"]
        return found

    def reflection(self, reflection_id: str) -> Json:
        """One reflection with its status."""
        return self._http.call("GET", f"/api/v3/reflection/{reflection_id}")

    def create_reflection(self, body: Mapping[str, Any]) -> Json:
        """Create a reflection; Dremio starts to build it."""
        return self._http.call("POST", "/api/v3/reflection", body)

    def update_reflection(self, reflection_id: str, body: Mapping[str, Any]) -> Json:
        """Replace a reflection's definition; the body carries the tag last read."""
        return self._http.call("PUT", f"/api/v3/reflection/{reflection_id}", body)

    def refresh_reflections(self, dataset_id: str) -> datetime:
        """Ask for a refresh of a dataset's reflections; when Dremio took the request, by its clock (UTC)."""
        answer = self._http.send("POST", f"/api/v3/catalog/{quote(dataset_id, safe='')}/refresh", None)
        # Whole seconds, rounded down: a refresh that begins in the same second counts as later.
        stamp = answer.headers.get("Date")
        taken = parsedate_to_datetime(stamp) if stamp else datetime.now(UTC)
        return taken.replace(microsecond=0)
