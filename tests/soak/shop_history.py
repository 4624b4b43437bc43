"""What the shop held at the end of each date, from its own database and files: not through the library."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import psycopg2

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Reading:
    """How the shop itself is asked for a stream's rows."""

    columns: str
    key: int = 1
    """So many of the first columns are the row's key."""
    good: str = "true"
    """What the contract demands, said once more in SQL."""

    @property
    def names(self) -> list[str]:
        return self.columns.split(", ")


_SPEND: Final = "marketing_spend"
READINGS: Final = {
    "customers": Reading(
        "customer_id, name, email, phone, address, city, state, zip_code, created_at, updated_at, deleted_at"
    ),
    "orders": Reading(
        "order_id, customer_id, product_id, order_date, quantity, unit_price, amount, status, created_at, "
        "updated_at, deleted_at",
        good=(
            "amount > 0 and quantity >= 1 and order_date >= '2000-01-01' "
            "and status in ('pending', 'completed', 'cancelled', 'refunded')"
        ),
    ),
    "products": Reading("product_id, name, category, unit_price, active, created_at, updated_at"),
    "shipments": Reading("shipment_id, order_id, carrier, status, shipped_at, delivered_at, updated_at"),
    "stock_levels": Reading(
        "product_id, warehouse, units_on_hand, reorder_point",
        key=2,
        good="units_on_hand >= 0 and reorder_point >= 0",
    ),
    _SPEND: Reading("spend_date, channel, amount", key=2, good="amount >= 0"),
}
"""By stream, which is also the table's name; the dropped files' rows are put into a table."""


class ShopHistory:
    """Snapshots of the shop's tables and dropped files, one per date, in a schema of their own."""

    def __init__(self, wire: dict[str, str]) -> None:
        self._wire = wire
        self._drops = Path(wire["LAKEHOUSE_STATE_DIR"], "shop", "csv")
        self._sent_sound: dict[tuple[str, date], set[Row]] = defaultdict(set)
        self._sent_unsound: dict[tuple[str, date], set[Row]] = defaultdict(set)

    def execute(self, sql: str, values: dict[str, Any] | None = None) -> None:
        """Change the shop's database."""
        with self._cursor() as cursor:
            cursor.execute(sql, values)

    def keep(self, day: date) -> None:
        """Remember the tables and files as they are now as the shop at the end of the date."""
        with self._cursor() as cursor:
            cursor.execute("create schema if not exists soak")
            for table in READINGS:
                cursor.execute(f"drop table if exists {_snapshot(table, day)}")
                if table != _SPEND:
                    cursor.execute(f"create table {_snapshot(table, day)} as select * from {table}")
            self._keep_batches(cursor, _snapshot(_SPEND, day))

    def correct_batch(self, day: date) -> None:
        """The date's CSV batch is dropped once more, with another amount in its first line."""
        batch = self._drops / f"batch_{day:%Y%m%d}.csv"
        header, first, *others = batch.read_text().splitlines()
        line, amount = first.rsplit(",", 1)
        again = batch.with_suffix(".partial")
        again.write_text("\n".join([header, f"{line},{Decimal(amount) + Decimal('0.25')}", *others]) + "\n")
        again.replace(batch)

    def was_sent(self, stream: str, day: date, sound: set[Row], unsound_keys: set[Row]) -> None:
        """Remember what the source gave for the date beside its rows: no snapshot has it."""
        self._sent_sound[stream, day] |= sound
        self._sent_unsound[stream, day] |= unsound_keys

    def rows(self, stream: str, day: date) -> set[Row]:
        """All sound rows at the end of the date."""
        reading = READINGS[stream]
        found = self._query(f"select {reading.columns} from {_snapshot(stream, day)} where {reading.good}")
        return found.union(
            *(rows for (name, sent), rows in self._sent_sound.items() if name == stream and sent <= day)
        )

    def changed(self, stream: str, day: date, before: date | None) -> set[Row]:
        """The sound rows that are new or changed since the date before."""
        reading = READINGS[stream]
        rows = self._query(f"select * from ({_changes(stream, day, before)}) as changed where {reading.good}")
        return rows | self._sent_sound[stream, day]

    def removed_keys(self, stream: str, day: date, before: date | None) -> set[Row]:
        """Keys that were there at the end of the date before and no longer are."""
        if before is None:
            return set()
        key = _key(stream)
        return self._query(
            f"select {key} from {_snapshot(stream, before)} except select {key} from {_snapshot(stream, day)}"
        )

    def unsound_keys(self, stream: str, day: date, before: date | None) -> set[Row]:
        """Keys of the rows that are new or changed and break the contract."""
        reading = READINGS[stream]
        changes = _changes(stream, day, before)
        found = self._query(f"select {_key(stream)} from ({changes}) as changed where not ({reading.good})")
        return found | self._sent_unsound[stream, day]

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


def _changes(stream: str, day: date, before: date | None) -> str:
    """SQL for the rows that are new or changed since the date before, sound or not."""
    columns = READINGS[stream].columns
    changes = f"select {columns} from {_snapshot(stream, day)}"
    return (
        changes if before is None else f"{changes} except select {columns} from {_snapshot(stream, before)}"
    )


def _key(stream: str) -> str:
    reading = READINGS[stream]
    return ", ".join(reading.names[: reading.key])
