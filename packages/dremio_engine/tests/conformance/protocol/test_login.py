"""Who may call, and what a refusal looks like. docs.dremio.com/current/reference/api: Authentication."""

import httpx
import pytest
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client

REFUSED = "User authentication is required"


def test_a_login_gives_a_token_that_ends(dremio: Target) -> None:
    body = {"userName": dremio.user, "password": dremio.password}
    answer = httpx.post(f"{dremio.url}/apiv2/login", json=body, timeout=60)
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["token"]
    assert shown["userName"] == dremio.user
    assert shown["expires"] > 1_700_000_000_000  # milliseconds


@pytest.mark.parametrize("password", ["wrong", ""])
def test_a_wrong_password_is_401_with_a_message(dremio: Target, password: str) -> None:
    body = {"userName": dremio.user, "password": password}
    answer = httpx.post(f"{dremio.url}/apiv2/login", json=body, timeout=60)
    assert answer.status_code == 401
    assert "Login failed" in answer.json()["errorMessage"]


def test_an_unknown_user_is_told_no_more_than_a_wrong_password(dremio: Target) -> None:
    answers = [
        httpx.post(f"{dremio.url}/apiv2/login", json={"userName": user, "password": "wrong"}, timeout=60)
        for user in (dremio.user, "nobody_of_this_name")
    ]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json()["errorMessage"] == answers[1].json()["errorMessage"]


@pytest.mark.parametrize("scheme", ["_dremio", "Bearer "])
def test_a_token_works_in_both_spellings(dremio: Target, client: Client, scheme: str) -> None:
    token = client.http.headers["Authorization"].removeprefix("_dremio")
    answer = httpx.get(f"{dremio.url}/api/v3/catalog", headers={"Authorization": scheme + token}, timeout=60)
    assert answer.status_code == 200


@pytest.mark.parametrize("header", [None, "_dremionothing", "Bearer nothing", "Basic YTpi"])
@pytest.mark.parametrize("call", ["/api/v3/catalog", "/api/v3/job/no-such-job", "/api/v3/reflection/none"])
def test_without_a_valid_token_every_call_is_401(dremio: Target, header: str | None, call: str) -> None:
    headers = {"Authorization": header} if header else {}
    assert httpx.get(dremio.url + call, headers=headers, timeout=60).status_code == 401


def test_without_a_token_no_statement_runs(dremio: Target, client: Client) -> None:
    name = dremio.table("never_made")
    answer = httpx.post(f"{dremio.url}/api/v3/sql", json={"sql": f"create table {name} as select 1 as a"})
    assert answer.status_code == 401
    path = f"{dremio.source}/{dremio.run}/never_made"
    assert client.http.get(f"/api/v3/catalog/by-path/{path}").status_code == 404


def test_info_shows_the_version_to_who_is_signed_in(dremio: Target, client: Client) -> None:
    answer = client.http.get("/api/v3/info")
    assert answer.status_code == 200
    assert answer.json()["version"]
    assert httpx.get(f"{dremio.url}/api/v3/info", timeout=60).status_code == 401
