"""What a service sees of the shell that started it: nothing, or `up` from another shell would restart it."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.airflow.environment import airflow_settings
from embedded.composition.secrets import GENERATORS
from embedded.settings import Settings
from embedded.stack.environment import base_environment


def test_services_see_nothing_of_the_callers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings.from_environ({"LAKEHOUSE_STATE_DIR": str(tmp_path)})
    before = base_environment(settings)
    monkeypatch.setenv("PATH", "/somewhere/else")
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "SequentialExecutor")
    monkeypatch.delenv("HOME")
    assert base_environment(settings) == before
    assert before["HOME"] == str(tmp_path / "home"), "not the user's, which belongs to the user"
    assert before["TZ"] == "UTC"
    assert "AIRFLOW__CORE__EXECUTOR" not in before


def test_the_tasks_of_a_scheduler_that_was_killed_are_found_as_soon_as_others(tmp_path: Path) -> None:
    """With scheduler, workers and PostgreSQL killed at once, nobody missed the tasks for five minutes."""
    settings = Settings.from_environ({"LAKEHOUSE_STATE_DIR": str(tmp_path)})
    variables = airflow_settings(settings, dict.fromkeys(GENERATORS, "secret"), "postgresql://database")
    missed_after = float(variables["AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT"])
    dead_after = 30.0  # Airflow's own default of scheduler_health_check_threshold
    looked_for_every = float(variables["AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL"])
    assert dead_after + looked_for_every <= missed_after
