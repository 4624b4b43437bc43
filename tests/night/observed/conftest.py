"""One whole platform that is observed: a night that failed and ran again, what was told of it, more nights.

Minutes, so everything that cannot be seen without a whole platform is seen on this one. First what the night
left is looked at (`after_the_night`), then it is put to work again (`more_nights`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult
from testing.lakehouse.observed_night import ObservedNight
from testing.lakehouse.observed_night import observed_night as made_night


@pytest.fixture(scope="session")
def observed_night() -> Iterator[ObservedNight]:
    """The platform and its two nights; stopped at the end."""
    with made_night() as night:
        yield night


@pytest.fixture(scope="session")
def platform(observed_night: ObservedNight) -> CheckoutPlatform:
    """The platform alone."""
    return observed_night.platform


@pytest.fixture(scope="session")
def first_night(observed_night: ObservedNight) -> CommandResult:
    """What `make night` printed of the date that is in gold."""
    return observed_night.mended
