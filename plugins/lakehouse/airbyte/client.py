"""Airbyte's public API, and the one call of its Config API that tells why a job failed.

Not the `airbyte-api` SDK: that one turns an unknown job state into a validation error and every refusal into
one exception class, and the whole point here is to tell them apart.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urljoin

import httpx
import pendulum

from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteNotFoundError,
    AirbyteRefusedError,
    AirbyteUnavailableError,
)
from lakehouse.airbyte.states import JobState
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.http_answers import Answer, kind_of

PUBLIC_API: Final = "/api/public/v1"
PAGE_SIZE: Final = 100
TOKEN_MARGIN_SECONDS: Final = 30
"""A token is renewed this long before it ends. Airbyte's live for three minutes."""
_SUMMING_UP: Final = "Concurrent read failure"
_REFUSALS: Final[Mapping[Answer, type[LakehouseError]]] = {
    Answer.AWAY: AirbyteUnavailableError,
    Answer.BUSY: AirbyteBusyError,
    Answer.NOT_FOUND: AirbyteNotFoundError,
}
"""The error of each kind of answer; of the others AirbyteRefusedError."""


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


@dataclass(frozen=True)
class JobFailure:
    """Airbyte's own reason for a failed job."""

    reason: str
    is_configuration: bool
    last_log_lines: tuple[str, ...]


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
        self._credentials = (client_id, client_secret) if client_id and client_secret else None
        self._token_url = urljoin(self.base_url, token_path)
        self._http = httpx.Client(timeout=timeout_seconds, transport=transport, follow_redirects=True)
        self._token: str | None = None
        self._token_ends = 0.0

    def close(self) -> None:
        """Give back the connections; the client is of no use afterwards."""
        self._http.close()

    # jobs

    def start_sync(self, connection_id: str) -> Job:
        """Start a sync.

        Raises:
            AirbyteBusyError: the connection has a running job.
        """
        return Job.of(self._call("POST", "/jobs", {"connectionId": connection_id, "jobType": "sync"}))

    def job(self, job_id: int) -> Job:
        """The job as it is now."""
        return Job.of(self._call("GET", f"/jobs/{job_id}"))

    def cancel(self, job_id: int) -> None:
        """Cancel the job; a job that has ended already is left as it is."""
        try:
            self._call("DELETE", f"/jobs/{job_id}")
        except AirbyteRefusedError:
            if not self.job(job_id).state.is_end:
                raise

    def unfinished_job(self, connection_id: str) -> Job | None:
        """The job of the connection that has not ended, if there is one."""
        query = {"connectionId": connection_id, "jobType": "sync", "orderBy": "createdAt|DESC"}
        for answer in self.listed("/jobs", query, limit=PAGE_SIZE):
            if not (job := Job.of(answer)).state.is_end:
                return job
        return None

    def job_url(self, job_id: int) -> str:
        """Where the job is described."""
        return f"{self.base_url}/jobs/{job_id}"

    def failure_of(self, job_id: int) -> JobFailure:
        """Why a job failed, from the Config API's last attempt."""
        answer = self._request("POST", f"{self._root}/api/v1/jobs/get", {"id": job_id})
        attempts = answer.get("attempts") or [{}]
        attempt = attempts[-1].get("attempt") or {}
        failures = (attempt.get("failureSummary") or {}).get("failures") or []
        reasons = [each.get("externalMessage") or each.get("internalMessage") for each in failures]
        return JobFailure(
            reason="; ".join(reason for reason in reasons if reason) or "Airbyte gives no reason",
            is_configuration=_is_configuration(failures),
            last_log_lines=tuple((attempts[-1].get("logs") or {}).get("logLines") or ())[-10:],
        )

    def rows_by_stream(self, job_id: int) -> dict[str, int]:
        """Rows that a job committed of each stream, over all its attempts, from the Config API."""
        answer = self._request("POST", f"{self._root}/api/v1/jobs/get", {"id": job_id})
        rows: dict[str, int] = {}
        for each in answer.get("attempts") or []:
            for stream in (each.get("attempt") or {}).get("streamStats") or []:
                name, stats = stream["streamName"], stream.get("stats") or {}
                rows[name] = rows.get(name, 0) + int(stats.get("recordsCommitted") or 0)
        return rows

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

    # HTTP

    @property
    def _root(self) -> str:
        return self.base_url.removesuffix(PUBLIC_API)

    def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        return self._request(method, f"{self.base_url}{path}", body, params)

    def _request(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        answer = self._send(method, url, body, params)
        if kind_of(answer.status_code) is Answer.UNAUTHORIZED and self._credentials:
            self._token = None
            answer = self._send(method, url, body, params)
        _raise_for_refusal(answer, f"{method} {url}")
        return dict(answer.json()) if answer.content else {}

    def _send(
        self, method: str, url: str, body: Mapping[str, Any] | None, params: Mapping[str, Any] | None
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if (token := self._bearer()) else {}
        request = self._http.build_request(method, url, json=body, params=params, headers=headers)
        return self._transmit(request)

    def _bearer(self) -> str | None:
        if self._credentials is None:
            return None
        if self._token is None or time.monotonic() >= self._token_ends - TOKEN_MARGIN_SECONDS:
            client_id, client_secret = self._credentials
            form = {
                "grant_type": "client_credentials",
                "client_id": client_id,
                "client_secret": client_secret,
            }
            answer = self._transmit(self._http.build_request("POST", self._token_url, data=form))
            _raise_for_refusal(answer, f"POST {self._token_url}")
            granted = answer.json()
            self._token = str(granted["access_token"])
            self._token_ends = time.monotonic() + float(granted.get("expires_in") or 180)
        return self._token

    def _transmit(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._http.send(request)
        except httpx.TransportError as error:
            raise AirbyteUnavailableError(
                f"Airbyte at {self.base_url} did not answer {request.method} {request.url.path}: "
                f"{type(error).__name__} {error}"
            ) from error


def _is_configuration(failures: Sequence[Mapping[str, Any]]) -> bool:
    """Whether Airbyte blames the configuration, and means it.

    The declarative CDK calls every stream's failure a config_error when it sums them up, a source that was
    down included (airbyte-cdk 7.39.1, concurrent_read_processor.py, `is_done`).
    """
    meant = [each for each in failures if _SUMMING_UP not in json.dumps(each)]
    return bool(meant) and all(each.get("failureType") == "config_error" for each in meant)


def _raise_for_refusal(answer: httpx.Response, what: str) -> None:
    kind = kind_of(answer.status_code)
    if kind is Answer.OK:
        return
    message = f"Airbyte answered {answer.status_code} to {what}: {_words(answer)}"
    if kind in (Answer.UNAUTHORIZED, Answer.FORBIDDEN):
        message += " (look at login and password of the Airflow connection)"
    raise _REFUSALS.get(kind, AirbyteRefusedError)(message)


def _words(answer: httpx.Response) -> str:
    """What the body says, on one line."""
    try:
        body = answer.json()
    except ValueError:
        body = answer.text
    if isinstance(body, dict):
        body = body.get("detail") or body.get("message") or body.get("title") or body
    return " ".join(str(body).split())[:500] or "no words"


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds(duration: str | None) -> float:
    """An ISO 8601 duration, as Airbyte writes it (`PT8M3S`)."""
    parsed = pendulum.parse(duration, exact=True) if duration else None
    return parsed.total_seconds() if isinstance(parsed, pendulum.Duration) else 0.0
