"""Calls to Airflow's REST API: signing in, asking again while it is away, and what a refusal means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_fixed

from lakehouse.platform.http_answers import Answer, kind_of

HTTP_TIMEOUT_SECONDS: Final = 30.0
PATIENCE_SECONDS: Final = 60.0
"""How long a call is repeated while Airflow or its database is away: a busy API server, a restart."""
PAUSE_SECONDS: Final = 1.0
"""Between two such calls."""
PAGE_SIZE: Final = 100
"""Airflow's own limit, `[api] maximum_page_limit`."""


class AirflowApiError(Exception):
    """Airflow did not answer, or refused; the message names the call and what was said."""


class AirflowApiMissingError(AirflowApiError):
    """Airflow has no such thing, or no longer."""


class AirflowApiConflictError(AirflowApiError):
    """Airflow has it already."""


class AirflowApiAwayError(AirflowApiError):
    """Airflow did not answer, or said that it cannot at present; the same call may succeed later."""

    def __init__(self, told: str, maybe_done: bool) -> None:
        super().__init__(told)
        self.maybe_done = maybe_done
        """Airflow may have done what it was asked for, and been unable to say so."""


class AirflowHttp:
    """One Airflow, signed in by name and password.

    Args:
        url: where it is.
        user: who signs in.
        password: theirs.
        transport: for tests.
        patience_seconds: how long a call is repeated while Airflow is away.
        on_wait: called before each pause of a call that is going to be repeated, with what Airflow said.
    """

    def __init__(
        self,
        url: str,
        user: str,
        password: str,
        transport: httpx.BaseTransport | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": user, "password": password}
        self._http = httpx.Client(base_url=self.url, timeout=HTTP_TIMEOUT_SECONDS, transport=transport)
        self._patience = patience_seconds
        self._on_wait = on_wait
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
            repeatable: whether the call may be sent again if Airflow may have done it already: the connection
                broke halfway, or the answer was 500 or the like. By default any but POST: starting a run
                twice is worse than not knowing.
            **arguments: for httpx.

        Raises:
            AirflowApiMissingError, AirflowApiConflictError: Airflow answered 404, 409.
            AirflowApiAwayError: Airflow does not answer, or answers 5xx, 408 or 429.
            AirflowApiError: Airflow refused otherwise.
        """
        again = method != "POST" if repeatable is None else repeatable
        calls = Retrying(
            retry=retry_if_exception(
                lambda error: isinstance(error, AirflowApiAwayError) and (again or not error.maybe_done)
            ),
            wait=wait_fixed(PAUSE_SECONDS),
            stop=stop_after_delay(self._patience),
            before_sleep=self._tell,
            reraise=True,
        )
        answer: dict[str, Any] = calls(self._once, method, path, **arguments)
        return answer

    def _tell(self, state: RetryCallState) -> None:
        if self._on_wait is not None and state.outcome is not None:
            self._on_wait(str(state.outcome.exception()))

    def _once(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        answer = self._authorised(method, path, **arguments)
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # the token has run out: a night may be long
            self._token = None
            answer = self._authorised(method, path, **arguments)
        _raise_for_refusal(answer)
        return dict(answer.json()) if answer.content else {}

    def _authorised(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        if self._token is None:
            granted = self._sent("POST", "/auth/token", json=self._credentials)
            try:
                _raise_for_refusal(granted)
            except AirflowApiAwayError as error:
                raise AirflowApiAwayError(str(error), maybe_done=False) from error
            self._token = str(granted.json()["access_token"])
        headers = {"Authorization": f"Bearer {self._token}"}
        whole = path if path.startswith("/") else f"/api/v2/{path}"
        return self._sent(method, whole, headers=headers, **arguments)

    def _sent(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **arguments)
        except httpx.ConnectError as error:
            raise AirflowApiAwayError(
                f"Airflow at {self.url} does not answer: {error}", maybe_done=False
            ) from error
        except httpx.TransportError as error:
            raise AirflowApiAwayError(
                f"Airflow at {self.url} broke off {method} {path}: {error}", maybe_done=True
            ) from error


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
        case Answer.AWAY:
            turned_away = answer.status_code == httpx.codes.TOO_MANY_REQUESTS
            raise AirflowApiAwayError(told, maybe_done=not turned_away)
        case _:
            raise AirflowApiError(told)
