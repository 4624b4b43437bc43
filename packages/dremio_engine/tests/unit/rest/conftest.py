"""One engine and its REST API for all tests of routes in this process."""

from collections.abc import Iterator

import httpx
import pytest
from tests.support.engine_with_reflections import ReflectedEngine
from tests.support.rest_on_a_port import logged_in, served


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReflectedEngine]:
    """`gold` is a source, `space` a space; a reflection is refreshed when a test asks for it."""
    made = ReflectedEngine(tmp_path_factory.mktemp("rest"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def url(engine: ReflectedEngine) -> Iterator[str]:
    """Where its REST API answers."""
    with served(engine.services) as address:
        yield address


@pytest.fixture(scope="session")
def rest(engine: ReflectedEngine, url: str) -> Iterator[httpx.Client]:
    """A logged-in client."""
    settings = engine.services.settings
    client = logged_in(url, settings.user, settings.password)
    yield client
    client.close()
