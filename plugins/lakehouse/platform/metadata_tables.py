"""The tables that the lakehouse keeps its own account in: `include/sql/postgres/create_*.sql`."""

from __future__ import annotations

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import SQL


def create_metadata_tables(postgres: PostgresConnections) -> list[str]:
    """Create the tables and columns that are missing; the names of the files that were run."""
    files = sorted((SQL / "postgres").glob("create_*.sql"))
    with transaction(postgres) as cursor:
        for path in files:
            cursor.execute(path.read_text(encoding="utf-8"))
    return [path.name for path in files]
