"""A batch's rows: in = loaded + deduplicated + quarantined, and what a broken contract does."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.contract import Column, Contract, NewColumns
from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.declared import STREAM_CONTRACTS
from lakehouse.bronze.new_columns import NewColumnsRefusedError
from lakehouse.stream.bronze import StreamColumnMissingError, StreamContractBrokenError
from lakehouse.stream.ledger import BatchState, LoadState
from testing.lakehouse.batch_runner import Stream


def with_orders(change: Callable[[Contract], Contract]) -> Callable[[str], Contract]:
    """The streams' contracts, that of orders changed."""

    def contract_of(stream: str) -> Contract:
        contract = load_contract(stream, STREAM_CONTRACTS)
        return change(contract) if stream == "orders" else contract

    return contract_of


def at_most(extra: int, stream: Stream) -> Callable[[str], Contract]:
    """Orders may have so many more bad rows today."""
    [(bad,)] = stream.platform.rows(
        "select coalesce(sum(rows_quarantined), 0) from stream_loads where stream = 'orders'"
        " and day = (clock_timestamp() at time zone 'UTC')::date"
    )
    limit = int(bad) + extra
    return with_orders(lambda contract: replace(contract, max_bad_rows=limit, max_bad_share=0.0))


def test_inserts_updates_and_deletions_of_a_batch_arrive_and_add_up(stream: Stream) -> None:
    kept, changed, deleted = stream.insert_orders(3)
    stream.change("update orders set status = 'refunded' where order_id = %s", changed)
    stream.change("delete from orders where order_id = %s", deleted)

    batch = stream.run()

    load = stream.load(batch)
    assert (load.rows_in, load.rows_loaded, load.rows_deduplicated, load.rows_quarantined) == (5, 3, 2, 0)
    assert stream.in_hot([kept, changed, deleted]) == {
        kept: ("completed", False),
        changed: ("refunded", False),
        deleted: (None, True),
    }
    assert batch.rows_landed == sum(each.rows_in for each in stream.ledger.loads(batch))


def test_a_batch_without_a_change_is_merged_and_moves_the_position_on(stream: Stream) -> None:
    before = stream.run()
    stream.platform.rows("select pg_logical_emit_message(true, 'test', 'some log of another database')")

    batch = stream.run()

    assert batch.rows_landed == 0
    assert stream.ledger.loads(batch) == []
    assert before.to_lsn is not None
    assert batch.to_lsn is not None
    assert batch.to_lsn > before.to_lsn
    assert batch.from_lsn == before.to_lsn


def test_what_was_committed_before_a_batch_lies_before_its_position(stream: Stream) -> None:
    numbers = stream.insert_orders(1)
    position = stream.watch.position()
    batch = stream.run()

    highest = stream.load(batch).highest_lsn
    assert position is not None
    assert batch.to_lsn is not None
    assert highest is not None
    assert highest < position <= batch.to_lsn
    assert set(stream.in_hot(numbers)) == set(numbers)


def test_a_bad_row_below_the_days_limit_goes_to_quarantine_and_the_stream_goes_on(stream: Stream) -> None:
    [good] = stream.insert_orders(1)
    [bad] = stream.insert_orders(1, status="stolen")

    batch = stream.run(contract_of=at_most(1, stream))

    load = stream.load(batch)
    assert (load.state, load.rows_in, load.rows_loaded, load.rows_quarantined) == (LoadState.LOADED, 2, 1, 1)
    assert load.quarantine_key is not None
    assert load.quarantine_key.startswith("bronze/quarantine/stream/orders/date=")
    rows = pq.read_table(io.BytesIO(stream.platform.storage.get(load.quarantine_key))).to_pylist()
    assert len(rows) == 1
    assert f'"order_id": {bad}' in rows[0]["raw"]
    assert set(stream.in_hot([good, bad])) == {good}


def test_more_bad_rows_than_a_day_may_have_stop_the_stream_until_the_contract_allows_them(
    stream: Stream,
) -> None:
    """A share of a batch of three rows says nothing, so the limit is the day's: two batches add up to it."""
    allowed = at_most(2, stream)
    stream.insert_orders(2, status="stolen")
    stream.run(contract_of=allowed)
    [good] = stream.insert_orders(1)
    [bad] = stream.insert_orders(1, status="stolen")

    with pytest.raises(StreamContractBrokenError, match=r"status 1.*bin/stream start"):
        stream.run(contract_of=allowed)

    waiting = stream.ledger.in_flight()
    assert waiting is not None
    assert waiting.state is BatchState.LANDED
    rejected = stream.load(waiting)
    assert rejected.state is LoadState.REJECTED
    assert rejected.s3_key is None
    assert stream.in_hot([good, bad]) == {}

    batch = stream.run(contract_of=at_most(5, stream))

    assert batch.id == waiting.id
    assert stream.load(batch).state is LoadState.LOADED
    assert set(stream.in_hot([good, bad])) == {good}


def test_a_required_column_that_is_gone_is_named_before_any_row_is_lost(stream: Stream) -> None:
    numbers = stream.insert_orders(2)
    gone = with_orders(
        lambda contract: contract.with_columns([Column("channel", contract.columns[0].type, required=True)])
    )

    with pytest.raises(StreamColumnMissingError, match=r"no longer has channel.*bin/stream start"):
        stream.run(contract_of=gone)

    batch = stream.run()
    assert stream.load(batch).rows_quarantined == 0
    assert set(stream.in_hot(numbers)) == set(numbers)


def test_a_new_column_is_named_and_left_out_or_refused_as_the_contract_says(stream: Stream) -> None:
    def without_unit_price(rule: NewColumns) -> Callable[[str], Contract]:
        return with_orders(
            lambda contract: replace(
                contract,
                new_columns=rule,
                columns=tuple(column for column in contract.columns if column.name != "unit_price"),
            )
        )

    stream.insert_orders(1)
    with pytest.raises(NewColumnsRefusedError, match="unit_price"):
        stream.run(contract_of=without_unit_price(NewColumns.REFUSE))

    load = stream.load(stream.run(contract_of=without_unit_price(NewColumns.IGNORE)))

    assert load.detail["new_columns"] == ["unit_price"]
    assert load.s3_key is not None
    stored = pq.read_schema(io.BytesIO(stream.platform.storage.get(load.s3_key)))
    assert "unit_price" not in stored.names


def test_a_truncation_is_kept_with_the_batch(stream: Stream) -> None:
    stream.change("insert into stream_tracer (note) values ('before')")
    stream.run()
    stream.change("truncate stream_tracer")
    stream.change("insert into stream_tracer (note) values ('after')")

    batch = stream.run()

    load = stream.load(batch, "stream_tracer")
    assert load.truncated_at_lsn is not None
    notes = stream.platform.over_flight("select note from hot.stream_tracer where not is_deleted")
    assert notes["note"].to_pylist() == ["after"]
