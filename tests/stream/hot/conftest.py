"""An engine with an empty lake for each module, and the platform's tables in a schema of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.metadata_tables import create_metadata_tables
from lakehouse.stream.hot import HotTables
from testing.lakehouse.hot_engine import HotEngine, hot_engine
from testing.lakehouse.stream_platform import StreamPlatform

SCHEMA = "hot_tests"


class InSchema:
    """The platform's database; tables are made and found in a schema that no other test uses."""

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def get_conn(self) -> Any:
        """A new connection."""
        connection = self._postgres.get_conn()
        with connection.cursor() as cursor:
            cursor.execute(f"set search_path to {SCHEMA}")
        connection.commit()
        return connection

    def run(self, sql: str, values: Any = None) -> list[Any]:
        """A statement of a test, and its rows."""
        connection = self.get_conn()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql, values)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()


@pytest.fixture(scope="module")
def postgres(platform: StreamPlatform) -> Iterator[InSchema]:
    """The platform's tables, empty at the start of each module."""
    database = InSchema(platform.postgres)
    database.run(f"create schema {SCHEMA}")
    try:
        create_metadata_tables(database)
        yield database
    finally:
        database.run(f"drop schema {SCHEMA} cascade")


@pytest.fixture(scope="module")
def engine() -> Iterator[HotEngine]:
    """An engine whose lake holds nothing."""
    with hot_engine() as running:
        yield running


@pytest.fixture(scope="module")
def hot(engine: HotEngine, postgres: InSchema) -> HotTables:
    """The hot tables, and the views over them."""
    return engine.hot_tables(postgres)
