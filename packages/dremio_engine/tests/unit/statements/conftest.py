"""One engine for all tests of statements in this process."""

from collections.abc import Iterator

import pytest
from tests.support.engine_with_reflections import ReflectedEngine


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReflectedEngine]:
    """An engine with the file source `gold` and the space `space`."""
    made = ReflectedEngine(tmp_path_factory.mktemp("statements"))
    yield made
    made.close()
