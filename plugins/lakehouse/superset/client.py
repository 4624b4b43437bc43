"""Superset's REST API over HTTP: one login, one session, and errors that say what to do.

A write needs three things of the same session: the access token, the CSRF token and the session cookie that
came with it. Access tokens live for minutes (15 by default), so any call may meet an expired one: it is
renewed with the refresh token, or by a new login, and the call is repeated once.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final

import requests

from lakehouse.platform.http_answers import Answer, kind_of
from lakehouse.superset.errors import (
    SupersetLoginError,
    SupersetNotFoundError,
    SupersetRequestError,
    SupersetUnavailableError,
)

CONNECT_SECONDS: Final = 5
CALL_SECONDS: Final = 120.0
"""A cold chart is a query on the lake."""
_SHOWN_CHARACTERS: Final = 500


class SupersetClient:
    """Calls of one user to one Superset, from any number of threads.

    Args:
        base_url: such as ``http://127.0.0.1:8088``.
        username: a user of Superset's own database (``provider: db``).
        timeout: seconds a call may take.
    """

    def __init__(self, base_url: str, username: str, password: str, *, timeout: float = CALL_SECONDS) -> None:
        self.base_url = base_url.rstrip("/")
        self._username = username
        self._password = password
        self._timeout = (CONNECT_SECONDS, timeout)
        self._session = requests.Session()
        self._renewing = threading.RLock()
        """Held while tokens are asked for: what several threads miss at once is asked for once."""
        # Without it an error is an HTML page with code 500.
        self._session.headers["Accept"] = "application/json"
        self._session.headers["Referer"] = self.base_url
        self._access_token: str | None = None
        self._refresh_token: str | None = None
        self._csrf_token: str | None = None
        self.server_time: datetime | None = None
        """Superset's own clock at its last answer (UTC, whole seconds): the clock its caches are dated by."""

    def __enter__(self) -> SupersetClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back the connections; a later call opens new ones."""
        self._session.close()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON body of ``GET /api/v1/<path>``. Raises the errors of `errors.py`."""
        return self._call("GET", path, params=params)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON body of ``POST /api/v1/<path>`` ({} when empty). Raises the errors of `errors.py`."""
        return self._call("POST", path, json=body)

    def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON body of ``PUT /api/v1/<path>``. Raises the errors of `errors.py`."""
        return self._call("PUT", path, json=body)

    def upload(
        self, path: str, files: Mapping[str, tuple[str, bytes]], form: Mapping[str, str]
    ) -> dict[str, Any]:
        """The JSON body of a multipart ``POST /api/v1/<path>``. Raises the errors of `errors.py`."""
        return self._call("POST", path, files=files, data=form)

    def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        with self._renewing:
            if self._access_token is None:
                self._log_in()
            access_token, csrf_token = self._access_token, self._csrf_token
        response = self._send(method, path, **request)
        if _token_refused(response):
            self._renew_access_token(access_token)
            response = self._send(method, path, **request)
        elif _csrf_refused(response):
            with self._renewing:
                if self._csrf_token == csrf_token:
                    self._csrf_token = None
            response = self._send(method, path, **request)
        return _body(method, path, response)

    def _send(self, method: str, path: str, **request: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._access_token}"}
        if method != "GET":
            headers["X-CSRFToken"] = self._csrf()
        return self._transmit(method, path, headers=headers, **request)

    def _transmit(self, method: str, path: str, **request: Any) -> requests.Response:
        try:
            response = self._session.request(
                method,
                f"{self.base_url}/api/v1/{path}",
                timeout=self._timeout,
                # Where a session is refused, Superset may redirect to its login page, which answers 200.
                allow_redirects=False,
                **request,
            )
        except (requests.ConnectionError, requests.Timeout) as error:
            raise SupersetUnavailableError(
                f"Superset at {self.base_url} did not answer {method} {path}: {error}"
            ) from error
        if date := response.headers.get("Date"):
            self.server_time = parsedate_to_datetime(date).astimezone(UTC)
        return response

    def _log_in(self) -> None:
        credentials = {
            "username": self._username,
            "password": self._password,
            "provider": "db",
            "refresh": True,
        }
        response = self._transmit("POST", "security/login", json=credentials)
        if kind_of(response.status_code) is Answer.UNAUTHORIZED:
            raise SupersetLoginError(
                f"Superset at {self.base_url} refuses the login of {self._username!r}: "
                "check login and password of the Airflow connection"
            )
        tokens = _body("POST", "security/login", response)
        self._access_token = tokens["access_token"]
        self._refresh_token = tokens["refresh_token"]

    def _renew_access_token(self, refused: str | None) -> None:
        with self._renewing:
            if self._access_token != refused:  # another thread has renewed it
                return
            headers = {"Authorization": f"Bearer {self._refresh_token}"}
            response = self._transmit("POST", "security/refresh", headers=headers)
            if response.ok:
                self._access_token = response.json()["access_token"]
            else:
                self._log_in()

    def _csrf(self) -> str:
        """The session's CSRF token; fetching it also sets the cookie it belongs to."""
        with self._renewing:
            if self._csrf_token is None:
                headers = {"Authorization": f"Bearer {self._access_token}"}
                response = self._transmit("GET", "security/csrf_token/", headers=headers)
                if _token_refused(response):
                    self._renew_access_token(self._access_token)
                    headers = {"Authorization": f"Bearer {self._access_token}"}
                    response = self._transmit("GET", "security/csrf_token/", headers=headers)
                self._csrf_token = _body("GET", "security/csrf_token/", response)["result"]
            return self._csrf_token


def _token_refused(response: requests.Response) -> bool:
    """True for an expired (401) or unreadable (422) token.

    Superset's own 422 (a body that fails validation) says ``message``; flask-jwt-extended says ``msg``.
    """
    if kind_of(response.status_code) is Answer.UNAUTHORIZED:
        return True
    return response.status_code == HTTPStatus.UNPROCESSABLE_ENTITY and '"msg"' in response.text


def _csrf_refused(response: requests.Response) -> bool:
    """True for a CSRF token that is missing, foreign or too old (to a form upload: a redirect)."""
    if response.is_redirect:
        return "/login" in response.headers["Location"]
    return response.status_code == HTTPStatus.BAD_REQUEST and "CSRF" in response.text


def _body(method: str, path: str, response: requests.Response) -> dict[str, Any]:
    status = response.status_code
    if response.ok and not response.is_redirect:
        return response.json() if response.content else {}
    said = f"Superset answers {status} to {method} {path}: {error_text(response)}"
    match kind_of(status):
        case Answer.AWAY:
            raise SupersetUnavailableError(said, status)
        case Answer.UNAUTHORIZED:
            raise SupersetLoginError(said)
        case Answer.NOT_FOUND:
            raise SupersetNotFoundError(said, status)
        case _:
            raise SupersetRequestError(said, status)


def error_text(response: requests.Response) -> str:
    """The words of an error answer, in whichever of Superset's shapes they come, cut to a readable length."""
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return response.text[:_SHOWN_CHARACTERS] or "(no text)"
    if isinstance(body, dict):
        if errors := body.get("errors"):
            return "; ".join(_one_error(each) for each in errors)[:_SHOWN_CHARACTERS]
        body = body.get("message") or body.get("msg") or body
    return str(body)[:_SHOWN_CHARACTERS]


def _one_error(error: Any) -> str:
    """One entry of ``errors``: its message and, for an import, which file of the bundle is wrong and why."""
    if not isinstance(error, dict):
        return str(error)
    extra = {key: value for key, value in (error.get("extra") or {}).items() if key != "issue_codes"}
    message = str(error.get("message", error))
    return f"{message} {extra}" if extra else message
