"""`bin/airbyte diff` answers 2 and one line whenever it cannot compare: 1 means that something differs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from lakehouse.airbyte import __main__ as command
from lakehouse.airbyte import connection_file
from lakehouse.airbyte.client import AirbyteClient
from lakehouse.platform.names import AIRBYTE_CONNECTION
from testing.repository import ROOT
from tests.unit.lakehouse.airbyte.test_airbyte_connections_as_code import CONNECTIONS, Remembered, Server

pytestmark = pytest.mark.usefixtures("cafe")
URL = "http://airbyte/api/public/v1"


def away(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


def refusing(request: httpx.Request) -> httpx.Response:
    return httpx.Response(401, json={"message": "wrong client_secret"})


def no_json(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="<html>a proxy's page</html>")


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """All is well, until a test breaks something."""
    serve(monkeypatch, Server())
    monkeypatch.setattr(BaseHook, "get_connection", CONNECTIONS.__getitem__)
    monkeypatch.setattr(command, "platform_postgres", lambda: None)
    monkeypatch.setattr(command, "SecretLedger", lambda postgres: Remembered())
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")
    return monkeypatch


def serve(monkeypatch: pytest.MonkeyPatch, handler: Any) -> None:
    client = AirbyteClient(URL, transport=httpx.MockTransport(handler))
    monkeypatch.setattr(command, "client_of", lambda connection: client)
    monkeypatch.setitem(CONNECTIONS, AIRBYTE_CONNECTION, CONNECTIONS["cafe_api"])


def answer(capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says when it fails: one line."""
    assert command.main(["diff"]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")
    return line


def test_all_well_is_not_2(surroundings: pytest.MonkeyPatch) -> None:
    assert command.main(["diff"]) == 1


@pytest.mark.parametrize(
    ("handler", "words"),
    [(away, "did not answer"), (refusing, "wrong client_secret"), (no_json, "JSONDecodeError")],
)
def test_a_server_that_cannot_be_asked(
    surroundings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], handler: Any, words: str
) -> None:
    serve(surroundings, handler)
    assert words in answer(capsys)


def test_a_connection_that_nobody_has_is_named_with_where_to_put_it(
    surroundings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def find(conn_id: str) -> Any:
        if conn_id == "lake_s3":
            raise AirflowNotFoundException(conn_id)
        return CONNECTIONS[conn_id]

    surroundings.setattr(BaseHook, "get_connection", find)
    line = answer(capsys)
    assert "Airflow has no connection 'lake_s3'" in line
    assert "bin/airflow connections add lake_s3" in line


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", "cannot be read"),
        ("just words", "is not a mapping"),
        ("name: broken", "lacks"),
        ("name: broken\ncadence: daily\nsource: words\n", "error: "),
    ],
)
def test_a_bad_file(
    surroundings: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    text: str,
    words: str,
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "broken.yaml").write_text(text)
    surroundings.setattr(connection_file, "CONNECTION_FILES", folder)
    assert words in answer(capsys)


FINDS = """
from lakehouse.platform.airflow_connections import airflow_connection
from lakehouse.platform.command_line import look_in_airflow_s_database
from airflow.models import Connection
from airflow.utils.session import create_session
from sqlalchemy import create_engine
import os
engine = create_engine(os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
Connection.metadata.create_all(engine)
with create_session() as session:
    session.add(Connection(conn_id="made_in_the_ui", conn_type="postgres", host="db", password="s3cret"))
look_in_airflow_s_database()
found = airflow_connection("made_in_the_ui")
print(found.host, found.password)
"""


def test_a_connection_made_in_airflow_s_ui_is_found(tmp_path: Path) -> None:
    """`diff` looked into the environment only, and ended in a traceback with exit code 1."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}",
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    environment.pop("_AIRFLOW_PROCESS_CONTEXT", None)
    done = subprocess.run(
        [sys.executable, "-c", FINDS],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "db s3cret"
