"""A slot or a publication that is not what it was: the sync says what to do, and then nothing is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from testing.lakehouse.captured_shop import CapturedShop

REPOSITORY = Path(__file__).parents[3]
UNSEEN = ("delete from orders where order_id = 1", "update orders set quantity = 66 where order_id = 2")


def advice(reason: str) -> list[str]:
    """The statements that an error says to run."""
    parts = re.split(r"[Rr]un | and then ", reason)[1:]
    return [re.split(r"[.;] ", part)[0].rstrip(".") for part in parts]


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        ("select pg_drop_replication_slot('{slot}')", "is gone, and with it the changes after"),
        ("select pg_replication_slot_advance('{slot}', pg_current_wal_lsn())", "by somebody else"),
    ],
    ids=["dropped", "advanced by somebody else"],
)
def test_a_lost_slot_is_named_and_the_refresh_that_the_error_asks_for_reads_everything_again(
    captured: CapturedShop, loss: str, words: str
) -> None:
    captured.run(*UNSEEN, loss.format(slot=captured.slot))
    failure = captured.failure(captured.try_sync())
    assert failure.is_configuration, "a rerun would not change it"
    assert words in failure.reason
    assert "'refresh'" in failure.reason
    assert captured.landed("orders", only_new=True) == [], "nothing lands after a gap"
    captured.refresh()
    assert captured.newest("orders") == captured.source_rows("orders")
    assert 1 not in captured.newest("orders")
    built, _ = captured.to_bronze("orders")
    assert built.truncated_at is not None, "what was deleted unseen is deleted in the lake too"
    assert built.rows_quarantined == 0
    captured.run("update orders set quantity = 67 where order_id = 2")
    assert captured.sync().rows == 1
    assert captured.newest("orders")[2]["quantity"] == 67


def test_the_commands_of_the_runbook_are_there() -> None:
    """What a page tells a person at night must exist."""
    page = (REPOSITORY / "docs" / "runbooks" / "connections.md").read_text()
    assert "bin/airbyte refresh shop_postgres_stream_to_lake" in page
    assert "airbyte_stream_publication" in page
    assert "airbyte_stream_slot" in page


@pytest.mark.parametrize(
    "change",
    [
        "alter publication {p} drop table orders",
        "alter publication {p} set table customers, stream_tracer, orders where (order_id > 5)",
        "drop publication {p}",
    ],
    ids=["a table left", "rows left out", "dropped"],
)
def test_an_altered_publication_stops_the_sync_with_the_statement_that_repairs_it(
    captured: CapturedShop, change: str
) -> None:
    captured.run(change.format(p=captured.publication), *UNSEEN)
    failure = captured.failure(captured.try_sync())
    assert failure.is_configuration
    assert captured.publication in failure.reason
    statements = [
        statement.replace("<the streams' tables>", "customers, orders, stream_tracer")
        for statement in advice(failure.reason)
    ]
    assert statements
    captured.run(*statements)
    after = captured.try_sync()
    if after.raw_state != "succeeded":  # the log's own catalog has no publication: changes are lost
        assert "'refresh'" in captured.failure(after).reason
        captured.refresh()
    assert captured.newest("orders") == captured.source_rows("orders")
    assert captured.newest("orders")[2]["quantity"] == 66


def test_two_connections_of_one_database_keep_their_own_place(captured: CapturedShop) -> None:
    """The night's slot is advanced by its own syncs only."""
    night = f"{captured.database}_night"
    captured.run(f"select pg_create_logical_replication_slot('{night}', 'pgoutput')")
    where = f"select confirmed_flush_lsn from pg_replication_slots where slot_name = '{night}'"
    before = captured.run(where)
    captured.run("update orders set quantity = 5 where order_id = 3")
    captured.sync()
    assert captured.run(where) == before
    assert captured.newest("orders") == captured.source_rows("orders")
