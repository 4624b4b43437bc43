"""The suite's own PostgreSQL is a real one, with the tables of every release."""

from __future__ import annotations

from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction
from lakehouse.platform.metadata_tables import create_metadata_tables


def test_the_tables_are_created_once_and_again(postgres: DirectPostgres) -> None:
    assert "create_night_receipts.sql" in create_metadata_tables(postgres)
    with transaction(postgres) as cursor:
        cursor.execute("select count(*) from night_receipts where business_date = '1999-01-01'")
        assert cursor.fetchone() == (0,)
