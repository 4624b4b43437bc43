"""What the shop held at the end of each date, read by SQL from its own database: not through the library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from typing import Any, Final

import psycopg2

Row = tuple[Any, ...]

COLUMNS: Final = {
    "customers": (
        "customer_id, name, email, phone, address, city, state, zip_code, created_at, updated_at, deleted_at"
    ),
    "orders": (
        "order_id, customer_id, product_id, order_date, quantity, unit_price, amount, status, created_at, "
        "updated_at, deleted_at"
    ),
    "products": "product_id, name, category, unit_price, active, created_at, updated_at",
    "shipments": "shipment_id, order_id, carrier, status, shipped_at, delivered_at, updated_at",
}
"""The first column of each table is its key."""

_GOOD: Final = {
    "customers": "true",
    "orders": (
        "amount > 0 and quantity >= 1 and order_date >= '2000-01-01' "
        "and status in ('pending', 'completed', 'cancelled', 'refunded')"
    ),
    "products": "true",
    "shipments": "true",
}
"""What the contracts demand, said once more in SQL."""


class ShopHistory:
    """Snapshots of the shop's tables, one per date, in a schema of their own."""

    def __init__(self, wire: dict[str, str]) -> None:
        self._wire = wire

    def execute(self, sql: str, values: dict[str, Any] | None = None) -> None:
        """Change the shop's database."""
        with self._cursor() as cursor:
            cursor.execute(sql, values)

    def keep(self, day: date) -> None:
        """Remember the tables as they are now as the shop at the end of the date."""
        with self._cursor() as cursor:
            cursor.execute("create schema if not exists soak")
            for table in COLUMNS:
                cursor.execute(f"drop table if exists {_snapshot(table, day)}")
                cursor.execute(f"create table {_snapshot(table, day)} as select * from {table}")

    def rows(self, table: str, day: date) -> set[Row]:
        """All sound rows at the end of the date."""
        return self._query(f"select {COLUMNS[table]} from {_snapshot(table, day)} where {_GOOD[table]}")

    def changed(self, table: str, day: date, before: date | None) -> set[Row]:
        """The sound rows that are new or changed since the date before."""
        earlier = "" if before is None else f" except select {COLUMNS[table]} from {_snapshot(table, before)}"
        return self._query(
            f"select * from (select {COLUMNS[table]} from {_snapshot(table, day)}{earlier}) as changed "
            f"where {_GOOD[table]}"
        )

    def unsound_keys(self, table: str, day: date, before: date | None) -> set[int]:
        """Keys of the rows that are new or changed and break the contract."""
        earlier = "" if before is None else f" except select {COLUMNS[table]} from {_snapshot(table, before)}"
        changed = f"select {COLUMNS[table]} from {_snapshot(table, day)}{earlier}"
        found = self._query(f"select * from ({changed}) as changed where not ({_GOOD[table]})")
        return {int(row[0]) for row in found}

    def _query(self, sql: str) -> set[Row]:
        with self._cursor() as cursor:
            cursor.execute(sql)
            return set(cursor.fetchall())

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        wire = self._wire
        with (
            closing(
                psycopg2.connect(
                    host=wire["SHOP_PG_HOST"],
                    port=wire["SHOP_PG_PORT"],
                    dbname=wire["SHOP_PG_DATABASE"],
                    user=wire["SHOP_PG_USER"],
                    password=wire["SHOP_PG_PASSWORD"],
                )
            ) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            yield cursor


def _snapshot(table: str, day: date) -> str:
    return f"soak.{table}_{day:%Y%m%d}"
