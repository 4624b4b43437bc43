"""The night that a test changes."""

from __future__ import annotations

import pytest

from tests.unit.lakehouse.observe.why_stale.fresh_night import World, fresh_night


@pytest.fixture
def world() -> World:
    return fresh_night()
