"""Signing in, what the answer holds, what a request that does not fit is told.

Dremio's own classes: UserLogin, UserLoginSession, VersionInfo, RestApiJsonMappingExceptionMapper of
dremio-oss 25.2.
"""

from typing import Any

import httpx
import pytest
from tests.support.engine_with_reflections import ReflectedEngine

# A client that reads the answer into a type of its own refuses any other field.
LOGIN_FIELDS = {
    "token", "userName", "firstName", "lastName", "expires", "email", "userId", "admin", "clusterId",
    "clusterCreatedAt", "version", "permissions", "userCreatedAt",
}  # fmt: skip
PERMISSIONS = {
    "canUploadProfiles", "canDownloadProfiles", "canEmailForSupport", "canChatForSupport", "canViewAllJobs",
    "canCreateUser", "canCreateRole", "canCreateSource", "canUploadFile", "canManageNodeActivity",
    "canManageEngines", "canManageQueues", "canManageEngineRouting", "canManageSupportSettings",
    "canConfigureSecurity", "canRunDiagnostic",
}  # fmt: skip


@pytest.fixture
def credentials(engine: ReflectedEngine) -> dict[str, Any]:
    settings = engine.services.settings
    return {"userName": settings.user, "password": settings.password}


def test_a_login_answers_with_the_fields_of_dremio_and_no_other(
    url: str, credentials: dict[str, Any]
) -> None:
    shown = httpx.post(f"{url}/apiv2/login", json=credentials).json()
    assert set(shown) == LOGIN_FIELDS
    assert set(shown["permissions"]) == PERMISSIONS
    assert shown["userCreatedAt"] > 1_700_000_000_000


@pytest.mark.parametrize(
    "change",
    [{"password": None}, {"userName": None}, {"password": ""}, {"userName": ""}, {"password": "wrong"}],
)
def test_a_missing_name_or_password_is_a_wrong_one(
    url: str, credentials: dict[str, Any], change: dict[str, Any]
) -> None:
    sent = {name: value for name, value in {**credentials, **change}.items() if value is not None}
    answer = httpx.post(f"{url}/apiv2/login", json=sent)
    assert answer.status_code == 401
    assert "Login failed" in answer.json()["errorMessage"]


def test_a_login_may_say_more_than_a_name_and_a_password(url: str, credentials: dict[str, Any]) -> None:
    answer = httpx.post(f"{url}/apiv2/login", json={**credentials, "noExpire": True})
    assert answer.status_code == 200
    assert set(answer.json()) == LOGIN_FIELDS


@pytest.mark.parametrize("scheme", ["_dremio", "Bearer ", "bearer ", "BEARER "])
def test_a_token_is_taken_in_every_spelling(rest: httpx.Client, url: str, scheme: str) -> None:
    token = rest.headers["Authorization"].removeprefix("_dremio")
    assert httpx.get(f"{url}/api/v3/catalog", headers={"Authorization": scheme + token}).status_code == 200


def test_info_shows_a_version_to_who_is_signed_in(rest: httpx.Client, url: str) -> None:
    shown = rest.get("/api/v3/info").json()
    assert set(shown) == {"version", "buildTime", "commit", "clusterType"}
    assert shown["version"].startswith("26.")
    assert set(shown["commit"]) == {"hash", "builder", "time"}
    assert httpx.get(f"{url}/api/v3/info").status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "place"),
    [
        ("/api/v3/sql", {"sql": 1}, "sql"),
        ("/api/v3/sql", {"sql": "select 1", "context": "space"}, "context"),
        ("/api/v3/sql", {"sql": "select 1", "context": ["space", 1]}, "context[1]"),
        ("/api/v3/catalog", {"entityType": "space", "name": 5}, "name"),
    ],
)
def test_a_value_that_does_not_fit_is_told_by_its_place(
    rest: httpx.Client, path: str, body: dict[str, Any], place: str
) -> None:
    answer = rest.post(path, json=body)
    assert answer.status_code == 400
    assert answer.json()["errorMessage"] == f"Invalid value found at: {place}"


def test_an_unknown_field_of_a_statement_is_left_out(rest: httpx.Client) -> None:
    assert rest.post("/api/v3/sql", json={"sql": "select 1 as a", "colour": [1]}).status_code == 200


def test_a_statement_may_name_an_engine_but_no_branch(rest: httpx.Client) -> None:
    assert rest.post("/api/v3/sql", json={"sql": "select 1 as a", "engineName": "any"}).status_code == 200
    references = {"catalog": {"type": "BRANCH", "value": "main"}}
    answer = rest.post("/api/v3/sql", json={"sql": "select 1 as a", "references": references})
    assert answer.status_code == 400
    assert "branches" in answer.json()["errorMessage"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v3/sql"),
        ("PUT", "/api/v3/sql"),
        ("PATCH", "/api/v3/catalog"),
        ("POST", "/api/v3/info"),
        ("PUT", "/apiv2/login"),
        ("POST", "/apiv2/source/gold"),
        ("DELETE", "/api/v3/catalog/any-id/collaboration/wiki"),
        ("PUT", "/api/v3/catalog/any-id/collaboration/tag"),
    ],
)
def test_a_wrong_method_is_405(rest: httpx.Client, method: str, path: str) -> None:
    answer = rest.request(method, path, json={})
    assert answer.status_code == 405
    assert answer.json()["errorMessage"] == "HTTP 405 Method Not Allowed"
