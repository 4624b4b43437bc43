"""One whole platform with everything that observes it, after a night that failed once and was run again."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from lakehouse.platform.connections import DirectPostgres, direct_postgres
from testing.checkout_platform import CheckoutPlatform, CommandResult, checkout_platform
from testing.waiting import wait_until

NIGHT: Final = "2025-10-16"
ORDERS: Final = "5000"
FAIL_SECONDS: Final = 600
"""Four attempts of a task, on a busy machine too."""


@dataclass(frozen=True)
class ObservedNight:
    """The platform, and what the commands of its two nights printed."""

    platform: CheckoutPlatform
    failed: CommandResult
    """The night while the shop's database refused every connection: `extract_postgres` fails."""
    mended: CommandResult
    """The same date after that."""
    postgres: DirectPostgres

    @property
    def date(self) -> str:
        """The business date of both."""
        return NIGHT


@contextmanager
def observed_night() -> Iterator[ObservedNight]:
    """Bring the platform up with OBSERVE=1 and run both nights: minutes. It is stopped at the end."""
    with checkout_platform() as platform:
        platform.environment |= {"OBSERVE": "1", "ORDERS": ORDERS}
        up = platform.run("make", "--no-print-directory", "up")
        assert up.exit_code == 0, up.output[-6000:]
        advanced = platform.run("bin/shop", "advance", "--to", NIGHT, "--orders", ORDERS)
        assert advanced.exit_code == 0, advanced.output[-6000:]
        with platform.shop_connection() as owner, ThreadPoolExecutor(max_workers=1) as beside:
            owner.execute("alter database shop with connection limit 0")
            try:
                failing = beside.submit(platform.night_on_what_is_up, NIGHT)
                wait_until(
                    lambda: failing.done() or platform.has_failed(NIGHT, "extract_postgres"),
                    "the extract has failed",
                    FAIL_SECONDS,
                )
            finally:
                owner.execute("alter database shop with connection limit -1")
            failed = failing.result()
        assert failed.exit_code != 0, failed.output[-6000:]
        mended = platform.night(NIGHT)
        assert mended.exit_code == 0, mended.output[-6000:]
        yield ObservedNight(platform, failed, mended, direct_postgres(platform.addresses()))
