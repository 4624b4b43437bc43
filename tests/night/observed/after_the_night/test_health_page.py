"""The page inside a real Airflow, after a night that failed once and was run again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.facts.nights import night
from testing.lakehouse.observed_night import ObservedNight
from testing.waiting import wait_until


@pytest.fixture(scope="module")
def airflow(observed_night: ObservedNight) -> Iterator[httpx.Client]:
    """Somebody who has not signed in."""
    address = observed_night.platform.addresses()["AIRFLOW_URL"]
    with httpx.Client(base_url=address, timeout=60, headers={"Accept": "text/html"}) as client:
        yield client


@pytest.fixture(scope="module")
def signed_in(observed_night: ObservedNight, airflow: httpx.Client) -> Iterator[httpx.Client]:
    """The platform's user, as a browser: with the session's cookie."""
    known = observed_night.platform.addresses()
    login = {"username": known["AIRFLOW_USER"], "password": known["AIRFLOW_PASSWORD"]}
    token = airflow.post("/auth/token", json=login).raise_for_status().json()["access_token"]
    with httpx.Client(base_url=airflow.base_url, timeout=60, cookies={"_token": token}) as client:
        yield client


def sections(client: httpx.Client, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/lakehouse/health.json", params=query).raise_for_status().json()
    return {name: each["data"] for name, each in found["sections"].items()}


def test_nobody_sees_the_page_without_signing_in(airflow: httpx.Client) -> None:
    page = airflow.get("/lakehouse/health")
    assert page.status_code == 303
    sign_in = airflow.get(page.headers["location"], follow_redirects=True)
    assert sign_in.status_code == 200
    assert sign_in.url.path == "/auth/login"
    assert sign_in.url.params["next"] == "/lakehouse/health"
    assert airflow.get("/lakehouse/health.json").status_code == 401
    assert airflow.post("/lakehouse/incidents/1/acknowledge").status_code == 401


def test_the_page_is_in_airflow_s_menu_and_whole(signed_in: httpx.Client) -> None:
    plugins = signed_in.get("/api/v2/plugins").raise_for_status().json()["plugins"]
    views = [view for plugin in plugins for view in plugin["external_views"] if view["url_route"] == "health"]
    assert [view["name"] for view in views] == ["Health"]
    page = signed_in.get(f"/{views[0]['href']}")
    assert page.status_code == 200
    assert 'class="problem"' not in page.text


def test_a_form_of_another_site_acknowledges_nothing(signed_in: httpx.Client) -> None:
    assert signed_in.post("/lakehouse/incidents/1/acknowledge").status_code == 403


def test_the_night_is_shown_as_its_receipt_has_it(
    signed_in: httpx.Client, observed_night: ObservedNight
) -> None:
    def is_shown() -> bool:
        return bool(sections(signed_in, date=observed_night.date)["tonight"]["state"] == "success")

    wait_until(is_shown, "the page shows that the night succeeded", 60)
    found = sections(signed_in, date=observed_night.date)
    receipt = night(observed_night.postgres, _date(observed_night))
    assert found["tonight"]["state"] == receipt["state"] == "success"
    shown = {row["name"]: row["seconds"] for row in found["tonight"]["chart"]["rows"]}
    told = {name: stage["seconds"] for name, stage in receipt["stages"].items()}
    assert shown == pytest.approx(told, abs=0.1)
    states = {each["connection"]: each["state"] for each in found["syncs"]}
    assert states == {stream.connection: "success" for stream in read_lineage().streams()}
    newest = next(each for each in found["nights"]["nights"] if each["business_date"] == observed_night.date)
    assert set(newest["published"]) == set(found["nights"]["tables"])
    boards = {board["title"]: board for board in found["dashboards"]["boards"]}
    assert boards.keys() == {board.title for board in read_lineage().dashboards()}
    assert all(board["hit_rate"] == 1.0 for board in boards.values())


def test_the_failed_run_is_an_incident_that_the_second_one_has_resolved(
    signed_in: httpx.Client, observed_night: ObservedNight
) -> None:
    shown = sections(signed_in)["incidents"]
    assert observed_night.date in {each["business_date"] for each in shown["resolved"]}
    assert observed_night.date not in {each["business_date"] for each in shown["open"]}


def test_buckets_and_the_day_s_queries_are_measured(signed_in: httpx.Client) -> None:
    def is_measured() -> bool:
        found = sections(signed_in)
        today = found["dashboards"]["today"]
        return bool(found["storage"]["buckets"] and today["queries"]["count"] and today["chart_queries"])

    wait_until(is_measured, "the observer has gathered", 180)
    found = sections(signed_in)
    assert all(bucket["bytes"] > 0 for bucket in found["storage"]["buckets"])
    assert not found["storage"]["is_stale"]


def _date(observed: ObservedNight) -> Any:
    from datetime import date

    return date.fromisoformat(observed.date)
