"""The open shop's changes as SQL: one statement per kind, whatever their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import psycopg

from embedded.shop.live_changes import Changes, ShopNow
from embedded.shop.words import CITIES, FIRST_NAMES, LAST_NAMES, STREETS

_NOW: Final = "clock_timestamp() at time zone 'UTC'"
_TODAY: Final = "(clock_timestamp() at time zone 'UTC')::date"
_MOST_DATED: Final = 20_000
"""Orders of the dated shop that may be corrected: the newest."""
_MOST_CUSTOMERS: Final = 20_000

INSERT_ORDERS: Final = f"""
insert into orders (order_id, customer_id, product_id, order_date, quantity, unit_price, amount, status,
                    created_at, updated_at)
select o.order_id, o.customer_id, o.product_id, {_TODAY} - o.days_ago, o.quantity, o.unit_price,
       o.unit_price * o.quantity, o.status, moment.at, moment.at
from unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::numeric[], %s::text[])
     as o (order_id, customer_id, product_id, days_ago, quantity, unit_price, status),
     (select {_NOW} as at) as moment
"""
UPDATE_STATUS: Final = f"""
update orders set status = c.status, updated_at = {_NOW}
from unnest(%s::bigint[], %s::text[]) as c (order_id, status)
where orders.order_id = c.order_id
"""
MOVE_DATE: Final = f"""
update orders set order_date = least(order_date + c.days, {_TODAY}), updated_at = {_NOW}
from unnest(%s::bigint[], %s::int[]) as c (order_id, days)
where orders.order_id = c.order_id
"""
CORRECT_QUANTITY: Final = f"""
update orders set quantity = c.quantity, amount = unit_price * c.quantity, updated_at = {_NOW}
from unnest(%s::bigint[], %s::int[]) as c (order_id, quantity)
where orders.order_id = c.order_id
"""
SOFT_DELETE: Final = f"""
update orders set deleted_at = {_NOW}, updated_at = {_NOW} where order_id = any(%s::bigint[])
"""
HARD_DELETE: Final = "delete from orders where order_id = any(%s::bigint[])"
INSERT_CUSTOMERS: Final = f"""
insert into customers (customer_id, name, email, address, city, state, zip_code, created_at, updated_at)
select c.customer_id, c.name, 'live-' || c.customer_id || '@example.com', c.address, c.city, c.state, c.zip,
       {_NOW}, {_NOW}
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
     as c (customer_id, name, address, city, state, zip)
"""
NEW_ADDRESS: Final = f"""
update customers set address = c.address, updated_at = {_NOW}
from unnest(%s::bigint[], %s::text[]) as c (customer_id, address)
where customers.customer_id = c.customer_id
"""

Connection = psycopg.Connection[tuple[Any, ...]]


def apply(connection: Connection, changes: Changes) -> None:
    """Make the changes in one transaction. Raises what psycopg raises; nothing has happened then."""
    with connection.transaction(), connection.cursor() as cursor:
        for statement, columns in _statements(changes):
            if columns[0]:
                cursor.execute(statement, columns)


def read_shop(connection: Connection, first_id: int) -> ShopNow:
    """What the shop holds; orders and customers numbered from `first_id` are the open shop's own."""

    def rows(query: str, *values: Any) -> list[tuple[Any, ...]]:
        return connection.execute(query, values).fetchall()

    live = rows(
        "select order_id, status from orders where order_id >= %s and deleted_at is null order by order_id",
        first_id,
    )
    dated = rows(
        "select order_id from orders where order_id < %s and deleted_at is null"
        " order by order_id desc limit %s",
        first_id,
        _MOST_DATED,
    )
    customers = rows(
        "select customer_id from customers where deleted_at is null order by customer_id limit %s",
        _MOST_CUSTOMERS,
    )
    products = rows("select product_id, unit_price::text from products where active order by product_id")
    [(next_order,)] = rows("select greatest(coalesce(max(order_id) + 1, 0), %s) from orders", first_id)
    [(next_customer,)] = rows(
        "select greatest(coalesce(max(customer_id) + 1, 0), %s) from customers", first_id
    )
    return ShopNow(
        [(int(number), str(status)) for number, status in live],
        [int(number) for (number,) in dated],
        [int(number) for (number,) in customers],
        [(int(number), str(price)) for number, price in products],
        int(next_order),
        int(next_customer),
    )


def _statements(changes: Changes) -> list[tuple[str, Sequence[list[Any]]]]:
    orders = changes.orders
    return [
        (INSERT_CUSTOMERS, _customers(changes.customers)),
        (
            INSERT_ORDERS,
            (
                [order.order_id for order in orders],
                [order.customer_id for order in orders],
                [order.product_id for order in orders],
                [order.days_ago for order in orders],
                [order.quantity for order in orders],
                [order.unit_price for order in orders],
                [order.status for order in orders],
            ),
        ),
        (UPDATE_STATUS, _pairs(changes.statuses)),
        (MOVE_DATE, _pairs(changes.moves)),
        (CORRECT_QUANTITY, _pairs(changes.quantities)),
        (SOFT_DELETE, (sorted(changes.soft_deleted),)),
        (HARD_DELETE, (sorted(changes.hard_deleted),)),
        (NEW_ADDRESS, _addresses(changes.addresses)),
    ]


def _pairs(changes: dict[int, Any]) -> tuple[list[int], list[Any]]:
    return list(changes), list(changes.values())


def _addresses(changes: dict[int, int]) -> tuple[list[int], list[str]]:
    return list(changes), [f"{house} {STREETS[house % len(STREETS)]}" for house in changes.values()]


def _customers(numbers: list[int]) -> tuple[list[Any], ...]:
    cities = [CITIES[number % len(CITIES)] for number in numbers]
    return (
        numbers,
        [f"{FIRST_NAMES[n % len(FIRST_NAMES)]} {LAST_NAMES[n // 7 % len(LAST_NAMES)]}" for n in numbers],
        [f"{n % 3999 + 1} {STREETS[n % len(STREETS)]}" for n in numbers],
        [city[0] for city in cities],
        [city[1] for city in cities],
        [f"{city[2]:05d}" for city in cities],
    )
