"""HTTP to one Dremio coordinator: its login, and its refusals as errors that tell what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import requests

from lakehouse.dremio.errors import (
    DremioConflictError,
    DremioError,
    DremioNotFoundError,
    DremioRefusedError,
    DremioUnavailableError,
)
from lakehouse.platform.http_answers import Answer, kind_of
from lakehouse.platform.names import DREMIO_CONNECTION

CONNECT_SECONDS: Final = 5.0
ANSWER_SECONDS: Final = 60.0
_REFUSALS: Final[Mapping[Answer, type[DremioError]]] = {
    Answer.AWAY: DremioUnavailableError,
    Answer.BUSY: DremioConflictError,
    Answer.NOT_FOUND: DremioNotFoundError,
}
"""The error of each kind of answer; of the others DremioRefusedError."""

Json = dict[str, Any]


class DremioTransport:
    """Requests of one login. Safe to share between threads for single calls.

    Every call raises DremioRefusedError, DremioNotFoundError, DremioConflictError or DremioUnavailableError.
    """

    def __init__(self, base_url: str, user: str, password: str, session: requests.Session) -> None:
        self._base_url = base_url
        self._user = user
        self._password = password
        self._session = session
        self._token: str | None = None

    def close(self) -> None:
        """Give back the connections; a later call opens new ones."""
        self._session.close()

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Json:
        """The JSON of an answer; {} for an empty one."""
        answer = self.send(method, path, body)
        if not answer.content:
            return {}
        try:
            parsed: Json = answer.json()
        except requests.JSONDecodeError as error:
            raise DremioUnavailableError(f"{method} {path}: Dremio's answer is not JSON") from error
        return parsed

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        """The answer itself. A token that was refused is renewed once."""
        answer = self._request(
            method, path, body, {"Authorization": f"_dremio{self._token or self._login()}"}
        )
        if (
            kind_of(answer.status_code) is Answer.UNAUTHORIZED
        ):  # the token has expired, or the coordinator has restarted
            answer = self._request(method, path, body, {"Authorization": f"_dremio{self._login()}"})
        return _checked(answer, f"{method} {path}")

    def _login(self) -> str:
        credentials = {"userName": self._user, "password": self._password}
        answer = self._request("POST", "/apiv2/login", credentials, {})
        if kind_of(answer.status_code) in (Answer.UNAUTHORIZED, Answer.FORBIDDEN):
            raise DremioRefusedError(
                f"Dremio at {self._base_url} refuses the login of {self._user}: "
                f"check connection {DREMIO_CONNECTION}"
            )
        token = str(_checked(answer, "POST /apiv2/login").json()["token"])
        self._token = token
        return token

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]
    ) -> requests.Response:
        try:
            return self._session.request(
                method,
                self._base_url + path,
                json=body,
                headers=dict(headers),
                timeout=(CONNECT_SECONDS, ANSWER_SECONDS),
            )
        except requests.RequestException as error:
            raise DremioUnavailableError(f"{method} {path}: Dremio at {self._base_url}: {error}") from error


def _checked(answer: requests.Response, request: str) -> requests.Response:
    kind = kind_of(answer.status_code)
    if kind is Answer.OK:
        return answer
    message = f"{request}: Dremio answered {answer.status_code}: {_message(answer)}"
    raise _REFUSALS.get(kind, DremioRefusedError)(message)


def _message(answer: requests.Response) -> str:
    """Dremio's own words: `errorMessage`, with `moreInfo` where it says more."""
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        return answer.text[:500]
    if not isinstance(body, dict):
        return str(body)[:500]
    words = [str(body[name]) for name in ("errorMessage", "moreInfo") if body.get(name)]
    return "; ".join(words) or str(body)[:500]
