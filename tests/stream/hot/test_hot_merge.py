"""Of each key the newest version stays in the hot table, however its batches come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import count, permutations
from typing import Any

import pytest

from lakehouse.dremio.errors import DremioJobFailedError
from lakehouse.stream.hot import HotBatch, HotTables
from lakehouse.stream.hot_layout import HotTable
from testing.lakehouse.hot_engine import HotEngine, Row, change, deletion, order, truncation

_NUMBERS = count(100)
_LSNS = count(1_000_000, 1_000)

STATE = (
    "select order_id, amount, status, cast(order_date as varchar) as order_date, change_lsn, is_deleted"
    ' from lake_hot."{table}" order by order_id'
)


class Emptied:
    """A table of its own for a test, with batches at positions that no other test has."""

    def __init__(self, engine: HotEngine, hot: HotTables) -> None:
        self.engine, self.hot = engine, hot
        self.base = next(_LSNS)
        self.table = self.another()

    def another(self) -> HotTable:
        """An empty table, and no truncation that is known."""
        self.engine.run("delete from lake_hot.truncations where true")
        return self.hot.create_table(self.engine.contracts["orders"], next(_NUMBERS))

    def batch(self, *rows: Row) -> HotBatch:
        """A batch of rows, whose positions are counted from this test's first."""
        moved = [row | {"_ab_cdc_lsn": row["_ab_cdc_lsn"] + self.base} for row in rows]
        truncated = [row["_ab_cdc_lsn"] for row in moved if row.get("order_id") is None]
        return self.engine.batch("orders", moved, max(truncated, default=None))

    def merge(self, batches: Sequence[HotBatch], table: HotTable | None = None) -> list[dict[str, Any]]:
        """Merge them in this order; what the table holds."""
        into = table or self.table
        for batch in batches:
            self.hot.merge_into(into, batch)
        return self.state(into)

    def state(self, table: HotTable | None = None) -> list[dict[str, Any]]:
        """The table's rows, with positions counted from this test's first."""
        rows = self.engine.rows(STATE.format(table=(table or self.table).path[1]))
        return [row | {"change_lsn": int(row["change_lsn"]) - self.base} for row in rows]

    def shown(self) -> dict[int, float]:
        """Amounts of the orders that are not deleted."""
        return {row["order_id"]: float(row["amount"]) for row in self.state() if not row["is_deleted"]}


@pytest.fixture
def orders(engine: HotEngine, hot: HotTables) -> Emptied:
    return Emptied(engine, hot)


def test_a_batch_that_is_merged_twice_changes_nothing(orders: Emptied) -> None:
    batch = orders.batch(order(1, 10, amount=5), order(2, 11, amount=6), deletion(3, 12))
    assert orders.hot.merge_into(orders.table, batch) == 3
    once = orders.state()
    orders.hot.empty_incoming(orders.table)
    assert orders.hot.merge_into(orders.table, batch) == 0
    assert orders.state() == once
    assert [row["change_lsn"] for row in once] == [10, 11, 12]


def test_a_batch_says_which_rows_it_brought(orders: Emptied) -> None:
    first, second = orders.batch(order(1, 10), order(2, 11)), orders.batch(order(2, 12))
    orders.merge([first, second])
    rows = orders.engine.rows(f'select order_id, batch_id from lake_hot."{orders.table.path[1]}"')
    assert {row["order_id"]: row["batch_id"] for row in rows} == {1: first.batch_id, 2: second.batch_id}


def test_batches_in_any_order_and_doubled_leave_the_same_rows(orders: Emptied) -> None:
    batches = [
        orders.batch(order(1, 10, amount=1), order(2, 11, amount=1), order(3, 12, amount=1)),
        orders.batch(order(1, 20, amount=2), deletion(2, 21), order(4, 22, amount=1)),
        orders.batch(order(2, 30, amount=3), truncation(31), order(5, 32, amount=1)),
        orders.batch(order(1, 40, amount=4), deletion(5, 41), order(3, 42, amount=4)),
    ]
    expected = orders.merge(batches)
    assert [(row["order_id"], row["is_deleted"], row["change_lsn"]) for row in expected] == [
        (1, False, 40),
        (2, True, 30),
        (3, False, 42),
        (4, True, 30),
        (5, True, 41),
    ]
    for shuffled in list(permutations(batches))[1::7]:
        assert orders.merge([*shuffled, shuffled[0]], orders.another()) == expected


def test_within_a_batch_the_newest_version_counts(orders: Emptied) -> None:
    [row] = orders.merge(
        [orders.batch(order(1, 12, amount=3), order(1, 10, amount=1), order(1, 11, amount=2))]
    )
    assert (float(row["amount"]), row["change_lsn"]) == (3, 12)


def test_a_deleted_row_keeps_only_its_key_and_is_not_brought_back_by_an_older_version(
    orders: Emptied,
) -> None:
    [row] = orders.merge([orders.batch(deletion(1, 20)), orders.batch(order(1, 10))])
    assert row["is_deleted"]
    assert row["amount"] is None
    assert row["order_date"] is None


def test_an_order_placed_again_under_a_deleted_key_lives(orders: Emptied) -> None:
    orders.merge(
        [orders.batch(order(1, 10)), orders.batch(deletion(1, 20)), orders.batch(order(1, 30, amount=9))]
    )
    assert orders.shown() == {1: 9}


def test_a_changed_key_is_a_deletion_and_a_new_row(orders: Emptied) -> None:
    orders.merge(
        [orders.batch(order(1, 10, amount=4)), orders.batch(deletion(1, 20), order(77, 20, amount=4))]
    )
    assert orders.shown() == {77: 4}


def test_a_truncation_deletes_what_came_before_it_and_nothing_since(orders: Emptied) -> None:
    orders.merge([orders.batch(order(1, 10), order(2, 11)), orders.batch(order(2, 25), truncation(20))])
    assert orders.shown().keys() == {2}
    # What was on its way before the truncation, and only arrives now.
    orders.merge([orders.batch(order(8, 15))])
    assert orders.shown().keys() == {2}


def test_a_table_that_is_read_again_has_the_rows_that_are_still_there(orders: Emptied) -> None:
    """A re-read begins with a truncation, and its rows have the same position in the log."""
    orders.merge([orders.batch(order(1, 10), order(2, 11))])
    orders.merge([orders.batch(truncation(50)), orders.batch(order(2, 50, amount=3))])
    assert orders.shown() == {2: 3}


def test_a_truncation_also_hides_what_only_gold_has(orders: Emptied) -> None:
    orders.engine.run(
        "create table gold.orders as"
        " select cast(1 as bigint) as order_id union all select cast(900 as bigint)"
    )
    try:
        orders.merge([orders.batch(order(1, 10)), orders.batch(truncation(20))])
    finally:
        orders.engine.run("drop table gold.orders")
    assert {(row["order_id"], row["is_deleted"], row["change_lsn"]) for row in orders.state()} == {
        (1, True, 19),
        (900, True, 19),
    }


def test_a_truncation_that_is_delivered_again_leaves_gold_s_new_rows_alone(orders: Emptied) -> None:
    """The night has since published an order that the stream has not brought yet."""
    batch = orders.batch(order(1, 10), truncation(20))
    orders.merge([batch])
    orders.engine.run("create table gold.orders as select cast(901 as bigint) as order_id")
    try:
        orders.hot.empty_incoming(orders.table)
        assert 901 not in {row["order_id"] for row in orders.merge([batch])}
        rebuilt = orders.hot.create_table(orders.table.contract, next(_NUMBERS))
        orders.hot.merge_into(rebuilt, batch, rebuilding=True)
        assert {row["order_id"]: row["is_deleted"] for row in orders.state(rebuilt)} == {1: True, 901: True}
    finally:
        orders.engine.run("drop table gold.orders")


def test_a_batch_of_several_files_and_days_is_merged_whole(orders: Emptied) -> None:
    one, two = orders.batch(order(1, 10)), orders.batch(order(2, 11))
    both = HotBatch("orders", two.batch_id, one.keys + two.keys, 2)
    assert [row["order_id"] for row in orders.merge([both])] == [1, 2]


def test_an_empty_batch_runs_no_statement(engine: HotEngine, hot: HotTables) -> None:
    assert hot.merge(HotBatch("orders", 1, (), 0)).changed == 0


def test_a_batch_whose_file_is_gone_fails_and_changes_nothing(orders: Emptied) -> None:
    with pytest.raises(DremioJobFailedError, match="batch-000000099999"):
        orders.merge(
            [
                HotBatch(
                    "orders", 99_999, ("bronze/stream/orders/date=2026-03-29/batch-000000099999.parquet",), 5
                )
            ]
        )
    assert orders.state() == []


def test_a_burst_of_100_000_changes_is_one_merge(orders: Emptied) -> None:
    orders.merge([orders.batch(*(order(number, 10 + number) for number in range(1, 1001)))])
    burst = orders.batch(*(order(number, 10_000 + number, amount=2) for number in range(1, 100_001)))
    assert orders.hot.merge_into(orders.table, burst) == 100_000
    [found] = orders.engine.rows(
        f'select count(*) as orders, sum(amount) as total from lake_hot."{orders.table.path[1]}"'
    )
    assert (found["orders"], float(found["total"])) == (100_000, 200_000)


def test_columns_keep_their_types_and_values(orders: Emptied) -> None:
    [row] = orders.merge(
        [orders.batch(order(1, 10, amount=10, order_date=date(2026, 10, 25), status="refunded"))]
    )
    assert (row["amount"], row["order_date"], row["status"]) == (10, "2026-10-25", "refunded")


def test_customers_and_tracers_are_merged_by_their_own_contracts(engine: HotEngine, hot: HotTables) -> None:
    moment = change(1)["_ab_cdc_updated_at"]
    customer = {"customer_id": 5, "name": "Ada", "created_at": moment, "updated_at": moment} | change(10)
    tracer = {"tracer_id": 9, "committed_at": moment, "note": "t"} | change(11)
    hot.merge(engine.batch("customers", [customer]))
    hot.merge(engine.batch("stream_tracer", [tracer]))
    assert engine.rows("select customer_id, name from hot.customers") == [{"customer_id": 5, "name": "Ada"}]
    assert [row["tracer_id"] for row in engine.rows("select * from serving.stream_tracer")] == [9]
