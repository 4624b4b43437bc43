"""A lake without reflections: the stage has nothing to refresh, asks Dremio for nothing, and is done."""

from __future__ import annotations

from typing import Any, cast

import pytest

from lakehouse.dremio import reflection_operators
from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.reflection_operators import DremioRefreshReflectionsOperator
from lakehouse.dremio.reflection_refresh import ReflectionRefreshes
from testing.lakehouse.task_memory import task_memory


class SilentDremio:
    """Whatever it is asked for fails the test."""

    base_url = "http://dremio"

    def close(self) -> None:
        """Nothing is open."""


def test_a_night_without_reflections_is_accelerated_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflection_operators, "load_reflections", lambda: ())
    operator = DremioRefreshReflectionsOperator(task_id="wait_for_reflections")
    operator.__dict__["client"] = ReflectionRefreshes(cast(DremioClient, SilentDremio()))
    store: dict[str, Any] = {}
    report = operator.execute(task_memory(store))
    assert report["detail"]["reflections_refreshed"] == 0
    assert report["external_jobs"] == []
