"""A table that is altered in mid-stream: what the next sync makes of it is named, the values stay right."""

from __future__ import annotations

from typing import Any

import pytest

from testing.lakehouse.captured_shop import CapturedShop

TOUCH = "update orders set quantity = quantity + 1 where order_id <= 3"


def with_own_columns(rows: dict[Any, dict[str, Any]], left_out: str = "") -> dict[Any, dict[str, Any]]:
    return {
        key: {name: value for name, value in row.items() if name != left_out} for key, row in rows.items()
    }


def test_a_new_column_enters_landing_and_is_named(captured: CapturedShop) -> None:
    captured.run("alter table orders add column channel text", TOUCH)
    captured.run("update orders set channel = 'shop' where order_id = 1")
    assert captured.sync().rows == 4
    built, unexpected = captured.to_bronze("orders")
    assert list(unexpected) == ["channel"], "the contract ignores it, and says so"
    assert (built.rows_loaded, built.rows_quarantined) == (3, 0)
    landed = captured.newest("orders")
    assert landed[1]["channel"] == "shop"
    assert landed[1]["quantity"] == captured.source_rows("orders")[1]["quantity"]
    # With a default, the rows that are there have changed without a line in the log.
    captured.run("alter table orders add column place text default 'here'")
    job = captured.sync()
    assert "orders: all rows are read again" in captured.log(job)
    assert captured.newest("orders") == captured.source_rows("orders")
    built, unexpected = captured.to_bronze("orders")
    assert list(unexpected) == ["channel", "place"]
    assert (built.rows_loaded, built.rows_quarantined) == (len(captured.source_rows("orders")) + 1, 0)
    assert captured.landed("customers", only_new=True) == [], "only the altered table is read again"


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        ("alter table orders drop column unit_price", "unit_price"),
        ("alter table orders rename column amount to amount_gross", "amount"),
    ],
)
def test_without_a_column_of_the_contract_no_row_passes_and_the_column_is_named(
    captured: CapturedShop, statement: str, missing: str
) -> None:
    captured.run(statement, TOUCH)
    captured.sync()
    source = captured.source_rows("orders")
    assert with_own_columns(captured.newest("orders"), missing).keys() == source.keys()
    built, _ = captured.to_bronze("orders")
    assert set(built.reasons) == {missing}
    assert built.rows_quarantined >= 3
    assert built.rows_quarantined == sum(built.reasons.values())


def test_a_column_that_changes_its_type_is_read_as_what_it_says(captured: CapturedShop) -> None:
    """What is a whole number is taken as one; what is not is refused by name, and nothing is rounded."""
    captured.run("alter table orders alter column quantity type bigint", TOUCH)
    captured.sync()
    built, _ = captured.to_bronze("orders")
    assert (built.rows_loaded, built.rows_quarantined) == (3, 0)
    captured.run(
        "alter table orders alter column quantity type numeric(10,2)",
        "update orders set quantity = 2.50 where order_id = 1",
        "update orders set quantity = 3 where order_id = 2",
    )
    captured.sync()
    built, _ = captured.to_bronze("orders")
    assert built.reasons == {"quantity": 1}
    assert built.rows_loaded == 1
    assert captured.newest("orders")[2]["quantity"] == 3
    captured.run(
        "alter table orders alter column quantity type bigint using round(quantity)",
        "update orders set quantity = 3000000000 where order_id = 1",
        TOUCH.replace("<= 3", "= 2"),
    )
    captured.sync()
    built, _ = captured.to_bronze("orders")
    assert (built.rows_loaded, built.reasons) == (1, {"quantity": 1})


def test_another_table_of_the_name_replaces_all_rows(captured: CapturedShop) -> None:
    captured.run(
        "create table fresh (like orders including all)",
        "insert into fresh select * from orders where order_id in (2, 3)",
        "drop table orders",
        "alter table fresh rename to orders",
        f"alter publication {captured.publication} add table orders",
    )
    job = captured.sync()
    assert "orders: all rows are read again: it is another table" in captured.log(job)
    assert captured.newest("orders") == captured.source_rows("orders")
    assert len(captured.newest("orders")) == 2
    built, _ = captured.to_bronze("orders")
    assert built.truncated_at is not None, "the rows that landed before are gone"


def test_a_table_that_is_away_stops_the_sync_by_name_and_loses_nothing(captured: CapturedShop) -> None:
    captured.run("alter table orders rename to orders_away", TOUCH.replace("orders", "orders_away"))
    job = captured.try_sync()
    assert job.raw_state == "failed"
    failure = captured.failure(job)
    assert failure.is_configuration
    assert "no table orders" in failure.reason
    captured.run("alter table orders_away rename to orders", "delete from orders where order_id = 9")
    captured.sync()
    assert captured.newest("orders") == captured.source_rows("orders")
    captured.run("drop table stream_tracer")
    failure = captured.failure(captured.try_sync())
    assert failure.is_configuration
    assert "no table stream_tracer" in failure.reason


def test_without_its_key_a_table_is_refused_with_the_statement_to_run(captured: CapturedShop) -> None:
    captured.run("alter table orders drop constraint orders_pkey")
    failure = captured.failure(captured.try_sync())
    assert failure.is_configuration
    assert "REPLICA IDENTITY FULL" in failure.reason
    captured.run("alter table orders replica identity full", "delete from orders where order_id = 4")
    captured.sync()
    assert captured.newest("orders") == captured.source_rows("orders")
