"""What the tests of the sync and the extract share."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakehouse.platform.external_job import operators
from testing.lakehouse.cafe import declare_the_cafe
from tests.unit.lakehouse.airbyte.airbyte_doubles import FakeAirbyte


@pytest.fixture
def cafe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the café's connection files, read instead of the repository's."""
    return declare_the_cafe(tmp_path / "airbyte", monkeypatch)


@pytest.fixture
def airbyte(monkeypatch: pytest.MonkeyPatch, cafe: Path) -> FakeAirbyte:
    monkeypatch.setattr(operators, "FIRST_PAUSE_SECONDS", 0.0)
    return FakeAirbyte()
