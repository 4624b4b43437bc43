"""One engine for all tests of reflections in this process."""

from collections.abc import Iterator

import pytest
from tests.support.engine_with_reflections import ReflectedEngine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReflectedEngine]:
    """An engine whose reflections are refreshed when a test asks for it."""
    made = ReflectedEngine(tmp_path_factory.mktemp("reflections"))
    yield made
    made.close()
