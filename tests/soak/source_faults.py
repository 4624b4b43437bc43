"""What the source's rows and columns do to a date: before it is extracted, or only while it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from testing.fault_proxy import fault_proxy
from tests.soak.dates import Date

_MENDED_FROM: Final = 9_000_000
"""Orders that the faults add are numbered from here; those that break the contract are fixed some day."""
_PASSING: Final = 9_700_000
"""Orders that are there while the date is extracted only."""
_ZONES: Final = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "UTC")

# Before the extract: the snapshot of the date has it


def rows_break_the_contract(date: Date) -> None:
    """Negative amounts, unknown states, dates out of range; the day after, they are fixed."""
    broken = {"amount": "-1", "status": "'lost'", "order_date": "'1900-01-01'", "quantity": "0"}
    for number, (column, value) in enumerate(sorted(broken.items())):
        _insert_order(date, _MENDED_FROM + date.ordinal * 10 + number, **{column: value})


def rows_are_mended(date: Date) -> None:
    """All rows that broke the contract so far are changed at the source."""
    moment = f"{date.day} 23:59:59.75"
    date.platform.history.execute(
        "update orders set amount = 5, status = 'pending', order_date = '2024-10-17', quantity = 1, "
        f"updated_at = '{moment}' where order_id >= {_MENDED_FROM}"
    )


def text_is_strange(date: Date) -> None:
    """Emoji, quotes, line ends, combining characters, and a megabyte of text in one value."""
    date.platform.history.execute(
        "update customers set name = %(name)s, address = %(long)s, updated_at = %(moment)s where "
        "customer_id = (select min(customer_id) + %(step)s from customers)",
        {
            "name": f'\U0001f642 "x";\n\t\\N é e\u0301 {date.ordinal}',
            "long": "ü" * 1_000_000,
            "moment": f"{date.day} 23:59:59.5",
            "step": date.ordinal % 5,
        },
    )


def clocks_change(date: Date) -> None:
    """The source gets another time zone, and orders of the hours that its clocks skip and repeat."""
    zone = date.dice.choice(_ZONES)
    date.platform.history.execute(f"alter role current_user set timezone to '{zone}'")
    for number, moment in enumerate(("2024-03-31 02:30", "2024-10-27 02:30:00.000001", "2024-11-03 01:30")):
        _insert_order(date, 9_500_000 + date.ordinal * 10 + number, created_at=f"'{moment}'")


def column_is_added(date: Date) -> None:
    """The source grows a column that no contract knows."""
    date.platform.history.execute("alter table orders add column if not exists coupon text")


def column_is_dropped(date: Date) -> None:
    """The column goes again."""
    date.platform.history.execute("alter table orders drop column if exists coupon")


def column_is_retyped(date: Date) -> None:
    """An integer becomes a wider one, or the decimal a free one."""
    kinds = {"quantity": ("bigint", "integer"), "unit_price": ("numeric", "numeric(12, 2)")}
    column = date.dice.choice(sorted(kinds))
    kind = date.dice.choice(kinds[column])
    date.platform.history.execute(f"alter table orders alter column {column} type {kind}")


# While the date is extracted: its snapshot has it not


def keys_are_missing_and_double(date: Date) -> None:
    """The table loses its key and gets a row without one, a row twice, and prices past precision."""
    moment = f"'{date.day} 00:00:00.5'"
    first = _PASSING + date.ordinal * 10
    numbers = ("1.005", "12345678901234.5", "'NaN'")
    with _altered(
        date,
        # Its deletions are published, and without a key PostgreSQL must be told how to.
        "drop constraint orders_pkey, alter column order_id drop not null, "
        "alter column unit_price type numeric, replica identity full",
        "alter column unit_price type numeric(12, 2), add primary key (order_id), replica identity default",
        clean_up=f"delete from orders where updated_at = {moment}",
    ):
        _insert_order(date, None, updated_at=moment)
        date.platform.history.execute(
            "insert into orders select order_id, customer_id, product_id, order_date, 7, unit_price, amount, "
            f"status, created_at, {moment} from orders where updated_at > {moment} order by order_id limit 1"
        )
        for number, price in enumerate(numbers):
            _insert_order(date, first + number, unit_price=price, updated_at=moment)
        date.extract("postgres")
    unsound = {(None,), *((first + number,) for number in range(len(numbers)))}
    date.platform.history.was_sent("orders", date.day, set(), unsound)


def column_becomes_text(date: Date) -> None:
    """A number is text for a while."""
    with _altered(
        date,
        "alter column quantity type text",
        "alter column quantity type integer using quantity::integer",
    ):
        date.extract("postgres")


def api_answers_strangely(date: Date) -> None:
    """The API sends records without a key, twice, with a key past bigint, with NUL in a text, with a zone."""
    sent: list[dict[str, Any]] = []
    first = _PASSING + date.ordinal * 10

    def with_strange_records(line: str, body: bytes) -> bytes:
        if "/shipments" not in line or "page_token=" in line:
            return body
        answer = json.loads(body)
        moment = answer["data"][0]["updated_at"]
        good = {
            "shipment_id": first,
            "order_id": 1,
            "carrier": "N\x00UL \U0001f642",
            "status": "delivered",
            "shipped_at": "2024-03-31T02:30:00.000001",
            "delivered_at": None,
            "updated_at": moment,
        }
        sent[:] = [good]
        answer["data"] += [
            good,
            good,
            good | {"shipment_id": None},
            good | {"shipment_id": 2**63},
            good | {"shipment_id": first + 1, "shipped_at": "2024-10-27T02:30:00+02:00"},
        ]
        return json.dumps(answer).encode()

    with fault_proxy(date.platform.stack.environ["SHOP_API_URL"]) as proxy:
        proxy.rewrite = with_strange_records
        with date.platform.configured("sources", "shop_api", base_url=proxy.url):
            date.extract("api")
    [record] = sent
    times = {
        name: record[name] and datetime.fromisoformat(record[name])
        for name in ("shipped_at", "delivered_at", "updated_at")
    }
    row = tuple((record | times).values())
    date.platform.history.was_sent("shipments", date.day, {row}, {(None,), (first + 1,)})


@contextmanager
def _altered(date: Date, change: str, back: str, clean_up: str = "") -> Iterator[None]:
    """The table orders in another shape for a while."""
    date.platform.history.execute(f"alter table orders {change}")
    try:
        yield
    finally:
        if clean_up:
            date.platform.history.execute(clean_up)
        date.platform.history.execute(f"alter table orders {back}")


def _insert_order(date: Date, order_id: int | None, **broken: str) -> None:
    values = {
        "order_id": "null" if order_id is None else str(order_id),
        "customer_id": "1",
        "product_id": "1",
        "order_date": f"'{date.day}'",
        "quantity": "1",
        "unit_price": "5",
        "amount": "5",
        "status": "'pending'",
        "created_at": f"'{date.day} 12:00'",
        "updated_at": f"'{date.day} 23:59:59.25'",
    } | broken
    date.platform.history.execute(
        f"insert into orders ({', '.join(values)}) values ({', '.join(values.values())}) "
        "on conflict do nothing"
    )
