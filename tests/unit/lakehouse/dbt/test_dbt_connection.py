"""What a dbt process is told: from the Airflow connection and the partition key, when the task runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import Connection

from lakehouse.dbt import connection as dbt_connection
from lakehouse.night.business_date import BusinessDateError

DREMIO = Connection(
    conn_id="dremio_default",
    conn_type="http",
    host="dremio.example",
    port=19047,
    login="lake",
    password="s3cret",
)


@pytest.fixture
def _dremio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt_connection, "airflow_connection", {"dremio_default": DREMIO}.__getitem__)


def context(key: str | None) -> dict[str, Any]:
    return {"dag_run": SimpleNamespace(partition_key=key)}


@pytest.mark.usefixtures("_dremio")
def test_dbt_gets_the_connection_and_the_date() -> None:
    operator = SimpleNamespace(env=None)
    dbt_connection.tell_dbt(context("2025-10-16"), operator)
    told = operator.env
    assert (told["DREMIO_HOST"], told["DREMIO_PORT"], told["DREMIO_USER"]) == (
        "dremio.example",
        "19047",
        "lake",
    )
    assert told["LAKEHOUSE_BUSINESS_DATE"] == "2025-10-16"
    assert told["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    assert all(isinstance(value, str) for value in told.values())


@pytest.mark.usefixtures("_dremio")
def test_password_goes_only_by_the_name_that_dbt_keeps_secret() -> None:
    operator = SimpleNamespace(env={})
    dbt_connection.tell_dbt(context("2025-10-16"), operator)
    assert [name for name, value in operator.env.items() if value == "s3cret"] == [
        "DBT_ENV_SECRET_DREMIO_PASSWORD"
    ]


@pytest.mark.usefixtures("_dremio")
@pytest.mark.parametrize("key", [None, "", "16.10.2025", "2999-01-01"])
def test_run_without_a_usable_date_is_refused_before_dbt_starts(key: str | None) -> None:
    with pytest.raises(BusinessDateError):
        dbt_connection.tell_dbt(context(key), SimpleNamespace(env=None))


@pytest.mark.parametrize(("schema", "flag"), [("http", "False"), ("https", "True"), (None, "False")])
def test_tls_follows_the_connections_schema(schema: str | None, flag: str) -> None:
    given = Connection(conn_id="d", conn_type="http", host="h", schema=schema)
    told = dbt_connection.dremio_environment(given)
    assert told["DREMIO_USE_SSL"] == flag
    assert told["DREMIO_PORT"] == "9047"
