"""The shop's PostgreSQL database: its tables, its stored calendar, and bulk changes of rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.csv as pa_csv
from psycopg import sql

_TABLES_SQL = Path(__file__).with_name("tables.sql")
_KEYS_SQL = Path(__file__).with_name("keys.sql")

PRIMARY_KEYS = {
    "customers": ("customer_id",),
    "products": ("product_id",),
    "orders": ("order_id",),
    "shipments": ("shipment_id",),
    "stock_levels": ("product_id", "warehouse"),
}
PUBLICATION = "airbyte_publication"
REPLICATION_SLOT = "airbyte_slot"
"""The names in Airbyte's own setup guide for PostgreSQL."""
STREAM_PUBLICATION = "airbyte_stream_publication"
"""For a second reader, which reads all day. Its first sync makes its slot: one made here would keep the log
for a reader that may never start."""
PUBLISHED = {PUBLICATION: tuple(PRIMARY_KEYS), STREAM_PUBLICATION: ("customers", "orders", "stream_tracer")}
"""The tables of each publication."""
_SLOT_SECONDS = 60


class ShopError(Exception):
    """The shop cannot do what was asked; the message says what to do."""


@dataclass(frozen=True)
class ShopDay:
    """What the database remembers about itself."""

    seed: int
    orders_per_year: int
    day: dt.date


class ShopDatabase:
    """Changes the shop's tables over one connection; nothing is committed until the caller commits."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def remembered(self) -> ShopDay | None:
        """The shop's day and size, locked until the transaction ends; None for an empty database."""
        found = self._connection.execute("select to_regclass('shop_internal.calendar')").fetchone()
        if found is None or found[0] is None:
            return None
        query = "select seed, orders_per_year, day from shop_internal.calendar for update"
        row = self._connection.execute(query).fetchone()
        if row is None:
            return None
        return ShopDay(*row)

    def create_tables(self) -> None:
        """Tables that are missing, without keys: filling first and indexing afterwards halves the time."""
        self._connection.execute(_TABLES_SQL.read_text(encoding="utf-8"))

    def create_keys(self) -> None:
        self._connection.execute(_KEYS_SQL.read_text(encoding="utf-8"))

    def has_table(self, table: str) -> bool:
        """True if the table exists; a shop that an earlier release opened may lack one."""
        row = self._connection.execute("select to_regclass(%s)", (table,)).fetchone()
        return row is not None and row[0] is not None

    def publish(self) -> frozenset[str]:
        """Publish the changes of the tables for capture; the publications that lacked a table until now."""
        return frozenset(name for name, tables in PUBLISHED.items() if self._publish(name, tables))

    def keep_changes(self) -> None:
        """Create the replication slot: from now on PostgreSQL keeps the log for the reader of the changes.

        Uses a transaction of its own, because PostgreSQL cannot create a slot in one that has written. An
        existing slot with that name stays as it is. Raises ShopError if PostgreSQL cannot create it.
        """
        try:
            with self._connection.transaction():
                self._connection.execute(
                    "select set_config('statement_timeout', %s, true)", (f"{_SLOT_SECONDS}s",)
                )
                self._connection.execute(
                    """
                    select pg_create_logical_replication_slot(%(slot)s, 'pgoutput')
                    where not exists (select from pg_replication_slots where slot_name = %(slot)s)
                    """,
                    {"slot": REPLICATION_SLOT},
                )
        except (psycopg.errors.QueryCanceled, psycopg.errors.ConfigurationLimitExceeded) as error:
            raise ShopError(
                f"The shop is ready, but not its replication slot {REPLICATION_SLOT}: {str(error).strip()}."
                f" For {_SLOT_SECONDS} s, PostgreSQL waited for running transactions (pg_stat_activity) to"
                " end. You need not do anything: the first sync that captures changes creates the slot too"
            ) from error

    def remember(self, day: ShopDay) -> None:
        self._connection.execute(
            """
            insert into shop_internal.calendar (only_row, seed, orders_per_year, day)
            values (true, %s, %s, %s)
            on conflict (only_row) do update set day = excluded.day, advanced_at = now()
            """,
            (day.seed, day.orders_per_year, day.day),
        )

    def remember_live(self) -> None:
        """Note that the shop was open: from then on it holds changes of the present."""
        self._connection.execute(
            "create table if not exists shop_internal.live (only_row boolean primary key check (only_row))"
        )
        self._connection.execute("insert into shop_internal.live values (true) on conflict do nothing")

    def open_shops_clock(self) -> dt.datetime | None:
        """What time it is in a shop that was ever open (UTC, without a zone); None in any other."""
        if not self.has_table("shop_internal.live"):
            return None
        row = self._connection.execute("select clock_timestamp() at time zone 'UTC'").fetchone()
        return row[0] if row else None

    def fill(self, table: str, rows: pa.Table) -> int:
        """COPY rows into a table that contains none of them yet."""
        return self._copy(sql.Identifier(table), rows)

    def merge(self, table: str, rows: pa.Table, written_at: dt.datetime | None = None) -> int:
        """Insert rows, or replace those with the same key.

        Args:
            written_at: the least `updated_at` of the rows; None leaves it as it is.
        """
        if rows.num_rows == 0:
            return 0
        incoming, target = sql.Identifier(f"incoming_{table}"), sql.Identifier(table)
        self._connection.execute(
            sql.SQL("create temp table if not exists {} (like {}) on commit drop").format(incoming, target)
        )
        self._connection.execute(sql.SQL("truncate {}").format(incoming))
        self._copy(incoming, rows)
        if written_at is not None and "updated_at" in rows.column_names:
            self._connection.execute(
                sql.SQL("update {} set updated_at = greatest(updated_at, %s)").format(incoming), (written_at,)
            )
        changes = sql.SQL(", ").join(
            sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in rows.column_names
        )
        self._connection.execute(
            sql.SQL("insert into {} select * from {} on conflict ({}) do update set {}").format(
                target, incoming, _key(table), changes
            )
        )
        return rows.num_rows

    def delete(self, table: str, keys: Sequence[tuple[Any, ...]]) -> int:
        """Delete the rows with these keys for good; returns how many there were."""
        if not keys:
            return 0
        values = sql.SQL(", ").join([sql.Placeholder()] * len(PRIMARY_KEYS[table]))
        statement = sql.SQL("delete from {} where ({}) = ({})").format(
            sql.Identifier(table), _key(table), values
        )
        with self._connection.cursor() as cursor:
            cursor.executemany(statement, keys)
            return cursor.rowcount

    def analyze(self) -> None:
        for table in PRIMARY_KEYS:
            self._connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))

    def counts(self) -> dict[str, int]:
        """Rows per table."""
        found = {}
        for table in PRIMARY_KEYS:
            query = sql.SQL("select count(*) from {}").format(sql.Identifier(table))
            row = self._connection.execute(query).fetchone()
            found[table] = int(row[0]) if row else 0
        return found

    def _publish(self, publication: str, tables: Sequence[str]) -> bool:
        query = "select 1 from pg_publication where pubname = %s"
        exists = self._connection.execute(query, (publication,)).fetchone() is not None
        query = "select tablename from pg_publication_tables where pubname = %s"
        published = {name for (name,) in self._connection.execute(query, (publication,))}
        missing = [sql.Identifier(table) for table in tables if table not in published]
        if not missing:
            return False
        statement = "alter publication {} add table {}" if exists else "create publication {} for table {}"
        name = sql.Identifier(publication)
        self._connection.execute(sql.SQL(statement).format(name, sql.SQL(", ").join(missing)))
        return True

    def _copy(self, table: sql.Identifier, rows: pa.Table) -> int:
        statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(
            table, sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
        )
        sink = pa.BufferOutputStream()
        pa_csv.write_csv(rows, sink, pa_csv.WriteOptions(include_header=False, quoting_style="needed"))
        with self._connection.cursor().copy(statement) as copy:
            copy.write(memoryview(sink.getvalue()))
        return rows.num_rows


def _key(table: str) -> sql.Composed:
    """The key's columns, as a list."""
    return sql.SQL(", ").join(map(sql.Identifier, PRIMARY_KEYS[table]))
