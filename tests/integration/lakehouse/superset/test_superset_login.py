"""The session: tokens expire, sessions get lost, passwords are wrong, Superset is away."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from lakehouse.superset.client import SupersetClient
from lakehouse.superset.errors import (
    SupersetLoginError,
    SupersetNotFoundError,
    SupersetRequestError,
    SupersetUnavailableError,
)

Connect = Callable[..., SupersetClient]
UNKNOWN_CHART = {"chart_id": 999_999}


def write(client: SupersetClient) -> None:
    """A call that needs token, CSRF token and cookie, and changes nothing."""
    client.post("cachekey/invalidate", {"datasource_uids": []})


def expired(token: str, secret_key: str) -> str:
    """The same token, as it will be when its minutes are over."""
    claims = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(claims | {"exp": int(time.time()) - 60}, secret_key, algorithm="HS256")


def test_an_expired_token_is_renewed_and_the_call_repeated(client: SupersetClient, secret_key: str) -> None:
    write(client)
    assert client._access_token
    old = client._access_token = expired(client._access_token, secret_key)
    write(client)
    assert client._access_token != old
    client._access_token = old
    assert "result" in client.get("dashboard/")


def test_when_the_refresh_token_is_expired_too_it_logs_in_again(
    client: SupersetClient, secret_key: str
) -> None:
    client.get("dashboard/")
    assert client._access_token
    assert client._refresh_token
    client._access_token = expired(client._access_token, secret_key)
    client._refresh_token = expired(client._refresh_token, secret_key)
    write(client)


@pytest.mark.parametrize("garbage", ["abc", "a.b.c"])
def test_an_unreadable_token_is_renewed(client: SupersetClient, garbage: str) -> None:
    """Answered with 422, which elsewhere means that the body is wrong."""
    client.get("dashboard/")
    client._access_token = garbage
    write(client)
    assert client._access_token != garbage


def test_a_token_that_expires_before_the_first_write_is_renewed(
    client: SupersetClient, secret_key: str
) -> None:
    """The CSRF token is fetched then, with the same expired token."""
    client.get("dashboard/")
    assert client._access_token
    client._access_token = expired(client._access_token, secret_key)
    write(client)


def test_a_lost_session_cookie_is_replaced(client: SupersetClient) -> None:
    write(client)
    client._session.cookies.clear()
    write(client)
    assert list(client._session.cookies)


def test_a_csrf_token_of_another_session_is_replaced(client: SupersetClient) -> None:
    write(client)
    client._csrf_token = "of another session"
    write(client)
    assert client._csrf_token != "of another session"


def test_a_form_upload_with_a_lost_session_is_repeated(client: SupersetClient) -> None:
    write(client)
    client._session.cookies.clear()
    with pytest.raises(SupersetRequestError, match="Not a ZIP file"):
        client.upload("assets/import/", {"bundle": ("assets.zip", b"no zip")}, {})


def test_a_wrong_password_names_the_user_and_not_the_password(connect: Connect) -> None:
    with (
        pytest.raises(SupersetLoginError, match="'admin'") as refused,
        connect(password="wrong-one") as client,
    ):
        client.get("dashboard/")
    assert "wrong-one" not in str(refused.value)


def test_a_superset_that_is_away_is_a_transient_error(connect: Connect) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with pytest.raises(SupersetUnavailableError, match=url), connect(base_url=url) as client:
            client.get("dashboard/")


def test_what_does_not_exist_is_named(client: SupersetClient) -> None:
    with pytest.raises(SupersetNotFoundError, match="404 to PUT chart/warm_up_cache: Chart not found"):
        client.put("chart/warm_up_cache", UNKNOWN_CHART)


def test_a_body_that_fails_validation_is_no_reason_to_log_in_again(client: SupersetClient) -> None:
    write(client)
    token = client._access_token
    with pytest.raises(SupersetRequestError, match="400 to PUT dashboard/"):
        client.put("dashboard/999999", {"no_such_field": 1})
    assert client._access_token == token


def test_supersets_own_clock_is_known_after_a_call(client: SupersetClient) -> None:
    assert client.server_time is None
    client.get("dashboard/")
    assert client.server_time is not None
    assert abs(datetime.now(UTC) - client.server_time) < timedelta(minutes=1)
