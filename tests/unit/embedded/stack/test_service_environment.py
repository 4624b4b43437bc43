"""What a service sees of the shell that started it: nothing, or `up` from another shell would restart it."""

from __future__ import annotations

from pathlib import Path

import pytest

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
