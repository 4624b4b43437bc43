"""The shop's history as a pure function: no database, thousands of rows in milliseconds."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from embedded.shop.calendar import OPENING_DAY, Calendar, end_of
from embedded.shop.customers import Customers
from embedded.shop.marketing import batch_text
from embedded.shop.orders import LONGEST_LIFE_DAYS, Orders
from embedded.shop.products import Assortment
from embedded.shop.stock import StockLevels

YEAR_END = dt.date(2025, 10, 16)
LATER = dt.date(2026, 2, 1)
DAY = dt.timedelta(days=1)
CALENDAR = Calendar(orders_per_year=20_000)


def all_orders(calendar: Calendar = CALENDAR, until: dt.date = LATER) -> Orders:
    return Orders(calendar, 1, calendar.orders_until(until))


def micros(column: pa.ChunkedArray) -> np.ndarray:
    return column.cast(pa.int64()).to_numpy()


@pytest.mark.parametrize("orders_per_year", [50, 1000, 100_000])
def test_the_first_year_has_exactly_the_orders_asked_for(orders_per_year: int) -> None:
    calendar = Calendar(orders_per_year=orders_per_year)
    assert calendar.orders_until(YEAR_END) == orders_per_year
    assert calendar.customers_until(YEAR_END) == max(10, orders_per_year // 10)


def test_the_same_rate_goes_on_after_the_first_year() -> None:
    next_year = CALENDAR.orders_until(YEAR_END + dt.timedelta(days=365)) - CALENDAR.orders_until(YEAR_END)
    assert 19_000 < next_year < 21_000


def test_the_same_seed_gives_the_same_rows_and_another_seed_does_not() -> None:
    until = end_of(YEAR_END)
    rows = all_orders().rows_changed(0, until)
    again = all_orders(Calendar(orders_per_year=20_000)).rows_changed(0, until)
    other = all_orders(Calendar(seed=7, orders_per_year=20_000)).rows_changed(0, until)
    assert rows.equals(again)
    assert not rows.equals(other)


def test_rows_do_not_depend_on_the_range_they_are_generated_in() -> None:
    until = end_of(YEAR_END)
    whole = Orders(CALENDAR, 1, 3000).rows_changed(0, until)
    parts = [Orders(CALENDAR, first, first + 999).rows_changed(0, until) for first in (1, 1001, 2001)]
    assert whole.equals(pa.concat_tables(parts).combine_chunks())


@pytest.mark.parametrize("day", [OPENING_DAY, dt.date(2025, 3, 1), YEAR_END, LATER])
def test_a_row_changed_on_a_day_has_its_updated_at_within_that_day(day: dt.date) -> None:
    since, until = end_of(day - DAY), end_of(day)
    tables = [
        all_orders(until=day).rows_changed(since, until),
        all_orders(until=day).shipments_changed(since, until),
        Customers(CALENDAR).rows_changed(1, CALENDAR.customers_until(day), since, until),
    ]
    for table in tables[:1] + tables[2:]:
        assert table.num_rows > 0
    for table in tables:
        updated = micros(table["updated_at"])
        assert ((updated >= since) & (updated < until)).all()


def test_every_order_has_a_positive_amount_that_is_price_times_quantity() -> None:
    rows = all_orders().rows_changed(0, end_of(LATER))
    assert pc.min(rows["amount"]).as_py() > 0
    products = pc.multiply(rows["unit_price"], rows["quantity"].cast(pa.decimal128(10, 0)))
    assert pc.all(pc.equal(products, rows["amount"])).as_py()


def test_nothing_happens_to_an_order_after_its_longest_life() -> None:
    orders, limit = all_orders(), LONGEST_LIFE_DAYS * 86_400_000_000
    for moments in (orders.settled, orders.refunded, orders.corrected, orders.deleted):
        happens = moments < 2**62
        assert happens.any()
        assert (moments - orders.created)[happens].max() < limit
    for moments in (orders.shipped, orders.delivered, orders.returned):
        happens = moments < 2**62
        assert happens.any()
        assert (moments - orders.created)[happens].max() < limit


def test_statuses_deletions_and_late_updates_all_occur() -> None:
    rows = all_orders().rows_changed(0, end_of(LATER))
    assert set(pc.unique(rows["status"]).to_pylist()) == {"pending", "completed", "cancelled", "refunded"}
    assert rows["deleted_at"].null_count < rows.num_rows
    late = micros(rows["updated_at"]) - micros(rows["created_at"]) > 20 * 86_400_000_000
    assert late.any()
    shipments = all_orders().shipments_changed(0, end_of(LATER))
    assert set(pc.unique(shipments["status"]).to_pylist()) == {"in_transit", "delivered", "returned"}


def test_orders_are_placed_by_present_customers_for_products_on_sale() -> None:
    orders = all_orders()
    rows = orders.rows_changed(0, end_of(LATER))
    created = micros(rows["created_at"])
    customers, products = rows["customer_id"].to_numpy(), rows["product_id"].to_numpy()
    book, assortment = Customers(CALENDAR), Assortment(CALENDAR)
    assert (CALENDAR.customer_moments(customers) < created).all()
    assert (book.erased(customers) > created).all()
    assert (assortment.created(products) < created).all()
    assert (assortment.discontinued(products) > created).all()


def test_an_erased_customer_leaves_no_personal_data() -> None:
    rows = Customers(CALENDAR).rows_changed(1, CALENDAR.customers_until(LATER), 0, end_of(LATER))
    erased = rows.filter(pc.is_valid(rows["deleted_at"]))
    assert erased.num_rows > 0
    assert pc.unique(erased["name"]).to_pylist() == ["Erased Customer"]
    assert erased["phone"].null_count == erased["address"].null_count == erased.num_rows
    assert all(mail.endswith("@erased.invalid") for mail in erased["email"].to_pylist())


def test_products_are_removed_for_good_after_they_were_discontinued() -> None:
    assortment = Assortment(CALENDAR)
    removed = assortment.ids_removed(0, end_of(LATER))
    kept = assortment.rows_changed(0, end_of(LATER))["product_id"].to_pylist()
    assert len(removed) > 0
    assert not set(removed.tolist()) & set(kept)
    assert len(removed) + len(kept) == assortment.known_until(LATER)


def test_every_day_has_a_marketing_batch_with_positive_amounts() -> None:
    lines = batch_text(CALENDAR, YEAR_END).splitlines()
    assert lines[0] == "spend_date,channel,amount"
    assert len(lines) == 7
    assert all(line.startswith("2025-10-16,") and float(line.split(",")[2]) > 0 for line in lines[1:])


def stock_on(day: dt.date) -> dict[tuple[int, str], tuple[int, int]]:
    rows = StockLevels(CALENDAR).rows_at(day).to_pylist()
    by_key = {
        (row["product_id"], row["warehouse"]): (row["units_on_hand"], row["reorder_point"]) for row in rows
    }
    assert len(by_key) == len(rows) > 0
    return by_key


def test_each_day_changes_adds_and_deletes_some_stock_and_leaves_the_rest() -> None:
    days = [YEAR_END + number * DAY for number in range(15)]
    for before, after in itertools.pairwise(days):
        old, new = stock_on(before), stock_on(after)
        kept = old.keys() & new.keys()
        assert old.keys() - new.keys()
        assert new.keys() - old.keys()
        assert any(old[key] != new[key] for key in kept)
        assert any(old[key] == new[key] for key in kept)


@pytest.mark.parametrize("days", [1, 9, 40])
def test_changed_and_removed_stock_lead_from_one_day_to_the_other(days: int) -> None:
    since, until = YEAR_END, YEAR_END + days * DAY
    levels = StockLevels(CALENDAR)
    held = stock_on(since)
    for key in levels.keys_removed(since, until):
        del held[key]
    changed = levels.rows_changed(since, until).to_pylist()
    assert changed
    for row in changed:
        key, values = (row["product_id"], row["warehouse"]), (row["units_on_hand"], row["reorder_point"])
        assert held.get(key) != values, "nothing is written that did not change"
        held[key] = values
    assert held == stock_on(until)


def test_only_products_on_sale_have_stock_and_no_count_is_negative() -> None:
    assortment = Assortment(CALENDAR)
    for day in (OPENING_DAY, YEAR_END, LATER):
        stock = stock_on(day)
        on_sale = set(assortment.ids_on_sale(end_of(day)).tolist())
        assert {product for product, _ in stock} <= on_sale
        assert all(units >= 0 and reorder > 0 for units, reorder in stock.values())
        assert {warehouse for _, warehouse in stock} == {"Dallas", "Newark", "Reno"}
