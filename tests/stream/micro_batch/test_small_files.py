"""Small bronze files become one: no row is missed, whatever dies."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.platform.errors import TransientError
from lakehouse.platform.storage import LakeStorage
from lakehouse.stream.small_files import SmallFiles
from testing.lakehouse.batch_runner import Stream


class DyingLake:
    """Dies at the first deletion."""

    def __init__(self, storage: LakeStorage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def delete(self, key: str) -> None:
        raise TransientError("the task was killed")


def batches_of_a_past_hour(stream: Stream, how_many: int, hours_ago: int) -> list[int]:
    """Merged batches with a few orders each; their numbers."""
    numbers = []
    for _ in range(how_many):
        stream.insert_orders(2)
        numbers.append(stream.run().id)
    for number in numbers:
        connection = stream.platform.postgres.get_conn()
        with connection, connection.cursor() as cursor:
            cursor.execute(
                "update stream_batches set started_at = date_trunc('hour', clock_timestamp())"
                f" - interval '{hours_ago} hours' where batch_id = %s",
                (number,),
            )
        connection.close()
    return numbers


def rows_in_bronze(stream: Stream, numbers: list[int]) -> pa.Table:
    """The orders of these batches, from the files that the ledger names."""
    keys = {
        key for number in numbers for key in stream.ledger.bronze_keys(stream.ledger.batch(number), "orders")
    }
    tables = [pq.read_table(io.BytesIO(stream.platform.storage.get(key))) for key in sorted(keys)]
    return pa.concat_tables(tables).sort_by([("order_id", "ascending"), ("_ab_cdc_lsn", "ascending")])


def test_the_files_of_a_past_hour_become_one(stream: Stream) -> None:
    numbers = batches_of_a_past_hour(stream, 2, hours_ago=3)
    stream.insert_orders(1)
    current = stream.run()
    before = rows_in_bronze(stream, numbers)

    SmallFiles(stream.platform.postgres, stream.platform.storage).join()

    keys = {key for each in numbers for key in stream.ledger.bronze_keys(stream.ledger.batch(each), "orders")}
    assert len(keys) == 1
    assert rows_in_bronze(stream, numbers).equals(before)
    [key] = keys
    day = key.rsplit("/", 1)[0]
    stored = {item.key for item in stream.platform.storage.objects(day)}
    small = {f"{day}/batch-{number:012}.parquet" for number in numbers}
    assert not stored & small
    # The files of the current minutes stay.
    assert stream.ledger.bronze_keys(current, "orders") == [f"{day}/batch-{current.id:012}.parquet"]
    assert SmallFiles(stream.platform.postgres, stream.platform.storage).join() == 0


def test_a_joining_that_died_is_finished_by_the_next_one(stream: Stream) -> None:
    numbers = batches_of_a_past_hour(stream, 2, hours_ago=6)
    before = rows_in_bronze(stream, numbers)
    with pytest.raises(TransientError):
        SmallFiles(stream.platform.postgres, DyingLake(stream.platform.storage)).join()  # type: ignore[arg-type]

    gone = SmallFiles(stream.platform.postgres, stream.platform.storage).join()

    assert gone >= 2
    assert rows_in_bronze(stream, numbers).equals(before)
    [(left,)] = stream.platform.rows("select count(*) from stream_leftovers")
    assert left == 0
