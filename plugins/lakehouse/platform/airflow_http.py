"""Calls to Airflow's REST API: signing in, asking again while it is away, and what a refusal means."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx

from lakehouse.platform.http_answers import Answer, kind_of

HTTP_TIMEOUT_SECONDS: Final = 30.0
PATIENCE_SECONDS: Final = 60.0
"""How long a call is repeated while Airflow does not answer: a busy API server, a restart."""
PAGE_SIZE: Final = 100
"""Airflow's own limit, `[api] maximum_page_limit`."""


class AirflowApiError(Exception):
    """Airflow did not answer, or refused; the message names the call and what was said."""


class AirflowApiMissingError(AirflowApiError):
    """Airflow has no such thing, or no longer."""


class AirflowApiConflictError(AirflowApiError):
    """Airflow has it already."""


class AirflowHttp:
    """One Airflow, signed in by name and password."""

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        transport: httpx.BaseTransport | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": user, "password": password}
        self._http = httpx.Client(base_url=self.url, timeout=HTTP_TIMEOUT_SECONDS, transport=transport)
        self._patience = patience_seconds
        self._token: str | None = None

    def listed(
        self, path: str, field: str, query: Mapping[str, Any] | None = None, at_most: int | None = None
    ) -> list[dict[str, Any]]:
        """The entries of a listing, page after page, no more than `at_most`."""
        return _pages(
            lambda offset, size: self.call(
                "GET", path, params={**(query or {}), "limit": size, "offset": offset}
            ),
            field,
            at_most,
        )

    def batched(
        self, path: str, field: str, body: Mapping[str, Any], at_most: int | None = None
    ) -> list[dict[str, Any]]:
        """As `listed`, from an endpoint that takes its query as a document (`POST .../list`)."""
        return _pages(
            lambda offset, size: self.call(
                "POST", path, repeatable=True, json={**body, "page_limit": size, "page_offset": offset}
            ),
            field,
            at_most,
        )

    def call(
        self, method: str, path: str, repeatable: bool | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """The answer to one call of the public API, `path` below `/api/v2/`.

        Args:
            method: the HTTP method.
            path: below `/api/v2/`; with a leading slash, below the server.
            repeatable: whether the call may be sent again after the connection broke halfway. By default any
                but POST: starting a run twice is worse than not knowing.
            **arguments: for httpx.

        Raises:
            AirflowApiMissingError, AirflowApiConflictError: Airflow answered 404, 409.
            AirflowApiError: Airflow does not answer, or refused otherwise.
        """
        again = method != "POST" if repeatable is None else repeatable
        until = time.monotonic() + self._patience
        while True:
            try:
                return self._once(method, path, **arguments)
            except httpx.TransportError as error:
                if not again and not isinstance(error, httpx.ConnectError):
                    raise AirflowApiError(
                        f"Airflow at {self.url} broke off {method} {path}: {error}"
                    ) from error
                if time.monotonic() >= until:
                    raise AirflowApiError(f"Airflow at {self.url} does not answer: {error}") from error
                time.sleep(1)

    def _once(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        answer = self._authorised(method, path, **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # the token has run out: a night may be long
            self._token = None
            answer = self._authorised(method, path, **arguments)
        _raise_for_refusal(answer)
        return dict(answer.json()) if answer.content else {}

    def _authorised(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        if self._token is None:
            granted = self._http.post("/auth/token", json=self._credentials)
            _raise_for_refusal(granted)
            self._token = str(granted.json()["access_token"])
        headers = {"Authorization": f"Bearer {self._token}"}
        whole = path if path.startswith("/") else f"/api/v2/{path}"
        return self._http.request(method, whole, headers=headers, **arguments)


def _pages(
    ask: Callable[[int, int], Mapping[str, Any]], field: str, at_most: int | None
) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while at_most is None or len(items) < at_most:
        size = PAGE_SIZE if at_most is None else min(PAGE_SIZE, at_most - len(items))
        page = ask(len(items), size)
        items += page[field]
        if not page[field] or len(items) >= page["total_entries"]:
            break
    return items


def _raise_for_refusal(answer: httpx.Response) -> None:
    if answer.status_code < 400:
        return
    words = " ".join(answer.text.split())[:400]
    told = (
        f"Airflow answered {answer.status_code} to {answer.request.method} {answer.request.url.path}: {words}"
    )
    match kind_of(answer.status_code):
        case Answer.NOT_FOUND:
            raise AirflowApiMissingError(told)
        case Answer.BUSY:
            raise AirflowApiConflictError(told)
        case _:
            raise AirflowApiError(told)
