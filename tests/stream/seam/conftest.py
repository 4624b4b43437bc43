"""The lake of the edge's histories, shared by the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testing.lakehouse.hot_engine import hot_engine
from testing.lakehouse.stream_platform import StreamPlatform
from tests.stream.seam.edge_lake import EdgeLake
from tests.stream.seam.edge_model import World
from tests.stream.seam.settled_world import Settled


@pytest.fixture(scope="package")
def lake(platform: StreamPlatform) -> Iterator[EdgeLake]:
    """An engine of its own, with locks in the shared platform's PostgreSQL."""
    with hot_engine() as engine:
        yield EdgeLake(engine, platform.postgres)


@pytest.fixture
def world(lake: EdgeLake) -> World:
    """The settled world, as the lake has it now."""
    return Settled().play(lake)
