"""What the shop held at the end of each date, from its own database and files: not through the library."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
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
    "marketing_spend": "spend_date, channel, amount",
}
_KEY_COLUMNS: Final = {"marketing_spend": 2}
"""How many of a table's first columns are its key, where it is not the first alone."""

_GOOD: Final = {
    "customers": "true",
    "orders": (
        "amount > 0 and quantity >= 1 and order_date >= '2000-01-01' "
        "and status in ('pending', 'completed', 'cancelled', 'refunded')"
    ),
    "products": "true",
    "shipments": "true",
    "marketing_spend": "amount >= 0",
}
"""What the contracts demand, said once more in SQL."""


def key_of(table: str, row: Row) -> Row:
    """What tells a row of the table from its other rows."""
    return row[: _KEY_COLUMNS.get(table, 1)]


class ShopHistory:
    """Snapshots of the shop's tables and dropped files, one per date, in a schema of their own."""

    def __init__(self, wire: dict[str, str]) -> None:
        self._wire = wire
        self._drops = Path(wire["LAKEHOUSE_STATE_DIR"], "shop", "csv")

    def execute(self, sql: str, values: dict[str, Any] | None = None) -> None:
        """Change the shop's database."""
        with self._cursor() as cursor:
            cursor.execute(sql, values)

    def keep(self, day: date) -> None:
        """Remember the tables and files as they are now as the shop at the end of the date."""
        with self._cursor() as cursor:
            cursor.execute("create schema if not exists soak")
            for table in COLUMNS:
                cursor.execute(f"drop table if exists {_snapshot(table, day)}")
                if table != "marketing_spend":
                    cursor.execute(f"create table {_snapshot(table, day)} as select * from {table}")
            self._keep_batches(cursor, _snapshot("marketing_spend", day))

    def correct_batch(self, day: date) -> None:
        """The date's CSV batch is dropped once more, with another amount in its first line."""
        batch = self._drops / f"batch_{day:%Y%m%d}.csv"
        header, first, *others = batch.read_text().splitlines()
        line, amount = first.rsplit(",", 1)
        again = batch.with_suffix(".partial")
        again.write_text("\n".join([header, f"{line},{Decimal(amount) + Decimal('0.25')}", *others]) + "\n")
        again.replace(batch)

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

    def _keep_batches(self, cursor: Any, snapshot: str) -> None:
        cursor.execute(
            f"create table {snapshot} (spend_date date, channel text, amount numeric(12, 2), "
            "primary key (spend_date, channel))"
        )
        for batch in self._drops.glob("batch_*.csv"):
            with batch.open(newline="") as lines:
                cursor.executemany(
                    f"insert into {snapshot} values (%(spend_date)s, %(channel)s, %(amount)s)",
                    list(csv.DictReader(lines)),
                )

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
