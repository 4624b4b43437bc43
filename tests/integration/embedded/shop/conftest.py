"""One open shop for the folder, on a PostgreSQL of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from testing.ingestion_stack import IngestionStack

NIGHT = "2025-10-16"
ORDERS = "2000"


@pytest.fixture(scope="session")
def stack() -> Iterator[IngestionStack]:
    """PostgreSQL with a shop that has reached its night, and the shop's API."""
    platform = IngestionStack()
    try:
        platform.start()
        done = platform.shop("advance", "--to", NIGHT, "--orders", ORDERS)
        assert done.returncode == 0, done.stderr
        yield platform
    finally:
        platform.stop()


@pytest.fixture
def query(stack: IngestionStack) -> Callable[..., list[tuple[Any, ...]]]:
    """Run a query on the shop's database; returns its rows."""

    def run(statement: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with psycopg.connect(**stack.database("SHOP")) as connection:
            return connection.execute(statement, arguments).fetchall()

    return run
