"""With a year of nights the page is right, and whole but for what is broken."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.facts.nights import night
from tests.observe.health_page.conftest import NOW, TONIGHT, OwnSchema

TABLES_OF_SECTION = {
    "incidents": "incidents",
    "tonight": "night_receipts",
    "age": "night_receipts",
    "syncs": "night_receipts",
    "dashboards": "night_receipts",
    "storage": "bronze_loads",
    "stream": "stream_loops",
    "nights": "night_receipts",
}


def sections(site: TestClient, **query: str) -> dict[str, Any]:
    answer = site.get("/lakehouse/health.json", params=query)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()["sections"]
    return found


def test_no_section_misses_anything(site: TestClient) -> None:
    found = sections(site)
    assert found.keys() == TABLES_OF_SECTION.keys()
    assert {each["problem"] for each in found.values()} == {None}


def test_the_page_shows_the_night_that_runs_as_its_receipt_has_it(site: TestClient, year: OwnSchema) -> None:
    shown = sections(site)["tonight"]["data"]
    receipt = night(year, TONIGHT)
    assert shown["state"] == "running"
    for row in shown["chart"]["rows"]:
        stage = receipt["stages"][row["name"]]
        assert shown["figures"][row["name"]]["rows"] == stage.get("rows_out", 0)
        assert row["started_at"] == stage.get("started_at")
    assert shown["estimate"]["earliest"] <= shown["estimate"]["likely"] <= shown["estimate"]["latest"]
    assert shown["estimate"]["earliest"] >= NOW.isoformat()


def test_an_older_night_is_shown_when_it_is_asked_for(site: TestClient) -> None:
    day = TONIGHT - timedelta(days=200)
    answer = site.get("/lakehouse/health.json", params={"date": day.isoformat()}).json()
    assert answer["business_date"] == day.isoformat()
    found = answer["sections"]
    assert found["tonight"]["data"]["state"] == "success"
    listed = [each["business_date"] for each in found["nights"]["data"]["nights"]]
    assert listed[0] == day.isoformat()
    assert len(listed) == 14
    assert {each["business_date"] for each in found["syncs"]["data"]} == {day.isoformat()}


def test_a_night_that_failed_names_its_error_once_and_escaped(site: TestClient) -> None:
    page = site.get("/lakehouse/health", params={"date": (TONIGHT - timedelta(days=3)).isoformat()}).text
    assert page.count("&lt;b&gt;3 rows&lt;/b&gt;") == 1
    assert "<b>3 rows" not in page


def test_every_gold_table_has_an_age_and_every_connection_a_sync(site: TestClient) -> None:
    found = sections(site)
    lineage = read_lineage()
    assert [each["table"] for each in found["age"]["data"]["tables"]] == list(lineage.gold_tables())
    assert {each["state"] for each in found["age"]["data"]["tables"]} == {"success"}
    connections = {each["connection"]: each["state"] for each in found["syncs"]["data"]}
    assert connections == {stream.connection: "success" for stream in lineage.streams()}


def test_open_and_resolved_incidents_are_apart(site: TestClient) -> None:
    shown = sections(site)["incidents"]["data"]
    assert [each["root"] for each in shown["open"]] == ["test_data_quality"]
    assert [(each["root"], each["fixed_by"]) for each in shown["resolved"]] == [("load_bronze", "a new run")]


def test_acknowledging_is_seen_by_the_next_reader(site: TestClient, year: OwnSchema) -> None:
    page = site.get("/lakehouse/health").text
    action = re.search(r'action="(incidents/\d+/acknowledge)"', page)
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert action is not None
    assert token is not None
    before = site.get("/lakehouse/health.json").json()["digests"]
    answer = site.post(f"/lakehouse/{action[1]}", data={"form_token": token[1]})
    assert answer.status_code == 303
    after = site.get("/lakehouse/health.json").json()
    assert after["sections"]["incidents"]["data"]["open"][0]["acknowledged_by"] == "Ada"
    changed = {name for name in before if before[name] != after["digests"][name]}
    assert changed == {"incidents"}
    with closing(year.get_conn()) as connection:
        connection.execute("update incidents set acknowledged_at = null, acknowledged_by = null")
        connection.commit()


@contextmanager
def renamed(year: OwnSchema, table: str) -> Iterator[None]:
    """The table is missing for a while."""
    with closing(year.get_conn()) as connection:
        connection.execute(f"alter table {table} rename to lost")
        connection.commit()
        try:
            yield
        finally:
            connection.execute(f"alter table lost rename to {table}")
            connection.commit()


@contextmanager
def locked(year: OwnSchema, table: str) -> Iterator[None]:
    """Nobody can read the table for a while."""
    with closing(year.get_conn()) as connection:
        connection.execute(f"lock table {table} in access exclusive mode")
        yield
        connection.rollback()


@pytest.mark.parametrize("table", ["incidents", "bronze_loads", "night_receipts", "stream_loops"])
def test_a_missing_table_costs_its_own_sections_only(site: TestClient, year: OwnSchema, table: str) -> None:
    with renamed(year, table):
        found = sections(site)
        page = site.get("/lakehouse/health")
    missing = {name for name, own in TABLES_OF_SECTION.items() if own == table}
    assert {name for name, each in found.items() if each["problem"]} == missing
    assert all("provision_platform" in found[name]["problem"] for name in missing)
    assert page.status_code == 200


@pytest.mark.parametrize("table", ["stream_tracing", "serving_edge", "seam_checks"])
def test_what_the_stream_lacks_is_named_and_the_rest_of_it_is_shown(
    site: TestClient, year: OwnSchema, table: str
) -> None:
    with renamed(year, table):
        found = sections(site)
    assert {each["problem"] for each in found.values()} == {None}
    [missing] = found["stream"]["data"]["not_read"]
    assert missing in ("lag", "edge", "seam")
    assert found["stream"]["data"]["word"] == "never started"


@pytest.mark.parametrize("table", ["night_eta", "metric_days", "metric_sources"])
def test_what_only_adds_to_a_section_takes_nothing_from_it(
    site: TestClient, year: OwnSchema, table: str
) -> None:
    with renamed(year, table):
        found = sections(site)
    assert {each["problem"] for each in found.values()} == {None}
    assert found["tonight"]["data"]["chart"]["rows"]
    assert found["storage"]["data"]["bronze"]["bytes"] > 0


def test_a_table_that_cannot_be_read_costs_its_section_and_less_than_a_second(
    site: TestClient, year: OwnSchema
) -> None:
    with locked(year, "incidents"):
        found = sections(site)
    assert "longer than" in found["incidents"]["problem"]
    assert {name for name, each in found.items() if each["problem"]} == {"incidents"}


def test_readers_at_the_same_time_all_get_the_page(site: TestClient) -> None:
    problems: list[Any] = []

    def look() -> None:
        problems.extend(each["problem"] for each in sections(site).values())

    threads = [threading.Thread(target=look) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert problems == [None] * 4 * len(TABLES_OF_SECTION)


def test_reading_the_page_writes_nothing(year: OwnSchema) -> None:
    from psycopg.errors import ReadOnlySqlTransaction

    from lakehouse.observe.health_page.connection import OneConnection

    connection = OneConnection(year)
    with connection.get_conn() as lent, lent.cursor() as cursor, pytest.raises(ReadOnlySqlTransaction):
        cursor.execute("delete from night_receipts")
    connection.close()
