"""The page is behind Airflow's own sign-in and permissions: nothing that a plugin mounts is by itself."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.unit.lakehouse.observe.health_page.conftest import ROLES, sign_in, token_of

PAGE = "/lakehouse/health"
DATA = "/lakehouse/health.json"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_browser_without_a_session_is_sent_to_airflows_sign_in_and_back(site: TestClient) -> None:
    answer = site.get(PAGE, params={"date": "2025-10-16"})
    assert answer.status_code == 303
    back = "%2Flakehouse%2Fhealth%3Fdate%3D2025-10-16"
    assert answer.headers["location"] == f"/api/v2/auth/login?next={back}"


def test_a_program_without_a_token_is_refused(site: TestClient) -> None:
    answer = site.get(DATA)
    assert answer.status_code == 401
    assert answer.json() == {"detail": "Not authenticated"}


@pytest.mark.parametrize("path", [PAGE, DATA])
def test_a_wrong_token_is_refused(site: TestClient, path: str) -> None:
    assert site.get(path, headers=bearer(token_of("admin") + "x")).status_code == 403


def test_a_browser_with_a_session_that_is_no_longer_valid_signs_in_again(site: TestClient) -> None:
    site.cookies.set("_token", "what.is.this", domain="airflow.test")
    assert site.get(PAGE).status_code == 303


@pytest.mark.parametrize("path", [PAGE, DATA])
def test_a_user_who_may_not_see_runs_may_not_see_the_page(site: TestClient, path: str) -> None:
    answer = sign_in(site, None).get(path)
    assert answer.status_code == 403
    assert "may not see" in answer.text


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("path", [PAGE, DATA])
def test_whoever_may_see_runs_sees_the_page_by_session_or_by_token(
    site: TestClient, role: str, path: str
) -> None:
    assert site.get(path, headers=bearer(token_of(role))).status_code == 200
    assert sign_in(site, role).get(path).status_code == 200


def test_the_documentation_of_the_application_is_not_served(site: TestClient) -> None:
    sign_in(site, "admin")
    for path in ("/lakehouse/docs", "/lakehouse/openapi.json", "/lakehouse/redoc"):
        assert site.get(path).status_code == 404


def test_the_page_lets_in_nothing_from_elsewhere(site: TestClient) -> None:
    answer = sign_in(site, "viewer").get(PAGE)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe-inline" not in policy
    assert answer.headers["cache-control"] == "no-store"
    # Nothing that this policy would block.
    for inline in ("<style", " style=", "<script>", " onclick="):
        assert inline not in answer.text
    assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in answer.text


@pytest.mark.parametrize("name", ["health.css", "health.js", "icon.svg", "icon-dark.svg"])
def test_static_files_are_served_and_kept(site: TestClient, name: str) -> None:
    answer = site.get(f"/lakehouse/static/{name}")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["cache-control"]
    assert site.get("/lakehouse/static/../app.py").status_code == 404


@pytest.mark.parametrize("wrong", ["yesterday", "2025-13-01", "2999-01-01", "<script>alert(1)</script>"])
def test_what_is_not_a_business_date_is_refused_and_escaped(site: TestClient, wrong: str) -> None:
    sign_in(site, "viewer")
    page = site.get(PAGE, params={"date": wrong}, headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert "<script>" not in page.text
    assert site.get(DATA, params={"date": wrong}).status_code == 400
