"""What folders of one suite share: a whole platform, which takes minutes to make."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="session")
def observed_night() -> Iterator[Any]:
    """A `testing.lakehouse.observed_night.ObservedNight`: only for what cannot be seen without a platform."""
    # Only the environment of the suites that ask for it can import this.
    from testing.lakehouse.observed_night import observed_night as made

    with made() as night:
        yield night
