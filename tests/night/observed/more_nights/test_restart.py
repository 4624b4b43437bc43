"""The platform is stopped and started: nothing is lost, nothing is left of what its nights have started."""

from __future__ import annotations

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult
from testing.dbt_parents import dbt_parents

pytestmark = pytest.mark.night


def test_down_and_up_lose_nothing(platform: CheckoutPlatform, first_night: CommandResult) -> None:
    before = platform.gold_checksums()
    for command in ("down", "up"):
        done = platform.run("make", "--no-print-directory", command)
        assert done.exit_code == 0, done.output[-4000:]
        assert dbt_parents(platform.home) == [], "what the last night's dbt was forked from has ended too"
    assert platform.gold_checksums() == before
