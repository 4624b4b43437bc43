"""A batch whose step died after its work was done, or halfway: the next run goes on, and nothing doubles."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lakehouse.platform.errors import TransientError
from lakehouse.platform.storage import LakeStorage
from lakehouse.stream.hot import HotBatch, HotTables
from lakehouse.stream.ledger import BatchState
from testing.lakehouse.batch_runner import Stream


@dataclass
class DyingHot:
    """Merges, and dies before anybody hears of it."""

    hot: HotTables

    def create(self) -> None: ...

    def merge(self, batch: HotBatch) -> None:
        self.hot.merge(batch)
        raise TransientError("the task was killed")


class DyingLake:
    """Stores objects, and dies when the second one is there."""

    def __init__(self, storage: LakeStorage) -> None:
        self._storage = storage
        self.stored = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def upload(self, path: Path, key: str) -> None:
        self._storage.upload(path, key)
        self.stored += 1
        if self.stored == 2:
            raise TransientError("the task was killed")


def test_a_task_that_died_after_the_merge_merges_again_with_the_same_rows(stream: Stream) -> None:
    numbers = stream.insert_orders(3)
    with pytest.raises(TransientError):
        stream.run(hot=DyingHot(stream.hot))
    waiting = stream.ledger.in_flight()
    assert waiting is not None
    assert waiting.state is BatchState.BRONZE

    batch = stream.run()

    assert batch.id == waiting.id
    assert stream.in_hot(numbers) == dict.fromkeys(numbers, ("completed", False))


def test_a_task_that_died_while_it_wrote_bronze_writes_the_same_files_again(stream: Stream) -> None:
    numbers = stream.insert_orders(2)
    stream.change("update customers set updated_at = updated_at where customer_id = 1")
    with pytest.raises(TransientError):
        stream.run(storage=DyingLake(stream.platform.storage))
    waiting = stream.ledger.in_flight()
    assert waiting is not None
    assert waiting.state is BatchState.LANDED
    keys = {item.key: item.etag for item in stream.platform.storage.objects("bronze/stream/")}

    batch = stream.run()

    again = {item.key: item.etag for item in stream.platform.storage.objects("bronze/stream/")}
    assert batch.id == waiting.id
    assert again == keys
    assert set(stream.in_hot(numbers)) == set(numbers)


def test_a_sync_whose_task_died_is_adopted_and_not_started_twice(stream: Stream) -> None:
    numbers = stream.insert_orders(1)
    batch = stream.ledger.begin("killed", stream.watch.position())
    airbyte = stream.platform.airbyte
    connection_id = airbyte.connection_id(stream.ledger.connection)
    job = airbyte.start_sync(connection_id)
    stream.ledger.started(batch, job.job_id, keeps_position=True)

    merged = stream.run()

    assert (merged.id, merged.job_id) == (batch.id, job.job_id)
    assert set(stream.in_hot(numbers)) == set(numbers)


def test_a_sync_that_was_started_and_not_written_down_is_claimed_all_the_same(stream: Stream) -> None:
    """The task died between Airbyte's answer and the ledger: the job has ended when the next one comes."""
    numbers = stream.insert_orders(2)
    batch = stream.ledger.begin("killed", stream.watch.position())
    airbyte = stream.platform.airbyte
    job = airbyte.start_sync(airbyte.connection_id(stream.ledger.connection))
    while not airbyte.job(job.job_id).phase.is_over:
        pass

    merged = stream.run()

    assert merged.id == batch.id
    assert set(stream.in_hot(numbers)) == set(numbers)


def test_two_runs_that_begin_at_once_share_one_batch(stream: Stream) -> None:
    with ThreadPoolExecutor(2) as both:
        begun = list(both.map(lambda name: stream.ledger.begin(name, None), ("one", "other")))

    assert begun[0].id == begun[1].id
    stream.run()
