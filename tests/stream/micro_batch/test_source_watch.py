"""Is there something to read? Asked without moving the slot."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from lakehouse.stream.source_watch import SourceWatch
from testing.lakehouse.batch_runner import Stream

SLOT = "airbyte_stream_slot"
PUBLICATION = "airbyte_stream_publication"


class _As:
    """The shop's database, as another user or at another port."""

    def __init__(self, stream: Stream, **other: Any) -> None:
        wire = stream.platform.wire
        self.address = {
            "host": wire["SHOP_PG_HOST"],
            "port": wire["SHOP_PG_PORT"],
            "dbname": wire["SHOP_PG_DATABASE"],
            "user": wire["SHOP_PG_USER"],
            "password": wire["SHOP_PG_PASSWORD"],
        } | other

    def get_conn(self) -> Any:
        return psycopg.connect(**self.address)


CHANGES = (
    "update orders set updated_at = updated_at where order_id = (select min(order_id) from orders)",
    "insert into stream_tracer (note) values ('one')",
    "delete from stream_tracer",
    "truncate stream_tracer",
)


def test_every_kind_of_change_is_seen_and_no_look_moves_the_slot(stream: Stream) -> None:
    for change in CHANGES:
        stream.run()
        assert not stream.watch.has_changes(), f"something is left before: {change}"

        stream.change(change)

        assert stream.watch.has_changes(), change
        assert stream.watch.has_changes(), f"looking has moved the slot after: {change}"


def test_a_change_of_another_table_is_none(stream: Stream) -> None:
    stream.run()
    stream.change("update products set updated_at = updated_at where product_id = 1")

    assert not stream.watch.has_changes()


def test_the_slot_is_described(stream: Stream) -> None:
    found = stream.watch.slot()

    assert found is not None
    assert (found.name, found.exists, found.lost, found.active) == (SLOT, True, False, False)
    assert found.behind is not None
    assert found.retained is not None
    assert found.retained >= found.behind >= 0
    assert found.safe is not None, "the source bounds what a slot may keep"


def test_a_slot_that_is_not_there_is_said_to_be(stream: Stream) -> None:
    watch = SourceWatch(_As(stream), "no_such_slot", PUBLICATION)

    found = watch.slot()

    assert found is not None
    assert not found.exists
    assert watch.has_changes(), "the sync is to name it"
    watch.close()


def test_a_source_that_is_away_is_left_to_the_sync(stream: Stream) -> None:
    watch = SourceWatch(_As(stream, port=1), SLOT, PUBLICATION)

    assert watch.has_changes()
    assert watch.slot() is None
    assert watch.position() is None


def test_a_user_who_may_not_look_into_slots_makes_each_move_of_the_log_a_change(stream: Stream) -> None:
    wire = stream.platform.wire
    other = {"user": wire["PLATFORM_PG_USER"], "password": wire["PLATFORM_PG_PASSWORD"]}
    with _As(stream, **other).get_conn() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select pg_logical_slot_peek_changes('airbyte_stream_slot', null, 1)")
    watch = SourceWatch(_As(stream, **other), SLOT, PUBLICATION)

    assert watch.has_changes()

    stream.change("insert into stream_tracer (note) values ('moves the log')")
    assert watch.has_changes()
    watch.close()
