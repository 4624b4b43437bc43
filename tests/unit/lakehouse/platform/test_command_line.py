"""Every command that uses Airflow's connections finds those that were made in Airflow's UI, too."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lakehouse.platform.command_line import look_in_airflow_s_database
from testing.repository import ROOT

COMMANDS = (
    "airbyte",
    "bronze",
    "observe.doctor",
    "observe.eta",
    "observe.retention",
    "observe.why_stale",
    "stream",
)
CONTEXT = "_AIRFLOW_PROCESS_CONTEXT"


class LookedError(Exception):
    """The command has asked for Airflow's database; nothing more of it is run."""


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_looks_there_before_anything_else(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module(f"lakehouse.{name}.__main__")

    def looked() -> None:
        raise LookedError

    monkeypatch.setattr(module, "look_in_airflow_s_database", looked)
    arguments = {
        "airbyte": ["diff"], "bronze": ["unloaded"], "observe.retention": ["plan"],
        "observe.why_stale": ["orders"], "stream": ["status"],
    }.get(name, [])  # fmt: skip
    with pytest.raises(LookedError):
        module.main(arguments)


def test_a_process_of_airflow_s_own_keeps_its_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CONTEXT, "client")
    look_in_airflow_s_database()
    assert os.environ[CONTEXT] == "client"
    monkeypatch.delenv(CONTEXT)
    look_in_airflow_s_database()
    assert os.environ[CONTEXT] == "server"
    monkeypatch.delenv(CONTEXT)


def test_a_secrets_backend_is_asked_before_the_database(tmp_path: Path) -> None:
    """Airflow's own backend that reads a file, as Vault's or a cloud's would be named."""
    kept = tmp_path / "connections.json"
    kept.write_text(json.dumps({"cafe_postgres": "postgres://reader:p%40ss@db.example.com:5433/cafe"}))
    code = (
        "from lakehouse.platform.command_line import look_in_airflow_s_database as look; look()\n"
        "from lakehouse.platform.airflow_connections import airflow_connection\n"
        "found = airflow_connection('cafe_postgres')\n"
        "print(found.host, found.port, found.login, found.password, found.schema)"
    )
    environment = {
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(kept)}),
        # A database that does not answer: the backend has the connection, so nobody asks it.
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://nobody@127.0.0.1:1/none",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1:] == ["db.example.com 5433 reader p@ss cafe"], done.stderr
