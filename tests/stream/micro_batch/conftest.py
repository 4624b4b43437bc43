"""The parts of the loop on the shared platform, and orders of one's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse.stream.assembly import source_watch
from testing.lakehouse.batch_runner import Stream
from testing.lakehouse.stream_platform import StreamPlatform


@pytest.fixture(scope="module")
def stream(platform: StreamPlatform) -> Iterator[Stream]:
    """Everything that the source has is merged when a module's first test begins."""
    watch = source_watch()
    running = Stream(platform, watch)
    running.run()
    yield running
    watch.close()
