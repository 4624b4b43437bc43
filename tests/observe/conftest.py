"""What the tests of this suite share: an empty PostgreSQL, and one whole platform that has seen a bad night.

Both are made when a test first asks for them. A test looks only at rows that it has written itself, or that
it finds by its own date or name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lakehouse.platform.connections import DirectPostgres, direct_postgres
from lakehouse.platform.metadata_tables import create_metadata_tables
from testing.checkout_platform import CheckoutPlatform, CommandResult, checkout_platform
from testing.embedded_platform import EmbeddedPlatform

NIGHT = "2025-10-16"
ORDERS = "5000"


@pytest.fixture(scope="session")
def postgres_platform() -> Iterator[EmbeddedPlatform]:
    """A platform of which only PostgreSQL is up; a test may start more of it, and stops what it started."""
    platform = EmbeddedPlatform("observe")
    try:
        platform.up("postgres")
        yield platform
    finally:
        platform.down()


@pytest.fixture(scope="session")
def postgres(postgres_platform: EmbeddedPlatform) -> DirectPostgres:
    """A real PostgreSQL that holds the platform's own tables, and no rows that these tests did not write."""
    database = direct_postgres(postgres_platform.wire)
    create_metadata_tables(database)
    return database


@dataclass(frozen=True)
class ObservedNight:
    """A platform with everything that observes it, after a night that failed once and was run again."""

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


@pytest.fixture(scope="session")
def observed_night() -> Iterator[ObservedNight]:
    """Minutes: only for what cannot be seen without a whole platform."""
    with checkout_platform() as platform:
        platform.environment |= {"OBSERVE": "1", "ORDERS": ORDERS}
        up = platform.run("make", "--no-print-directory", "up")
        assert up.exit_code == 0, up.output[-6000:]
        advanced = platform.run("bin/shop", "advance", "--to", NIGHT, "--orders", ORDERS)
        assert advanced.exit_code == 0, advanced.output[-6000:]
        with platform.shop_connection() as owner:
            owner.execute("alter database shop with connection limit 0")
            try:
                failed = platform.night_on_what_is_up(NIGHT)
            finally:
                owner.execute("alter database shop with connection limit -1")
        assert failed.exit_code != 0, failed.output[-6000:]
        mended = platform.night(NIGHT)
        assert mended.exit_code == 0, mended.output[-6000:]
        yield ObservedNight(platform, failed, mended, direct_postgres(platform.addresses()))
