"""What follows the first night: a wrong mart, then a date whose source is down at first and then is there.

One night for each: the second date that succeeds is the rerun of one that failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult, checkout_platform
from testing.night_in_the_ui import NightInTheUi

BROKEN = "2025-10-17"
SECOND = "2025-10-18"


@dataclass(frozen=True)
class FailedNight:
    """A night that failed, and gold before and after it."""

    result: CommandResult
    receipt: dict[str, Any]
    gold_before: Any
    gold_after: Any


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


@pytest.fixture(scope="session")
def night_with_a_broken_mart(platform: CheckoutPlatform, first_night: CommandResult) -> FailedNight:
    """A date for which a mart negates every amount; it is never run again."""
    model = platform.home / "include/dbt/models/marts/shop/fct_orders.sql"
    sound = model.read_text()
    before = platform.gold_checksums()
    model.write_text(_with_negative_amounts(sound))
    try:
        broken = platform.night(BROKEN)
    finally:
        model.write_text(sound)
    return FailedNight(broken, platform.receipt(BROKEN), before, platform.gold_checksums())


@pytest.fixture(scope="session")
def night_without_its_source(
    platform: CheckoutPlatform, night_with_a_broken_mart: FailedNight
) -> FailedNight:
    """The second date, started from the web UI, while the shop's database refuses every connection."""
    before = platform.gold_checksums()
    advanced = platform.run("bin/shop", "advance", "--to", SECOND)
    assert advanced.exit_code == 0, advanced.output
    with platform.shop_connection() as owner:
        owner.execute("alter database shop with connection limit 0")
        try:
            with NightInTheUi(platform) as web_ui:
                run = web_ui.run(date=SECOND)
        finally:
            owner.execute("alter database shop with connection limit -1")
    told = CommandResult(int(run.state != "success"), run.note)
    return FailedNight(told, platform.receipt(SECOND), before, platform.gold_checksums())


@pytest.fixture(scope="session")
def second_night(platform: CheckoutPlatform, night_without_its_source: FailedNight) -> CommandResult:
    """The same date with its source up again, on the platform that the first night left up."""
    result = platform.night(SECOND)
    assert result.exit_code == 0, result.output[-6000:]
    return result


def _with_negative_amounts(model: str) -> str:
    """The mart with one wrong line: its final select negates every amount."""
    lines = model.splitlines()
    at = max(number for number, line in enumerate(lines) if line.strip().rstrip(",").endswith("amount"))
    lines[at] = lines[at].replace(
        lines[at].strip().rstrip(","), "cast(-1 * amount as decimal(12, 2)) as amount"
    )
    return "\n".join(lines) + "\n"
