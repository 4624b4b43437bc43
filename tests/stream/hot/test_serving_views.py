"""Hot and cold behind one view: every order once, in its newest version, on whatever side it lives.

Each test has orders of its own (numbers and dates), so that all share gold's table and the hot one.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from lakehouse.platform.sql_files import render_sql
from lakehouse.stream.hot import HotTables
from lakehouse.stream.serving import ServingViews
from testing.lakehouse.hot_engine import HotEngine, Row, deletion, order, truncation

E, W = date(2026, 3, 29), 1_000
"""The edge: gold has the dates before, and every change up to the position. It is also a day of 23 hours in
most of Europe."""
BEFORE, AFTER = E - timedelta(days=1), E + timedelta(days=1)
SEEN, NEWER = W - 10, W + 10
"""A change that gold has seen, and one that it has not."""

_ORDERS = count(10_000, 10)

GOLD = """
create table gold.orders (
    order_id bigint, customer_id bigint, product_id bigint, order_date date, quantity int,
    amount decimal(12, 2), status varchar, created_at timestamp, updated_at timestamp
)
"""


class Lambda:
    """One order, as the stream and as the night have it, and what the view shows of it."""

    def __init__(self, engine: HotEngine, hot: HotTables) -> None:
        self.engine, self.hot = engine, hot
        self.id = next(_ORDERS)

    def streamed(self, lsn: int, placed: date, **values: Any) -> None:
        """The stream brought this version."""
        self.merged(order(self.id, lsn, order_date=placed, **values))

    def merged(self, row: Row) -> None:
        """The stream brought this row."""
        lsn = row["_ab_cdc_lsn"] if row.get("order_id") is None else None
        self.hot.merge(self.engine.batch("orders", [row], lsn))

    def audited(self, placed: date, amount: int = 10, status: str = "completed") -> None:
        """The night has published this version."""
        self.engine.run(
            f"insert into gold.orders values ({self.id}, 7, 3, date '{placed}', 1, {amount}, '{status}',"
            f" timestamp '{placed} 10:00:00', timestamp '{placed} 10:00:00')"
        )

    @property
    def shown(self) -> list[tuple[str, str, float]]:
        """Side, date and amount of the order's rows in the view: one, or none."""
        rows = self.engine.rows(
            "select side, cast(order_date as varchar) as placed, amount from serving.orders"
            f" where order_id = {self.id}"
        )
        return [(row["side"], row["placed"], float(row["amount"])) for row in rows]


def move_edge(engine: HotEngine, business_date: date, lsn: int) -> None:
    """Put the edge there."""
    values = {"table": "lake_hot.edge", "business_date": business_date.isoformat(), "source_lsn": lsn}
    engine.run(render_sql("dremio/stream/move_edge.sql", values))


@pytest.fixture(scope="module")
def lake(engine: HotEngine, hot: HotTables) -> HotEngine:
    """An engine whose gold has been published up to the edge."""
    engine.run(GOLD)
    assert ServingViews(engine.client).ensure() == ["serving.orders"]
    move_edge(engine, E, W)
    return engine


@pytest.fixture
def one(lake: HotEngine, hot: HotTables) -> Lambda:
    return Lambda(lake, hot)


def test_without_gold_the_view_shows_hot_alone(engine: HotEngine, hot: HotTables) -> None:
    if engine.client.find(["gold", "orders"]) is not None:
        engine.run("drop table gold.orders")
    ServingViews(engine.client).ensure()
    number = next(_ORDERS)
    hot.merge(engine.batch("orders", [order(number, SEEN), deletion(number + 1, SEEN)]))
    shown = engine.rows("select order_id, side from serving.orders")
    assert {(row["order_id"], row["side"]) for row in shown} == {(number, "hot")}


def test_views_that_are_right_are_left_alone(lake: HotEngine) -> None:
    assert ServingViews(lake.client).ensure() == []


def test_an_old_order_comes_from_gold_and_a_new_one_from_hot(one: Lambda) -> None:
    one.audited(BEFORE)
    assert one.shown == [("cold", "2026-03-28", 10)]
    other = Lambda(one.engine, one.hot)
    other.streamed(NEWER, AFTER)
    assert other.shown == [("hot", "2026-03-30", 10)]


def test_an_order_that_both_have_in_the_same_version_is_shown_once_and_from_gold(one: Lambda) -> None:
    one.streamed(SEEN, BEFORE)
    one.audited(BEFORE)
    assert one.shown == [("cold", "2026-03-28", 10)]


@pytest.mark.parametrize(
    ("placed", "lsn", "side"),
    [
        (BEFORE, W, "cold"),
        (BEFORE, W + 1, "hot"),
        (E, W, "hot"),
        (E, W + 1, "hot"),
        (AFTER, SEEN, "hot"),
        (BEFORE, 1, "cold"),
    ],
)
def test_on_the_edge_itself(one: Lambda, placed: date, lsn: int, side: str) -> None:
    """A change at W is in gold; an order of date E is not yet."""
    one.streamed(lsn, placed, amount=20)
    one.audited(placed, amount=10)
    assert one.shown == [(side, placed.isoformat(), 20 if side == "hot" else 10)]


def test_a_late_update_of_an_old_order_shows_from_hot_until_the_night_has_it(one: Lambda) -> None:
    one.audited(BEFORE, amount=10)
    one.streamed(NEWER, BEFORE, amount=30)
    assert one.shown == [("hot", "2026-03-28", 30)]


def test_a_deletion_for_good_stays_deleted_before_and_after_the_edge_moves(one: Lambda) -> None:
    """The night's cursor never sees it: gold goes on having the order."""
    one.audited(BEFORE)
    one.merged(deletion(one.id, NEWER))
    assert one.shown == []
    try:
        move_edge(one.engine, AFTER, NEWER + 1)
        assert one.shown == []
    finally:
        move_edge(one.engine, E, W)


def test_an_older_version_that_arrives_late_does_not_bring_a_deleted_order_back(one: Lambda) -> None:
    one.audited(BEFORE)
    one.merged(deletion(one.id, NEWER))
    one.streamed(SEEN, AFTER)
    assert one.shown == []


def test_a_soft_deletion_hides_the_order_before_the_night_has_it(one: Lambda) -> None:
    one.audited(BEFORE)
    one.streamed(NEWER, BEFORE, deleted_at=datetime(2026, 3, 29, 9, 0))
    assert one.shown == []


def test_a_row_that_gold_is_about_to_remove_is_not_shown(one: Lambda) -> None:
    """Its publication merges status 'deleted', then deletes such rows."""
    one.audited(BEFORE, status="deleted")
    assert one.shown == []


def test_a_date_moved_over_the_edge_is_shown_once(one: Lambda) -> None:
    one.audited(BEFORE, amount=10)
    one.streamed(NEWER, AFTER, amount=10)
    assert one.shown == [("hot", "2026-03-30", 10)]
    other = Lambda(one.engine, one.hot)
    other.audited(AFTER, amount=10)
    other.streamed(NEWER, BEFORE, amount=10)
    assert other.shown == [("hot", "2026-03-28", 10)]


def test_an_order_that_the_stream_has_not_brought_yet_comes_from_gold_whatever_its_date(one: Lambda) -> None:
    """The stream stood still, and the night has seen a new order, or one that moved over the edge."""
    one.audited(AFTER)
    assert one.shown == [("cold", "2026-03-30", 10)]
    other = Lambda(one.engine, one.hot)
    other.streamed(SEEN - 5, BEFORE, amount=1)
    other.audited(AFTER, amount=2)
    assert other.shown == [("cold", "2026-03-30", 2)]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_of_23_or_25_hours_is_a_date_like_any_other(lake: HotEngine, hot: HotTables, day: date) -> None:
    """The business date is the source's own column; nothing is computed of a time."""
    orders = []
    for offset, hour in ((-1, 23), (0, 0), (0, 1), (0, 2), (0, 23), (1, 0)):
        placed = day + timedelta(days=offset)
        one = Lambda(lake, hot)
        moment = datetime(placed.year, placed.month, placed.day, hour, 30)
        one.streamed(SEEN, placed, created_at=moment, updated_at=moment)
        one.audited(placed)
        orders.append((one, placed))
    try:
        move_edge(lake, day, W)
        for one, placed in orders:
            assert one.shown == [("cold" if placed < day else "hot", placed.isoformat(), 10)]
    finally:
        move_edge(lake, E, W)


def test_revenue_counts_completed_orders_and_a_date_without_one_shows_0(
    lake: HotEngine, hot: HotTables
) -> None:
    both, none = date(2026, 1, 5), date(2026, 1, 6)
    Lambda(lake, hot).audited(both, amount=10)
    Lambda(lake, hot).streamed(NEWER, both, amount=21)
    Lambda(lake, hot).streamed(NEWER, both, amount=500, status="pending")
    Lambda(lake, hot).streamed(NEWER, none, amount=500, status="cancelled")
    rows = lake.rows(
        "select cast(order_date as varchar) as placed, orders_count, daily_revenue, average_order_value"
        f" from serving.daily_revenue where order_date in (date '{both}', date '{none}') order by placed"
    )
    found = [
        (row["placed"], row["orders_count"], row["daily_revenue"], row["average_order_value"]) for row in rows
    ]
    assert found == [("2026-01-05", 2, 31, 15.5), ("2026-01-06", 0, 0, None)]


def test_after_a_truncation_nothing_of_before_is_shown_from_either_side(one: Lambda) -> None:
    """Last of all: it empties what the other tests share."""
    one.audited(BEFORE)
    other = Lambda(one.engine, one.hot)
    other.streamed(SEEN, AFTER)
    one.merged(truncation(50_000))
    assert one.engine.rows("select * from serving.orders") == []
    late = Lambda(one.engine, one.hot)
    late.audited(BEFORE)
    assert late.shown == [], "a night that read the table before it was emptied publishes now"
    after = Lambda(one.engine, one.hot)
    after.streamed(50_010, BEFORE)
    assert after.shown == [("hot", "2026-03-28", 10)]
    move_edge(one.engine, AFTER, 60_000)
    assert one.shown == [], "the night's cursor does not see that the table was emptied"
