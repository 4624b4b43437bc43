"""A missing connection: told apart from an API server that did not answer, and with what to do."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse

from lakehouse.dremio.hook import DremioHook
from lakehouse.platform import airflow_connections
from lakehouse.platform.airflow_api_hook import AirflowApiHook
from lakehouse.platform.airflow_connections import (
    ConnectionMissingError,
    ConnectionNotAnsweredError,
    airflow_connection,
    cure_of,
)
from lakehouse.platform.database import platform_postgres
from lakehouse.platform.errors import PermanentError, TransientError
from lakehouse.platform.lake_hook import LakeHook
from lakehouse.superset.hook import SupersetHook, lake_uri

DECLARED = [
    {
        "conn_id": "cafe_postgres",
        "conn_host": "${CAFE_PG_HOST}",
        "conn_port": "${CAFE_PG_PORT:-5432}",
        "conn_password": "${CAFE_PG_PASSWORD}",
    },
    {"conn_id": "cafe_api", "conn_password": "${CAFE_API_TOKEN}"},
    {"conn_id": "fixed", "conn_host": "db.example.com"},
]


class Supervisor:
    """What a task asks its supervisor, and is answered."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def send(self, _: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


NOT_FOUND = ErrorResponse(error=ErrorType.CONNECTION_NOT_FOUND, detail={})
UNDEFINED = [NOT_FOUND, AirflowRuntimeError(NOT_FOUND)]
UNANSWERED = [
    ErrorResponse(error=ErrorType.API_SERVER_ERROR, detail={}),
    AirflowRuntimeError(ErrorResponse(error=ErrorType.GENERIC_ERROR, detail={})),
    ConnectionResetError("the API server restarts"),
]


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """An Airflow without connections, and a settings file with three."""

    def not_found(conn_id: str) -> None:
        raise AirflowNotFoundException(f"The conn_id `{conn_id}` isn't defined")

    monkeypatch.setattr(BaseHook, "get_connection", not_found)
    monkeypatch.setattr(airflow_connections, "read_sections", lambda: {"connections": DECLARED})
    monkeypatch.setenv("CAFE_PG_HOST", "db.example.com")
    for name in ("CAFE_PG_PASSWORD", "CAFE_API_TOKEN", "LAKEHOUSE_ENV_FILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("answer", UNDEFINED, ids=str)
def test_an_undefined_connection_fails_for_good_and_names_variable_and_place(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(answer), raising=False)
    with pytest.raises(ConnectionMissingError) as failed:
        airflow_connection("cafe_postgres")
    assert isinstance(failed.value, PermanentError)
    assert str(failed.value).startswith(
        "Airflow has no connection 'cafe_postgres': CAFE_PG_PASSWORD in airflow_settings.yaml has no value. "
        "Write it to .env and run `make up`"
    )
    assert "bin/airflow connections add cafe_postgres" in str(failed.value)
    assert "CAFE_PG_HOST" not in str(failed.value), "it has a value"


@pytest.mark.parametrize("answer", UNANSWERED, ids=str)
def test_an_api_server_that_does_not_answer_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    """Airflow raises the same error for both: a restart of its API server must not fail a task for good."""
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", Supervisor(answer), raising=False)
    with pytest.raises(ConnectionNotAnsweredError) as failed:
        airflow_connection("cafe_postgres")
    assert isinstance(failed.value, TransientError)


def test_a_command_outside_a_task_is_told_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(task_runner, "SUPERVISOR_COMMS", raising=False)
    with pytest.raises(ConnectionMissingError, match=r"CAFE_API_TOKEN in .* has no value"):
        airflow_connection("cafe_api")


@pytest.mark.parametrize(
    "use",
    [
        lambda: DremioHook("cafe_postgres").get_conn(),
        lambda: AirflowApiHook("cafe_postgres").get_conn(),
        lambda: SupersetHook("cafe_postgres").get_conn(),
        lambda: lake_uri("cafe_postgres"),
        lambda: platform_postgres("cafe_postgres").get_conn(),
        lambda: LakeHook("cafe_postgres").get_conn(),
    ],
    ids=["dremio", "airflow", "superset", "superset's lake", "postgres", "lake"],
)
def test_every_hook_says_so(monkeypatch: pytest.MonkeyPatch, use: Any) -> None:
    monkeypatch.delattr(task_runner, "SUPERVISOR_COMMS", raising=False)
    with pytest.raises(ConnectionMissingError, match="CAFE_PG_PASSWORD"):
        use()


def test_the_cure_depends_on_what_the_file_says() -> None:
    lacking = cure_of("cafe_postgres", {"LAKEHOUSE_ENV_FILE": "/etc/cafe.env"})
    assert "CAFE_PG_HOST, CAFE_PG_PASSWORD in airflow_settings.yaml have no value" in lacking
    assert "Write them to /etc/cafe.env and run `make up`" in lacking
    values = {"CAFE_PG_HOST": "db", "CAFE_PG_PASSWORD": "p", "CAFE_PG_PORT": "5432x"}
    assert cure_of("cafe_postgres", values).startswith(
        "Airflow has no connection 'cafe_postgres': the port of cafe_postgres is not a number from 1 to "
        "65535: '5432x'. Correct it in .env and run `make up`, or add it"
    )
    assert "airflow_settings.yaml declares none. Declare it there" in cure_of("other", {})
    assert "Run `make up` to load the file" in cure_of("fixed", {})
