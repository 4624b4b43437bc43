"""What the tests of a followed night share."""

from __future__ import annotations

import pytest

from tests.unit.lakehouse.night_run.scripted_airflow import ScriptedAirflow


@pytest.fixture
def airflow() -> ScriptedAirflow:
    return ScriptedAirflow()
