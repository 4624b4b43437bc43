"""Rows between a statement and its readers."""

import threading

import duckdb
import pyarrow as pa
import pytest

from dremio_engine.errors import EngineError
from dremio_engine.jobs.results import COMPACTED_BELOW_BYTES, HeldBytes, Rows, RowsGone, compacted
from dremio_engine.lake.cursors import Cancelled

SCHEMA = pa.schema([("a", pa.int64())])


def batch(*values: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array(values, pa.int64())], schema=SCHEMA)


def begun(limit: int, streamed: bool = False, unread: float = 60, cancelled: bool = False) -> Rows:
    rows = Rows(limit, streamed, unread)
    rows.begin(SCHEMA, lambda: cancelled)
    return rows


@pytest.mark.parametrize("batches", [0, 1, 3])
@pytest.mark.parametrize("streamed", [False, True])
def test_rows_that_fit_are_read_as_often_as_wanted(batches: int, streamed: bool) -> None:
    rows = begun(1000, streamed)
    for number in range(batches):
        rows.add(batch(number))
    assert rows.table() is None, "not before the end"
    rows.end()
    for _ in range(2):
        table = rows.table()
        assert table is not None
        assert table["a"].to_pylist() == list(range(batches))
    assert rows.total_rows == batches


def test_a_kept_result_ends_at_its_limit_exactly() -> None:
    rows = begun(16)
    rows.add(batch(1, 2))
    with pytest.raises(EngineError, match="select less of it"):
        rows.add(batch(3))
    with pytest.raises(EngineError, match="select less of it"):
        begun(7).add(batch(1))


def test_a_streamed_result_waits_for_its_reader_and_holds_no_more_than_its_limit() -> None:
    rows, most, count = begun(32, streamed=True), 0, 100

    def produce() -> None:
        for number in range(count):
            rows.add(batch(number, number))
        rows.end()

    producer = threading.Thread(target=produce)
    producer.start()
    assert rows.wait_readable(5)
    assert rows.table() is None
    seen = []
    for got in rows.stream():
        most = max(most, rows.held_bytes)
        seen += got["a"].to_pylist()
    producer.join(5)
    assert seen == [n for n in range(count) for _ in range(2)]
    assert most <= 32
    with pytest.raises(RowsGone, match="read already"):
        rows.stream()
    assert rows.table() is None


def test_a_batch_larger_than_the_limit_is_streamed_alone() -> None:
    rows = begun(8, streamed=True)
    rows.add(batch(1, 2, 3))
    rows.end()
    assert [got["a"].to_pylist() for got in rows.stream()] == [[1, 2, 3]]


def test_a_reader_that_leaves_ends_the_statement() -> None:
    rows = begun(16, streamed=True)
    rows.add(batch(1))
    reader = rows.stream()
    next(reader)
    reader.close()
    with pytest.raises(Cancelled):
        rows.add(batch(2))


def test_rows_nobody_reads_are_given_up_and_a_cancel_is_heard_while_waiting() -> None:
    rows = begun(8, streamed=True, unread=0.2)
    rows.add(batch(1))
    with pytest.raises(RowsGone, match="were not read"):
        rows.add(batch(2))
    cancelled = begun(8, streamed=True, cancelled=True)
    cancelled.add(batch(1))
    with pytest.raises(Cancelled):
        cancelled.add(batch(2))


def test_an_error_reaches_the_reader() -> None:
    rows = begun(100, streamed=True)
    rows.add(batch(1))
    reader = rows.stream()
    next(reader)
    rows.end("EXECUTION ERROR: late")
    with pytest.raises(EngineError, match="late"):
        next(reader)
    assert rows.table() is None


def test_all_jobs_together_hold_no_more_than_their_memory() -> None:
    kept = Rows(100)
    freed: list[int] = []

    def make_room(needed: int) -> None:
        freed.append(needed)
        kept.drop()

    memory = HeldBytes(32, make_room)
    kept = Rows(100, memory=memory)
    other = Rows(100, memory=memory)
    for rows in (kept, other):
        rows.begin(SCHEMA, lambda: False)
        rows.add(batch(1, 2))
    other.add(batch(3))
    assert freed == [8], "old rows go before a statement fails"
    other.add(batch(4))
    with pytest.raises(EngineError, match="fill 0 MiB"):
        other.add(batch(5))
    reader = other.stream()
    next(reader)
    other.add(batch(5, 6))


def test_dropped_rows_take_no_memory_and_are_gone() -> None:
    rows = begun(100)
    rows.add(batch(1))
    rows.end()
    rows.drop()
    assert (rows.held_bytes, rows.table(), rows.total_rows) == (0, None, 1)


OF_EVERY_TYPE = """
    select
        range as id, 'word ' || range as word, range::decimal(12, 2) as amount, range::double as ratio,
        date '2025-10-16' + range::integer as day, timestamp '2025-10-16 01:00:00' as moment,
        range = 1 as flag, null::varchar as nothing, [range, null] as list,
        {'a': range, 'b': 'x'} as struct, 'ab'::blob as bytes
    from range(3)
"""


def test_a_small_batch_holds_no_more_than_its_rows_and_is_the_same() -> None:
    reader = duckdb.connect().execute(OF_EVERY_TYPE).to_arrow_reader(10_000)
    given = reader.read_next_batch()
    reserved = sum(buffer.size for column in given for buffer in column.buffers() if buffer is not None)
    small = compacted(given)
    assert small.equals(given)
    assert small.schema == given.schema
    held = sum(buffer.size for column in small for buffer in column.buffers() if buffer is not None)
    assert held < 4_096
    assert held <= reserved


def test_a_large_batch_is_not_copied() -> None:
    large = batch(*range(COMPACTED_BELOW_BYTES // 8))
    assert compacted(large) is large


def test_a_batch_of_no_rows_keeps_its_schema() -> None:
    assert compacted(batch()).equals(batch())
