"""The platform's database, seen from any process."""

from __future__ import annotations

from lakehouse.platform.connections import ConnectionUnknownError, direct_postgres
from lakehouse.platform.database import PostgresConnections, platform_postgres


def postgres_here() -> PostgresConnections:
    """By the environment, which is fast and gives up soon, or else as Airflow knows it."""
    try:
        return direct_postgres()
    except ConnectionUnknownError:
        return platform_postgres()
