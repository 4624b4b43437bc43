"""The nights that the tests begin with, on one platform for each run of pytest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult, checkout_platform


@pytest.fixture(scope="session")
def platform() -> Iterator[CheckoutPlatform]:
    """A copy of the checkout whose first night starts its platform; stopped at the end."""
    with checkout_platform() as made:
        yield made


@pytest.fixture(scope="session")
def first_night(platform: CheckoutPlatform) -> CommandResult:
    """The specification's night, 2025-10-16, from nothing."""
    result = platform.night("2025-10-16")
    assert result.exit_code == 0, result.output[-6000:]
    return result
