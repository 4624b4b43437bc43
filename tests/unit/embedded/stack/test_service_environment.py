"""What a service sees of the shell that started it: nothing, or `up` from another shell would restart it."""

from __future__ import annotations

import pytest

from embedded.stack.environment import base_environment


def test_services_see_nothing_of_the_callers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = base_environment()
    monkeypatch.setenv("PATH", "/somewhere/else")
    monkeypatch.setenv("LANG", "fr_FR.UTF-8")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "SequentialExecutor")
    monkeypatch.delenv("HOME")
    assert base_environment() == before
    assert before["TZ"] == "UTC"
    assert "AIRFLOW__CORE__EXECUTOR" not in before
