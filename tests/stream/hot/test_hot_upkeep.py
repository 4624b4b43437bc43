"""The hot tables keep few files and no rows that nothing shows any more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lakehouse.stream.hot import HotTables
from lakehouse.stream.hot_upkeep import COMPACT_FILES, EDGE_RESTS, HotUpkeep
from lakehouse.stream.plan import HOT_DAYS
from testing.lakehouse.hot_engine import HotEngine, Row, change, deletion, order
from tests.stream.hot.conftest import InSchema

NOW = datetime(2026, 4, 10, 12, 0, tzinfo=UTC)
LONG_AGO = datetime(2026, 4, 10, 12, 0) - timedelta(days=HOT_DAYS, seconds=1)
LATELY = datetime(2026, 4, 10, 12, 0) - timedelta(days=HOT_DAYS) + timedelta(seconds=1)
E, W = date(2026, 4, 10), 1_000


def test_files_stay_few_however_many_batches_come(hot: HotTables, engine: HotEngine) -> None:
    most = 0
    for number in range(30):
        hot.merge(
            engine.batch("orders", [order(1 + number % 9, 10 + number), order(100 + number, 10 + number)])
        )
        most = max(most, hot.file_count("orders"))
    assert COMPACT_FILES < most <= 50
    [row] = engine.rows("select count(*) as orders, max(change_lsn) as newest from hot.orders")
    assert (row["orders"], row["newest"]) == (9 + 30, 39)


def test_files_that_an_earlier_process_left_are_compacted_by_the_next_one(
    hot: HotTables, engine: HotEngine, postgres: InSchema
) -> None:
    table = hot.table_of("customers")
    moment = change(1)["_ab_cdc_updated_at"]
    while hot.file_count("customers") <= COMPACT_FILES:
        number = hot.file_count("customers") + 1
        row = {"customer_id": number, "created_at": moment, "updated_at": moment} | change(number)
        hot.merge_into(table, engine.batch("customers", [row]))
    done = HotUpkeep(engine.client, postgres).run_if_due([table], NOW)
    assert done.compacted == ("lake_hot.customers_1",)
    assert hot.file_count("customers") == 1


def test_what_is_not_due_is_not_done(hot: HotTables, engine: HotEngine, postgres: InSchema) -> None:
    upkeep = HotUpkeep(engine.client, postgres)
    tables = [hot.table_of("orders")]
    first = upkeep.run_if_due(tables, NOW)
    assert first.expired == ("lake_hot.orders_1",)
    nothing = upkeep.run_if_due(tables, NOW + timedelta(seconds=19))
    assert (nothing.compacted, nothing.expired, nothing.pruned) == ((), (), ())
    later = upkeep.run_if_due(tables, NOW + timedelta(minutes=15))
    assert (later.expired, later.pruned) == (("lake_hot.orders_1",), ())


def test_old_versions_are_given_up_after_an_hour_and_not_before(hot: HotTables, engine: HotEngine) -> None:
    upkeep = hot._upkeep
    count = "select count(*) as versions from table(table_snapshot('lake_hot.orders_1'))"
    hot.merge(engine.batch("orders", [order(1, 5_000)]))
    [before] = engine.rows(count)
    upkeep.expire(hot.table_of("orders"), datetime.now(UTC) + timedelta(minutes=59))
    [kept] = engine.rows(count)
    upkeep.expire(hot.table_of("orders"), datetime.now(UTC) + timedelta(minutes=61))
    [left] = engine.rows(count)
    assert kept["versions"] == before["versions"] > left["versions"] == 1


@pytest.fixture(scope="module")
def gold(engine: HotEngine) -> None:
    """Gold has orders 9001 and 9002."""
    engine.run(
        "create table gold.orders as"
        " select cast(9001 as bigint) as order_id union all select cast(9002 as bigint) as order_id"
    )


def old(row: Row, at: datetime = LONG_AGO) -> Row:
    """The row as of a change at that time."""
    deleted = row["_ab_cdc_deleted_at"] is not None
    return row | change(row["_ab_cdc_lsn"], deleted, at)


BEFORE, ON = E - timedelta(days=1), E


@pytest.mark.usefixtures("gold")
@pytest.mark.parametrize(
    ("row", "stays"),
    [
        (old(order(1, W, order_date=BEFORE)), False),
        (old(order(2, W, order_date=BEFORE), LATELY), True),
        (old(order(3, W + 1, order_date=BEFORE)), True),
        (old(order(4, W, order_date=ON)), True),
        (old(deletion(5, W)), False),
        (old(deletion(9001, W)), True),
        (old(deletion(9002, W + 1)), True),
        (old(deletion(6, W + 1)), True),
        (old(deletion(7, W), LATELY), True),
    ],
    ids=[
        "gold has it and it has not changed for days",
        "it changed lately",
        "gold has not seen the change",
        "placed on the edge's date",
        "deleted, and gold never had it",
        "deleted, and gold still has it",
        "deleted after gold's position, and gold has it",
        "deleted after gold's position: a night may still publish it",
        "deleted lately",
    ],
)
def test_rows_that_nothing_shows_are_pruned_and_no_others(
    hot: HotTables, engine: HotEngine, postgres: InSchema, row: Row, stays: bool
) -> None:
    table = hot.create_next_table("orders")
    hot.merge_into(table, engine.batch("orders", [row]))
    set_edge(postgres, E, W, NOW - EDGE_RESTS)
    gone = hot._upkeep.prune(table, NOW)
    [left] = engine.rows(f"select count(*) as orders from {'.'.join(table.path)}")
    assert (gone, left["orders"]) == ((0, 1) if stays else (1, 0))


@pytest.mark.usefixtures("gold")
def test_nothing_is_pruned_right_after_the_edge_has_moved(
    hot: HotTables, engine: HotEngine, postgres: InSchema
) -> None:
    table = hot.create_next_table("orders")
    hot.merge_into(table, engine.batch("orders", [old(order(1, W, order_date=BEFORE))]))
    set_edge(postgres, E, W, NOW - EDGE_RESTS + timedelta(seconds=1))
    assert hot._upkeep.prune(table, NOW) == 0


def test_nothing_is_pruned_before_a_night_has_published(
    hot: HotTables, engine: HotEngine, postgres: InSchema
) -> None:
    postgres.run("delete from serving_edge")
    table = hot.create_next_table("orders")
    hot.merge_into(table, engine.batch("orders", [old(order(1, 1, order_date=BEFORE))]))
    assert hot._upkeep.prune(table, NOW) == 0


def test_tracers_of_more_than_the_days_that_hot_keeps_go(hot: HotTables, engine: HotEngine) -> None:
    tracers = [
        {"tracer_id": 1, "committed_at": LONG_AGO} | change(1, at=LONG_AGO),
        {"tracer_id": 2, "committed_at": LATELY} | change(2, at=LATELY),
    ]
    hot.merge(engine.batch("stream_tracer", tracers))
    assert hot._upkeep.prune(hot.table_of("stream_tracer"), NOW) == 1
    assert [row["tracer_id"] for row in engine.rows("select tracer_id from hot.stream_tracer")] == [2]


def set_edge(postgres: InSchema, business_date: date, lsn: int, moved_at: datetime) -> None:
    """The edge, as if it had moved there at that time."""
    postgres.run("delete from serving_edge")
    postgres.run(
        "insert into serving_edge (business_date, source_lsn, moved_at) values (%s, %s, %s)",
        (business_date, lsn, moved_at),
    )
