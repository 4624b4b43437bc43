"""What the tests of this folder share: an empty PostgreSQL.

It is made when a test first asks for it. A test looks only at rows that it has written itself, or that it
finds by its own date or name. What needs a whole platform after a night is in `tests/night/observed`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse.platform.connections import DirectPostgres, direct_postgres
from lakehouse.platform.metadata_tables import create_metadata_tables
from testing.embedded_platform import EmbeddedPlatform


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
