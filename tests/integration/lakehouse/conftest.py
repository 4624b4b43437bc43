"""One platform for all folders: its services take longer to start than most tests to run.

Each folder finds the lake as the one before it left it, and says in its own conftest.py what it empties.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testing.embedded_platform import EmbeddedPlatform


@pytest.fixture(scope="session")
def embedded_platform() -> Iterator[EmbeddedPlatform]:
    """A platform with nothing started: each folder starts what it needs, and stops nothing."""
    platform = EmbeddedPlatform("lakehouse")
    try:
        yield platform
    finally:
        platform.down()
