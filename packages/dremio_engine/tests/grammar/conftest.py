"""One Calcite per session."""

from collections.abc import Iterator

import pytest
from tests.grammar import calcite as process
from tests.grammar.calcite import Calcite


@pytest.fixture(scope="session")
def calcite() -> Iterator[Calcite]:
    """Calcite's parser; without a JDK and Maven the tests that ask it are skipped, and say so."""
    try:
        with process.running() as running:
            yield running
    except process.NotHere as error:
        pytest.skip(f"Calcite's parser is not here: {error}")
