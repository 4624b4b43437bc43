"""What the tests of this folder share: one small platform that streams.

It is started when a test first asks for it: PostgreSQL, object store, Airbyte, engine and a shop of 3,000
orders, provisioned. Each folder finds it as the one before left it, and empties in its own conftest.py what
it must find empty. A test looks only at rows and batches that it made itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testing.lakehouse.stream_platform import StreamPlatform
from testing.lakehouse.stream_platform import stream_platform as made_platform


@pytest.fixture(scope="session")
def platform() -> Iterator[StreamPlatform]:
    """The shared platform; `platform.services.up("superset")` starts more of it."""
    with made_platform() as running:
        yield running
