"""Moves the shop to the end of a day: everything that happened since its last day, in one transaction."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from embedded.shop.calendar import DEFAULT_ORDERS_PER_YEAR, DEFAULT_SEED, OPENING_DAY, Calendar, end_of
from embedded.shop.customers import Customers
from embedded.shop.database import PUBLICATION, ShopDatabase, ShopDay, ShopError
from embedded.shop.marketing import write_batches
from embedded.shop.orders import LONGEST_LIFE_DAYS, Orders
from embedded.shop.products import Assortment
from embedded.shop.stock import StockLevels

_CHUNK = 250_000
"""Rows generated at a time; this limits memory to a few hundred MB, however long the history is."""


@dataclass
class Advance:
    """What an advance did: the shop's day before (None if it was empty) and after, rows written per table."""

    before: dt.date | None
    day: dt.date
    written: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    """Rows deleted for good, per table."""
    batches: int = 0

    @property
    def nothing_to_do(self) -> bool:
        return self.before is not None and self.before >= self.day


def advance(
    connection: psycopg.Connection[tuple[Any, ...]],
    to: dt.date,
    csv_folder: Path,
    orders_per_year: int | None = None,
    seed: int = DEFAULT_SEED,
) -> Advance:
    """Bring the shop to the end of day `to`; a day before the shop's current one changes nothing.

    If `orders_per_year` is None, an existing shop keeps its size and a new one gets the default.
    Raises ShopError for a day before the opening, and for a size other than the existing shop's.
    """
    if to < OPENING_DAY:
        raise ShopError(f"The shop opened on {OPENING_DAY}, after {to}. Choose that day or a later one.")
    if orders_per_year is not None and orders_per_year < 1:
        raise ShopError(f"ORDERS must be a positive number of orders per year, not {orders_per_year}.")
    database = ShopDatabase(connection)
    with connection.transaction():
        remembered = database.remembered()
        if remembered is not None:
            _require_same_size(remembered, orders_per_year)
            seed, orders_per_year = remembered.seed, remembered.orders_per_year
        calendar = Calendar(seed, orders_per_year or DEFAULT_ORDERS_PER_YEAR)
        result = Advance(remembered.day if remembered else None, to)
        has_stock = database.has_table("stock_levels")
        database.create_tables()
        if remembered is not None and not has_stock:  # a shop that an earlier release opened
            database.fill("stock_levels", StockLevels(calendar).rows_at(remembered.day))
        if not result.nothing_to_do:
            _write_changes(database, calendar, result)
            if remembered is None:
                database.create_keys()
                database.analyze()
            first_batch = remembered.day + dt.timedelta(days=1) if remembered else OPENING_DAY
            result.batches = write_batches(calendar, csv_folder, first_batch, to)
            database.remember(ShopDay(calendar.seed, calendar.orders_per_year, to))
        newly_published = database.publish()
    if PUBLICATION in newly_published:
        database.keep_changes()
    return result


def _require_same_size(remembered: ShopDay, orders_per_year: int | None) -> None:
    if orders_per_year is not None and orders_per_year != remembered.orders_per_year:
        raise ShopError(
            f"This shop was opened with ORDERS={remembered.orders_per_year}, not {orders_per_year}."
            " Leave ORDERS out, or start over: run `make reset`, which deletes the platform's state."
        )


def _write_changes(database: ShopDatabase, calendar: Calendar, result: Advance) -> None:
    """Write every row whose last change lies after the shop's previous day.

    In a shop that was open, `updated_at` is the present: a reader by that column has passed the day already.
    """
    fresh = result.before is None
    write = database.fill if fresh else partial(database.merge, written_at=database.open_shops_clock())
    since = 0 if result.before is None else end_of(result.before)
    until = end_of(result.day)

    customers = Customers(calendar)
    written = dict.fromkeys(("customers", "products", "orders", "shipments", "stock_levels"), 0)
    for first, last in _chunks(1, calendar.customers_until(result.day)):
        written["customers"] += write("customers", customers.rows_changed(first, last, since, until))

    assortment = Assortment(calendar)
    removed = [(number,) for number in assortment.ids_removed(since, until).tolist()]
    result.deleted["products"] = database.delete("products", removed)
    written["products"] = write("products", assortment.rows_changed(since, until))

    stock = StockLevels(calendar)
    if result.before is not None:
        sold_out = stock.keys_removed(result.before, result.day)
        result.deleted["stock_levels"] = database.delete("stock_levels", sold_out)
    written["stock_levels"] = write("stock_levels", stock.rows_changed(result.before, result.day))

    oldest_alive = 1
    if result.before is not None:
        oldest_alive += calendar.orders_until(result.before - dt.timedelta(days=LONGEST_LIFE_DAYS))
    for first, last in _chunks(oldest_alive, calendar.orders_until(result.day)):
        orders = Orders(calendar, first, last)
        written["orders"] += write("orders", orders.rows_changed(since, until))
        written["shipments"] += write("shipments", orders.shipments_changed(since, until))
    result.written = written


def _chunks(first: int, last: int) -> list[tuple[int, int]]:
    return [(start, min(start + _CHUNK - 1, last)) for start in range(first, last + 1, _CHUNK)]
