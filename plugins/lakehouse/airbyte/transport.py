"""HTTP to one Airbyte server: its tokens, and its refusals as errors that tell what to do."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin

import httpx

from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteNotFoundError,
    AirbyteRefusedError,
    AirbyteUnavailableError,
)
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.http_answers import Answer, kind_of

TOKEN_MARGIN_SECONDS: Final = 30
"""A token is renewed this long before it ends. Airbyte's live for three minutes."""
_REFUSALS: Final[Mapping[Answer, type[LakehouseError]]] = {
    Answer.AWAY: AirbyteUnavailableError,
    Answer.BUSY: AirbyteBusyError,
    Answer.NOT_FOUND: AirbyteNotFoundError,
}
"""The error of each kind of answer; of the others AirbyteRefusedError."""


class AirbyteTransport:
    """Requests of one client. Every call raises AirbyteUnavailableError, AirbyteRefusedError or a subclass.

    Args:
        base_url: of the public API; tokens are granted by the same server.
        credentials: client id and secret; None for a server that asks for none.
        token_path: where tokens are granted, below `base_url`.
        timeout_seconds: of one request.
        transport: instead of the network, for tests.
    """

    def __init__(
        self,
        base_url: str,
        credentials: tuple[str, str] | None,
        token_path: str,
        timeout_seconds: float,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._base_url = base_url
        self._credentials = credentials
        self._token_url = urljoin(base_url, token_path)
        self._http = httpx.Client(timeout=timeout_seconds, transport=transport, follow_redirects=True)
        self._token: str | None = None
        self._token_ends = 0.0

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()

    def request(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The JSON of an answer; {} for an empty one. A token that was refused is renewed once."""
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
                f"Airbyte at {self._base_url} did not answer {request.method} {request.url.path}: "
                f"{type(error).__name__} {error}"
            ) from error


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
