"""A PostgreSQL with the foreign business on it, and its other places."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from testing.embedded_platform import EmbeddedPlatform
from testing.foreign_api import LoyaltyService
from testing.foreign_business import TOKEN, ForeignBusiness, Server


@pytest.fixture(scope="package")
def server(embedded_platform: EmbeddedPlatform) -> Server:
    embedded_platform.up("postgres")
    secrets = (embedded_platform.folder / "state" / "secrets.env").read_text().splitlines()
    password = next(line.partition("=")[2] for line in secrets if line.startswith("POSTGRES_PASSWORD="))
    wire = embedded_platform.wire
    return Server(wire["PLATFORM_PG_HOST"], int(wire["PLATFORM_PG_PORT"]), password)


@pytest.fixture
def service() -> Iterator[LoyaltyService]:
    with LoyaltyService(TOKEN) as running:
        yield running


@pytest.fixture
def business(server: Server, service: LoyaltyService, tmp_path: Path) -> Iterator[ForeignBusiness]:
    """The cafe before its first day; each test has a database of its own."""
    made = ForeignBusiness(server, tmp_path, service, f"cafe_{uuid4().hex[:8]}")
    made.create()
    try:
        yield made
    finally:
        made.drop()
