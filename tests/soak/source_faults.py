"""What the source's rows and columns do to a date."""

from __future__ import annotations

from tests.soak.dates import Date


def rows_break_the_contract(date: Date) -> None:
    """Negative amounts, unknown states, dates out of range; the day after, they are mended."""
    broken = {"amount": "-1", "status": "'lost'", "order_date": "'1900-01-01'", "quantity": "0"}
    for number, (column, value) in enumerate(sorted(broken.items())):
        _insert_order(date, 9_000_000 + date.ordinal * 10 + number, **{column: value})


def rows_are_mended(date: Date) -> None:
    """All rows that broke the contract so far are changed at the source."""
    moment = f"{date.day} 23:59:59.75"
    date.platform.history.execute(
        "update orders set amount = 5, status = 'pending', order_date = '2024-10-17', quantity = 1, "
        f"updated_at = '{moment}' where order_id >= 9000000"
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


def _insert_order(date: Date, order_id: int, **broken: str) -> None:
    values = {
        "order_id": str(order_id),
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
        "on conflict (order_id) do nothing"
    )
