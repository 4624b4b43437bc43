"""The first task of run_night on a platform that nobody has provisioned."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from lakehouse.night_run import provisioning
from lakehouse.night_run.operators import AirflowApiHook, ChooseNightOperator
from lakehouse.night_run.provisioning import ProvisioningFailedError
from lakehouse.observe.facts import nights
from lakehouse.platform import database
from lakehouse.platform.airflow_api import AirflowApiError, Task
from lakehouse.platform.database import LedgerMissingError
from lakehouse.platform.errors import PermanentError
from tests.unit.lakehouse.night_run.scripted_airflow import ScriptedAirflow


class Provisionable(ScriptedAirflow):
    """An Airflow whose provision_platform ends as it is told."""

    def __init__(self, ends: str) -> None:
        super().__init__()
        self.ends = ends
        self.provisioned = 0

    def unpause(self, dag_id: str) -> None:
        assert dag_id == "provision_platform"

    def trigger(self, dag_id: str, *_: Any, **__: Any) -> Any:
        assert dag_id == "provision_platform"
        self.provisioned += 1
        return SimpleNamespace(dag_id=dag_id, run_id="p", state=self.ends, has_ended=True)

    def tasks(self, run: Any) -> list[Task]:
        return [Task("provision_airbyte", "failed", 1, 0, -1, None)]

    def error_of(self, run: Any, task: Task) -> str:
        return "AirbyteUnreachableError: nobody answers"

    def run_page(self, run: Any) -> str:
        return "http://airflow/run"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The context of the task, its form as it is."""
    monkeypatch.delenv("LAKEHOUSE_FIRST_NIGHT", raising=False)
    monkeypatch.setattr(database, "platform_postgres", lambda: None)
    monkeypatch.setattr(nights, "stage_runs", lambda *_, **__: [])
    params = {"date": "2025-10-16", "from_stage": "extract_postgres"}
    task = SimpleNamespace(dag_id="run_night", run_id="me")
    return {"params": params, "dag_run": SimpleNamespace(partition_key=None), "ti": task}


def choose(
    monkeypatch: pytest.MonkeyPatch, airflow: Provisionable, context: dict[str, Any]
) -> dict[str, Any]:
    def receipts(*_: Any) -> list[dict[str, Any]]:
        if not airflow.provisioned:
            raise LedgerMissingError('run provision_platform: relation "night_receipts" does not exist')
        return []

    monkeypatch.setattr(nights, "recent_nights", receipts)
    monkeypatch.setattr(AirflowApiHook, "get_conn", lambda _: airflow)
    chosen: dict[str, Any] = ChooseNightOperator(task_id="choose_the_night").execute(context)
    return chosen


def test_a_platform_that_was_never_provisioned_is_provisioned_once(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    """Right after `make up`, the form of run_night was answered with "run provision_platform"."""
    airflow = Provisionable("success")
    chosen = choose(monkeypatch, airflow, asked)
    assert (chosen["night"], chosen["first"]) == ("2025-10-16", "extract_postgres")
    assert (chosen["is_first"], chosen["provisioned"]) == (False, True)
    assert choose(monkeypatch, airflow, asked) == chosen | {"provisioned": False}
    assert airflow.provisioned == 1


def test_provisioning_that_fails_is_told_with_each_task(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    with pytest.raises(ProvisioningFailedError) as told:
        choose(monkeypatch, Provisionable("failed"), asked)
    assert "provision_platform failed\n  provision_airbyte: AirbyteUnreachableError: nobody answers" in str(
        told.value
    )


def test_provisioning_that_does_not_end_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    running = SimpleNamespace(dag_id="provision_platform", run_id="p", state="running", has_ended=False)
    airflow: Any = SimpleNamespace(
        unpause=lambda _: None, trigger=lambda _: running, run=lambda *_: running, run_page=lambda _: "page"
    )
    monkeypatch.setattr(provisioning, "PROVISION_SECONDS", 0.05)
    monkeypatch.setattr(provisioning, "POLL_SECONDS", 0.01)
    with pytest.raises(ProvisioningFailedError, match="has not ended: page"):
        provisioning.provision(airflow)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"date": "2999-01-01"}, "the business date 2999-01-01 lies in the future"),
        ({"date": "tomorrow"}, "'tomorrow' is not a business date: write it as YYYY-MM-DD"),
        ({"from_stage": "transform_marts", "force_sync": True}, "choose the stage extract_postgres"),
        ({"from_stage": "transform_marts"}, "choose the stage extract_postgres"),
    ],
)
def test_what_is_refused_stands_in_the_run_s_note(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], wrong: dict[str, Any], said: str
) -> None:
    airflow = Provisionable("success")
    asked["params"] |= wrong
    with pytest.raises(PermanentError) as refused:
        choose(monkeypatch, airflow, asked)
    assert said in str(refused.value)
    assert airflow.notes == [f"**Nothing was started:** {refused.value}"], (
        "all in the line that the page shows"
    )


def test_a_note_that_cannot_be_written_hides_nothing(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]
) -> None:
    def away(*_: Any) -> None:
        raise AirflowApiError("away")

    airflow = Provisionable("success")
    monkeypatch.setattr(airflow, "annotate", away)
    asked["params"]["date"] = "2999-01-01"
    with pytest.raises(PermanentError, match="lies in the future"):
        choose(monkeypatch, airflow, asked)
