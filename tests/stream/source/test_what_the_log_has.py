"""Every kind of change arrives through the stream's connection with its right value."""

from __future__ import annotations

from datetime import date

import psycopg
import pytest

from testing.lakehouse.captured_shop import CapturedShop, shop_address
from testing.lakehouse.stream_platform import StreamPlatform
from testing.waiting import wait_until

STREAMS = ("customers", "orders", "stream_tracer")
NEW_ORDER = (
    "insert into orders values ({id}, 1, 1, '2025-10-17', 2, 5.25, 10.50, 'pending', now(), now(), null)"
)


def test_the_first_sync_makes_the_slot_and_lands_every_row_once(unread: CapturedShop) -> None:
    slots = f"select plugin, database from pg_replication_slots where slot_name = '{unread.slot}'"
    assert unread.run(slots) == []
    unread.run("insert into stream_tracer (note) values ('first')")
    unread.sync()
    assert unread.run(slots) == [("pgoutput", unread.database)]
    for stream in STREAMS:
        source = unread.source_rows(stream)
        assert len(unread.landed(stream)) == len(source) > 0
        assert unread.newest(stream) == source


def test_what_landed_first_is_sound_by_the_stream_s_contracts(unread: CapturedShop) -> None:
    unread.run("insert into stream_tracer (note) values (null), ('x')")
    unread.sync()
    for stream in STREAMS:
        built, unexpected = unread.to_bronze(stream)
        assert (built.rows_quarantined, built.rows_deduplicated, unexpected) == (0, 0, {})
        assert built.rows_loaded == built.rows_in == len(unread.source_rows(stream)) > 0


def test_each_change_lands_in_the_order_of_the_log(shared: CapturedShop) -> None:
    shared.run(
        NEW_ORDER.format(id=900_001),
        "update orders set status = 'completed', updated_at = now() where order_id = 900001",
        "update orders set order_date = '2025-10-01' where order_id = 900001",
        "update orders set deleted_at = now(), updated_at = now() where order_id = 900001",
        "delete from orders where order_id = 900001",
    )
    shared.sync()
    rows = shared.landed("orders", only_new=True)
    assert [row["order_id"] for row in rows] == [900_001] * 5
    assert [row["status"] for row in rows[:4]] == ["pending", "completed", "completed", "completed"]
    assert [row["order_date"] for row in rows[:4]] == [date(2025, 10, 17)] * 2 + [date(2025, 10, 1)] * 2
    assert [row["deleted_at"] is not None for row in rows[:4]] == [False, False, False, True]
    assert rows[4]["_ab_cdc_deleted_at"] is not None
    assert rows[4]["order_date"] is None, "a deletion has only its key"
    positions = [row["_ab_cdc_lsn"] for row in rows]
    assert positions == sorted(set(positions)), "each change has a position of its own"
    assert shared.newest("orders") == shared.source_rows("orders")


@pytest.mark.parametrize(
    "statements",
    [
        ["truncate orders"],
        ["truncate orders", NEW_ORDER.format(id=1)],
        ["begin; truncate orders; " + NEW_ORDER.format(id=1) + "; commit"],
        ["update orders set order_id = order_id + 5000000 where order_id = 1"],
        ["update orders set order_id = 6000001 where order_id = 1", NEW_ORDER.format(id=1)],
        ["delete from orders where order_id = 1", NEW_ORDER.format(id=1)],
        ["delete from orders where order_id % 3 = 0"],
        ["begin; update orders set amount = amount + 1; rollback", NEW_ORDER.format(id=900_002)],
        ["alter table orders replica identity full", "delete from orders where order_id = 2"],
    ],
    ids=[
        "truncation",
        "truncation and a row that comes back",
        "truncation in one transaction with the row",
        "key change",
        "key change and the old key used again",
        "deletion and insertion again",
        "many deletions",
        "undone",
        "replica identity full",
    ],
)
def test_what_the_source_has_is_what_lives(shared: CapturedShop, statements: list[str]) -> None:
    before = shared.source_rows("orders")
    shared.run(*statements)
    shared.sync()
    source = shared.source_rows("orders")
    assert source != before
    assert shared.newest("orders") == source
    assert shared.newest("customers") == shared.source_rows("customers"), "the others are left alone"


def test_a_truncation_reaches_bronze_with_its_position(shared: CapturedShop) -> None:
    shared.run("truncate orders", NEW_ORDER.format(id=7))
    shared.sync()
    built, _ = shared.to_bronze("orders")
    assert built.truncated_at is not None
    assert built.rows_quarantined == 0
    rows = [row for row in shared.landed("orders") if row["order_id"] is None]
    assert max(row["_ab_cdc_lsn"] for row in rows) == built.truncated_at


def test_a_sync_without_a_change_lands_nothing(shared: CapturedShop) -> None:
    assert shared.sync().rows == 0
    for stream in STREAMS:
        assert shared.landed(stream, only_new=True) == []


def test_quiet_tables_hold_no_log_while_others_are_busy(shared: CapturedShop) -> None:
    """The log is the server's: what the shop's other tables and other databases write is in it too."""
    shared.run("create table busy as select g, repeat('x', 500) as filler from generate_series(1, 20000) g")
    assert shared.log_behind() > 10_000_000

    def is_let_go() -> bool:
        shared.list_transactions()
        shared.sync()
        return shared.log_behind() < 1_000_000

    wait_until(is_let_go, "the log is let go", 120)


def test_an_open_transaction_is_neither_lost_nor_seen_too_early(shared: CapturedShop) -> None:
    with psycopg.connect(**shop_address(shared.platform, shared.database)) as slow:
        slow.execute("update orders set quantity = 77 where order_id = 1")
        shared.run("update orders set quantity = 88 where order_id = 2")
        shared.sync()
        assert [row["order_id"] for row in shared.landed("orders", only_new=True)] == [2]
        slow.commit()
    shared.sync()
    assert [row["order_id"] for row in shared.landed("orders", only_new=True)] == [1]
    assert shared.newest("orders") == shared.source_rows("orders")


def test_a_tracer_arrives_with_the_source_s_own_time(shared: CapturedShop) -> None:
    [(tracer, committed)] = shared.run(
        "insert into stream_tracer (note) values ('t') returning tracer_id, committed_at"
    )
    shared.sync()
    assert shared.newest("stream_tracer")[tracer]["committed_at"] == committed
    shared.run("delete from stream_tracer")
    shared.sync()
    assert shared.newest("stream_tracer") == {}


def test_the_source_restarts_between_two_syncs(platform: StreamPlatform, shared: CapturedShop) -> None:
    shared.run("update orders set quantity = 5 where order_id = 3")
    platform.programs.crash_postgres()
    platform.wait_until_whole()
    shared.run("update orders set quantity = 6 where order_id = 4")
    shared.sync()
    assert [row["order_id"] for row in shared.landed("orders", only_new=True)] == [3, 4]
    assert shared.newest("orders") == shared.source_rows("orders")


def test_a_burst_in_one_transaction_lands_whole(shared: CapturedShop) -> None:
    shared.run(
        "insert into orders select 2000000 + g, 1, 1, '2025-10-17', 1, 1, 1, 'pending', now(), now(), null"
        " from generate_series(1, 20000) g",
        "update orders set status = 'completed' where order_id > 2000000",
        "delete from orders where order_id > 2000000 and order_id % 2 = 0",
    )
    assert shared.sync().rows == 50_000
    assert shared.newest("orders") == shared.source_rows("orders")
