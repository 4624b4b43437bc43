"""The first night of a deployment that names one, and the command before it."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Callable
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from lakehouse.night.business_date import BusinessDateError
from lakehouse.night_run import first_night as first_night_module
from lakehouse.night_run import provisioning
from lakehouse.night_run.first_night import FirstNight, FirstNightCommandError, first_night
from lakehouse.night_run.operators import AirflowApiHook, ChooseNightOperator, StartNightOperator
from lakehouse.observe.facts import nights
from lakehouse.platform import database
from lakehouse.platform.database import LedgerMissingError
from tests.unit.lakehouse.night_run.scripted_airflow import DAY, ScriptedAirflow


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_a_deployment_names_it_in_a_variable() -> None:
    assert first_night({}) is None
    named = {"LAKEHOUSE_FIRST_NIGHT": "2025-10-16"}
    assert first_night(named) == FirstNight(DAY)
    command = {"LAKEHOUSE_FIRST_NIGHT_COMMAND": "bin/open 'the shop'"}
    assert first_night(named | command) == FirstNight(DAY, ("bin/open", "the shop"))
    assert first_night(command) is None
    with pytest.raises(BusinessDateError, match=r"'16\.10\.2025' is not a business date"):
        first_night({"LAKEHOUSE_FIRST_NIGHT": "16.10.2025"})


def test_what_the_command_says_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        FirstNight(DAY, python("import sys; print('opened'); sys.stderr.write('slowly')")).prepare()
    assert {"opened", "slowly"} <= set(caplog.messages)
    FirstNight(DAY).prepare()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (python("print('all is well'); raise SystemExit('no such shop')"), "ended with 1: no such shop"),
        (python("raise SystemExit(3)"), "ended with 3: it said nothing"),
        (python("import os; os.kill(os.getpid(), 9)"), "ended with -9: it said nothing"),
        (python("import os; os.write(1, b'\\xff'); raise SystemExit(1)"), "ended with 1: \ufffd"),
        (("/no/such/command",), "cannot be run: .*No such file.*'/no/such/command'"),
        (python("import time; time.sleep(60)"), "cannot be run: .* timed out after 0.5 seconds"),
    ],
    ids=["words", "silent", "killed", "no text", "absent", "too long"],
)
def test_a_command_that_fails_is_told_with_its_last_words(
    command: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "sleep" in command[-1]:
        monkeypatch.setattr(first_night_module, "COMMAND_SECONDS", 0.5)
    with pytest.raises(FirstNightCommandError, match=f"LAKEHOUSE_FIRST_NIGHT_COMMAND {said}") as told:
        FirstNight(DAY, command).prepare()
    if "ended" in said:
        assert str(told.value).endswith(f"Run it by hand, then start this again: {shlex.join(command)}")


class Fresh(ScriptedAirflow):
    """An Airflow that provisions at once, and what was done in which order."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    def provision(self, _: Any) -> float:
        self.done.append("provisioned")
        return 1.0


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Fresh:
    """A deployment with a first night, never provisioned."""
    airflow = Fresh()

    def receipts(*_: Any) -> list[dict[str, Any]]:
        if "provisioned" not in airflow.done:
            raise LedgerMissingError("no table")
        return []

    monkeypatch.setenv("LAKEHOUSE_FIRST_NIGHT", DAY.isoformat())
    monkeypatch.setattr(FirstNight, "prepare", lambda _: airflow.done.append("opened"))
    monkeypatch.setattr(provisioning, "provision", airflow.provision)
    monkeypatch.setattr(database, "platform_postgres", lambda: None)
    monkeypatch.setattr(nights, "stage_runs", lambda *_, **__: [])
    monkeypatch.setattr(nights, "recent_nights", receipts)
    monkeypatch.setattr(AirflowApiHook, "get_conn", lambda _: airflow)
    return airflow


def run_night(airflow: Fresh, asked: date | None) -> dict[str, Any]:
    """Its first two tasks; what the first one chose."""
    params = {"date": asked and asked.isoformat(), "from_stage": "extract_postgres"}
    run = SimpleNamespace(partition_key=None)
    task = SimpleNamespace(dag_id="run_night", run_id="me")
    chosen = ChooseNightOperator(task_id="choose").execute({"params": params, "dag_run": run, "ti": task})
    pull: Callable[..., Any] = lambda **_: chosen  # noqa: E731
    StartNightOperator(task_id="start", chosen_by="choose").execute({"ti": SimpleNamespace(xcom_pull=pull)})
    assert airflow.triggered == ["extract_postgres", "extract_apis"]
    return chosen


@pytest.mark.parametrize("asked", [None, DAY], ids=["untouched", "asked for"])
def test_on_a_fresh_platform_the_command_runs_once_and_before_provisioning(
    fresh: Fresh, asked: date | None
) -> None:
    chosen = run_night(fresh, asked)
    assert (chosen["night"], chosen["is_first"]) == ("2025-10-16", True)
    assert fresh.done == ["opened", "provisioned"]


@pytest.mark.parametrize("asked", [None, DAY], ids=["untouched", "asked for"])
def test_a_platform_that_was_provisioned_by_hand_has_it_too(fresh: Fresh, asked: date | None) -> None:
    fresh.done.append("provisioned")
    run_night(fresh, asked)
    assert fresh.done == ["provisioned", "opened", "provisioned"]


def test_after_a_night_was_served_it_runs_no_more(fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    served = [{"business_date": DAY.isoformat(), "state": "success"}]
    monkeypatch.setattr(nights, "recent_nights", lambda *_: served)
    assert run_night(fresh, DAY)["is_first"] is False
    assert fresh.done == ["provisioned"]
