"""Airbyte's public API, and the one call of its Config API that tells why a job failed.

Not the `airbyte-api` SDK: that one turns an unknown job state into a validation error and every refusal into
one exception class, and the whole point here is to tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from lakehouse.airbyte.errors import AirbyteNotFoundError, AirbyteRefusedError
from lakehouse.airbyte.job import Job, JobFailure, rows_by_stream
from lakehouse.airbyte.transport import AirbyteTransport

PUBLIC_API: Final = "/api/public/v1"
PAGE_SIZE: Final = 100


class AirbyteClient:
    """One Airbyte server. Every method raises AirbyteUnavailableError, AirbyteRefusedError or a subclass."""

    def __init__(
        self,
        base_url: str,
        client_id: str | None = None,
        client_secret: str | None = None,
        token_path: str = "v1/applications/token",  # noqa: S107 - a path, not a token
        timeout_seconds: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        credentials = (client_id, client_secret) if client_id and client_secret else None
        self._http = AirbyteTransport(self.base_url, credentials, token_path, timeout_seconds, transport)

    def close(self) -> None:
        """Give back the connections; the client is of no use afterwards."""
        self._http.close()

    # jobs

    def connection_id(self, name: str) -> str:
        """The id of the connection of that name.

        Raises:
            AirbyteNotFoundError: there is none, or more than one.
        """
        matches = [each for each in self.listed("/connections") if each["name"] == name]
        if len(matches) != 1:
            raise AirbyteNotFoundError(
                f"Airbyte has {len(matches)} connections named {name}: run provision_platform"
            )
        return str(matches[0]["connectionId"])

    def start_sync(self, connection_id: str) -> Job:
        """Start a sync.

        Raises:
            AirbyteBusyError: the connection has a running job.
        """
        return Job.of(self._call("POST", "/jobs", {"connectionId": connection_id, "jobType": "sync"}))

    def start_refresh(self, connection_id: str) -> Job:
        """Start a refresh: the state is forgotten and the streams are read in full; what landed stays.

        Raises:
            AirbyteBusyError: the connection has a running job.
        """
        return Job.of(self._call("POST", "/jobs", {"connectionId": connection_id, "jobType": "refresh"}))

    def job(self, job_id: int) -> Job:
        """The job as it is now."""
        return Job.of(self._call("GET", f"/jobs/{job_id}"))

    def cancel(self, job_id: int) -> None:
        """Cancel the job; a job that has ended already is left as it is."""
        try:
            self._call("DELETE", f"/jobs/{job_id}")
        except AirbyteRefusedError:
            if not self.job(job_id).phase.is_over:
                raise

    def unfinished_job(self, connection_id: str) -> Job | None:
        """The job of the connection that has not ended, if there is one."""
        query = {"connectionId": connection_id, "jobType": "sync", "orderBy": "createdAt|DESC"}
        for answer in self.listed("/jobs", query, limit=PAGE_SIZE):
            if not (job := Job.of(answer)).phase.is_over:
                return job
        return None

    def job_url(self, job_id: int) -> str:
        """Where the job is described."""
        return f"{self.base_url}/jobs/{job_id}"

    def failure_of(self, job_id: int) -> JobFailure:
        """Why a job failed, from the Config API's last attempt."""
        return JobFailure.of(self.with_attempts(job_id))

    def rows_by_stream(self, job_id: int) -> dict[str, int]:
        """Rows that a job committed of each stream, over all its attempts, from the Config API."""
        return rows_by_stream(self.with_attempts(job_id))

    def with_attempts(self, job_id: int) -> dict[str, Any]:
        """The job as the Config API tells it: with its attempts."""
        root = self.base_url.removesuffix(PUBLIC_API)
        return self._http.request("POST", f"{root}/api/v1/jobs/get", {"id": job_id})

    # sources, destinations, connections and definitions

    def listed(
        self, path: str, query: Mapping[str, Any] | None = None, limit: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page, at most `limit`."""
        offset = 0
        while limit is None or offset < limit:
            page = self._call("GET", path, params={**(query or {}), "limit": PAGE_SIZE, "offset": offset})
            items = page.get("data") or []
            yield from items
            if len(items) < PAGE_SIZE:
                return
            offset += len(items)

    def fetch(self, path: str) -> dict[str, Any]:
        """One item."""
        return self._call("GET", path)

    def create(self, path: str, item: Mapping[str, Any]) -> dict[str, Any]:
        """Create an item; what Airbyte made of it."""
        return self._call("POST", path, item)

    def change(self, path: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change some fields of an item; what Airbyte made of it."""
        return self._call("PATCH", path, changes)

    def replace(self, path: str, item: Mapping[str, Any]) -> dict[str, Any]:
        """Replace an item; what Airbyte made of it."""
        return self._call("PUT", path, item)

    def delete(self, path: str) -> None:
        """Delete an item for good."""
        self._call("DELETE", path)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        return self._http.request(method, f"{self.base_url}{path}", body, params)
