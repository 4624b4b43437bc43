"""Only a person who may change runs acknowledges an incident, and only from the page itself."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from lakehouse.observe.health_page import access, app
from lakehouse.observe.incidents.reading import UnknownIncidentError
from tests.unit.lakehouse.observe.health_page.conftest import ROLES, sign_in, token_of, user_of

ACKNOWLEDGE = "/lakehouse/incidents/7/acknowledge"


@pytest.fixture
def acknowledged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Incidents and users, in place of their record."""
    told: list[tuple[int, str]] = []

    def acknowledge(_: object, incident_id: int, user: str) -> None:
        if incident_id != 7:
            raise UnknownIncidentError(f"there is no incident {incident_id}")
        told.append((incident_id, user))

    monkeypatch.setattr(app, "acknowledge", acknowledge)
    return told


def form(role: str) -> dict[str, str]:
    return {"form_token": access.form_token(user_of(role))}


@pytest.mark.parametrize("role", [None, *ROLES])
def test_who_may_change_runs_may_acknowledge(
    site: TestClient, acknowledged: list[tuple[int, str]], role: str | None
) -> None:
    may = role not in (None, "viewer")
    answer = sign_in(site, role).post(ACKNOWLEDGE, data=form(role or "nobody"))
    assert answer.status_code == (303 if may else 403)
    assert acknowledged == ([(7, role)] if may else [])


def test_nobody_acknowledges_without_signing_in(
    site: TestClient, acknowledged: list[tuple[int, str]]
) -> None:
    assert site.post(ACKNOWLEDGE, data=form("admin")).status_code == 401
    assert acknowledged == []


@pytest.mark.parametrize("token", [None, "", "forged", "user"])
def test_a_request_that_another_site_makes_the_browser_send_changes_nothing(
    site: TestClient, acknowledged: list[tuple[int, str]], token: str | None
) -> None:
    """It has the session's cookie, and no token, a wrong one, or the one of another user's page."""
    sign_in(site, "admin")
    data = {} if token is None else form(token) if token == "user" else {"form_token": token}
    answer = site.post(ACKNOWLEDGE, data=data, headers={"Origin": "http://neighbour.airflow.test"})
    assert answer.status_code == 403
    assert "reload the page" in answer.text
    assert acknowledged == []


def test_a_form_that_lay_open_too_long_is_refused(
    site: TestClient, acknowledged: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = form("admin")
    monkeypatch.setattr(access, "FORM_HOURS", -1)
    assert sign_in(site, "admin").post(ACKNOWLEDGE, data=data).status_code == 403
    assert acknowledged == []


def test_the_page_s_own_form_is_accepted_and_leads_back(
    site: TestClient, acknowledged: list[tuple[int, str]]
) -> None:
    sign_in(site, "op")
    data = form("op") | {"date": "2025-10-16"}
    answer = site.post(ACKNOWLEDGE, data=data)
    assert answer.headers["location"] == "../../health?date=2025-10-16#incidents"
    assert acknowledged == [(7, "op")]


def test_where_it_leads_back_to_cannot_be_chosen(
    site: TestClient, acknowledged: list[tuple[int, str]]
) -> None:
    data = form("op") | {"date": "//evil.example"}
    assert sign_in(site, "op").post(ACKNOWLEDGE, data=data).status_code == 400
    assert acknowledged == []


def test_a_program_acknowledges_with_its_token_alone(
    site: TestClient, acknowledged: list[tuple[int, str]]
) -> None:
    """No other site can make a browser send that."""
    headers = {"Authorization": f"Bearer {token_of('user')}"}
    assert site.post(ACKNOWLEDGE, headers=headers).status_code == 303
    assert acknowledged == [(7, "user")]


def test_an_incident_that_is_not_there_is_not_found(
    site: TestClient, acknowledged: list[tuple[int, str]]
) -> None:
    sign_in(site, "admin")
    assert site.post("/lakehouse/incidents/8/acknowledge", data=form("admin")).status_code == 404
    assert site.post("/lakehouse/incidents/x/acknowledge", data=form("admin")).status_code == 422
    assert acknowledged == []


def test_acknowledging_while_postgresql_is_away_answers_503(site: TestClient) -> None:
    answer = sign_in(site, "admin").post(ACKNOWLEDGE, data=form("admin"))
    assert answer.status_code == 503
    assert "PostgreSQL is away" in answer.text


def test_a_look_changes_nothing(site: TestClient, acknowledged: list[tuple[int, str]]) -> None:
    assert sign_in(site, "admin").get(ACKNOWLEDGE).status_code == 405
    assert acknowledged == []
