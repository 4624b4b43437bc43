"""The page behind Airflow's real sign-in, on a real PostgreSQL that holds a year of nights.

The tables are in a schema of their own: other tests of the suite look at what is newest, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from lakehouse.observe.eta.estimate import refresh
from lakehouse.observe.health_page import access
from lakehouse.observe.health_page.app import health_app
from lakehouse.observe.incidents.finding import Finding, Severity
from lakehouse.observe.incidents.record import resolve, tell
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction
from lakehouse.platform.metadata_tables import create_metadata_tables
from testing.lakehouse.planted_nights import PlantedNight, a_year, plant

TONIGHT = date(2026, 11, 29)
NOW = datetime(2026, 11, 29, 3, 21, tzinfo=UTC)
SCHEMA = "health_page_tests"
BUSY_SECONDS = 60.0
"""These tests look at what the page shows, on a machine that may do much beside."""


class OwnSchema:
    """Connections to the suite's PostgreSQL that see the tables of these tests only."""

    def __init__(self, postgres: DirectPostgres) -> None:
        self._postgres = postgres

    def get_conn(self) -> Any:
        connection = self._postgres.get_conn()
        connection.execute(f"set search_path = {SCHEMA}")
        connection.commit()
        return connection


class Admin:
    """A user whom the auth manager lets do everything."""

    def get_id(self) -> str:
        return "ada"

    def get_name(self) -> str:
        return "Ada"


@pytest.fixture(scope="session")
def year(postgres: DirectPostgres) -> OwnSchema:
    """A year of nights: one failed, tonight's is running, and an incident is open."""
    with transaction(postgres) as cursor:
        cursor.execute(f"drop schema if exists {SCHEMA} cascade")
        cursor.execute(f"create schema {SCHEMA}")
    own = OwnSchema(postgres)
    create_metadata_tables(own)
    nights = a_year(TONIGHT - timedelta(days=1))
    nights[-3] = PlantedNight(nights[-3].business_date, fails_at="test_data_quality", error="<b>3 rows</b>")
    nights.append(PlantedNight(TONIGHT, until=NOW))
    assert plant(own, nights) > 10_000
    with transaction(own) as cursor:
        cursor.execute("analyze night_receipts")
    failed = Finding(
        "failed", "test_data_quality", nights[-4].business_date, Severity.PAGE, "three rows break a test",
        command="bin/stage clear test_data_quality",
    )  # fmt: skip
    tell(own, failed, NOW - timedelta(days=3))
    fixed = Finding("failed", "load_bronze", nights[-9].business_date, Severity.WARN, "a contract was broken")
    tell(own, fixed, NOW - timedelta(days=5))
    resolve(own, fixed.key, "a new run", NOW - timedelta(days=5) + timedelta(hours=1))
    refresh(own, NOW)
    return own


@pytest.fixture
def site(year: OwnSchema, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The page for somebody who has signed in; how one signs in is tested beside the unit tests."""
    monkeypatch.setenv("AIRFLOW__API__SECRET_KEY", "secret of these tests")
    app = health_app(lambda: year, lambda: NOW, BUSY_SECONDS)
    for dependency in (access.reader, access.reader_of_page, access.operator):
        app.dependency_overrides[dependency] = Admin
    monkeypatch.setattr(access, "may_operate", lambda _: True)
    root = FastAPI()
    root.mount("/lakehouse", app)
    with TestClient(root, base_url="http://airflow.test", follow_redirects=False) as client:
        yield client
