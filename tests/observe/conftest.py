"""What the tests of this folder share: an empty PostgreSQL, and a whole platform after an observed night.

Both are made when a test first asks for them. A test looks only at rows that it has written itself, or that
it finds by its own date or name.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse.platform.connections import DirectPostgres, direct_postgres
from lakehouse.platform.metadata_tables import create_metadata_tables
from testing.embedded_platform import EmbeddedPlatform
from testing.lakehouse.observed_night import ObservedNight
from testing.lakehouse.observed_night import observed_night as made_night


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


@pytest.fixture(scope="session")
def observed_night() -> Iterator[ObservedNight]:
    """Minutes: only for what cannot be seen without a platform."""
    with made_night() as night:
        yield night
