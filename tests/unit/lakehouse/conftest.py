"""What the tests of the sync and the extract share."""

from __future__ import annotations

import pytest

from lakehouse.platform.external_job import operators
from tests.unit.lakehouse.airbyte.airbyte_doubles import FakeAirbyte


@pytest.fixture
def airbyte(monkeypatch: pytest.MonkeyPatch) -> FakeAirbyte:
    monkeypatch.setattr(operators, "FIRST_PAUSE_SECONDS", 0.0)
    return FakeAirbyte()
