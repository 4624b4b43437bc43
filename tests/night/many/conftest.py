"""These nights go on where the observed night ended: one platform fewer to start."""

from __future__ import annotations

from typing import Any

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult


@pytest.fixture(scope="session")
def platform(observed_night: Any) -> CheckoutPlatform:
    """The platform of `tests/observe`, which runs before in the same process."""
    made: CheckoutPlatform = observed_night.platform
    return made


@pytest.fixture(scope="session")
def first_night(observed_night: Any) -> CommandResult:
    """2025-10-16, after it had failed once."""
    night: CommandResult = observed_night.mended
    return night
