"""Every command that uses Airflow's connections finds those that were made in Airflow's UI, too."""

from __future__ import annotations

import importlib
import os

import pytest

from lakehouse.platform.command_line import look_in_airflow_s_database

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
