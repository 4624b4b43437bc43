"""Where services are, as a process without Airflow reads it: every form that Airflow knows."""

from __future__ import annotations

import json

import pytest

from lakehouse.platform.connections import ConnectionUnknownError, connection, direct_postgres

VARIABLES = {
    "PLATFORM_PG_HOST": "db.local",
    "PLATFORM_PG_PORT": "15432",
    "PLATFORM_PG_DATABASE": "platform",
    "PLATFORM_PG_USER": "platform",
    "PLATFORM_PG_PASSWORD": "s/e%c r:t",
}
FIELDS = {
    "conn_type": "postgres",
    "host": "db.local",
    "port": 15432,
    "schema": "platform",
    "login": "platform",
    "password": "s/e%c r:t",
}
URI = "postgres://platform:s%2Fe%25c%20r%3At@db.local:15432/platform"


@pytest.mark.parametrize(
    "environment",
    [
        VARIABLES,
        {"AIRFLOW_CONN_PLATFORM_POSTGRES": json.dumps(FIELDS)},
        {"AIRFLOW_CONN_PLATFORM_POSTGRES": URI},
        VARIABLES | {"PLATFORM_PG_HOST": "elsewhere", "AIRFLOW_CONN_PLATFORM_POSTGRES": URI},
    ],
    ids=["the settings file", "JSON", "URI", "Airflow's variable first"],
)
def test_the_same_connection_in_every_form(environment: dict[str, str]) -> None:
    found = connection("platform_postgres", environment)
    assert (found.host, found.port, found.schema) == ("db.local", 15432, "platform")
    assert (found.login, found.password) == ("platform", "s/e%c r:t")
    assert "s/e%c" not in repr(found)


def test_what_is_not_set_is_named() -> None:
    with pytest.raises(ConnectionUnknownError, match=r"AIRFLOW_CONN_PLATFORM_POSTGRES.*PLATFORM_PG_HOST"):
        direct_postgres({})


def test_a_variable_of_another_connection_is_not_asked_for() -> None:
    environment = {"SUPERSET_URL": "http://s:8088/", "SUPERSET_USER": "admin", "SUPERSET_PASSWORD": "p"}
    assert connection("superset_default", environment).url() == "http://s:8088"


@pytest.mark.parametrize("extra", ['{"flight_port": 32010}', {"flight_port": 32010}])
def test_address_and_extras_of_an_http_connection(extra: object) -> None:
    value = json.dumps({"conn_type": "http", "schema": "https", "host": "d", "extra": extra})
    found = connection("dremio_default", {"AIRFLOW_CONN_DREMIO_DEFAULT": value})
    assert found.url(9047) == "https://d:9047"
    assert found.extra["flight_port"] == 32010


def test_a_connection_that_nobody_declares() -> None:
    with pytest.raises(ConnectionUnknownError, match="NOWHERE_DEFAULT"):
        connection("nowhere_default", {})
