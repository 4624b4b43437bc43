"""Faults that a date can meet. Each does its damage, says what the library must answer, and ends it again."""

from __future__ import annotations

import errno
import io
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from lakehouse.airbyte.errors import AirbyteJobFailedError
from lakehouse.bronze.parquet_footer import LandingFileUnreadableError
from lakehouse.bronze.partition_loader import ScratchFullError
from lakehouse.errors import LakehouseError
from lakehouse.lake_storage import LakeStorage, StorageUnavailableError
from tests.soak.dates import Date, WorkerKilled
from tests.soak.platform import STREAMS
from tests.soak.source_faults import (
    column_is_added,
    column_is_dropped,
    column_is_retyped,
    rows_are_mended,
    rows_break_the_contract,
    text_is_strange,
)

# While rows are extracted


def source_is_down(date: Date) -> None:
    """The API refuses connections when the sync starts."""
    airbyte = date.platform.airbyte
    source = next(each for each in airbyte.call("GET", "/sources")["data"] if each["name"] == "shop_api")
    path, configuration = f"/sources/{source['sourceId']}", dict(source["configuration"])
    token = date.platform.stack.environ["SHOP_API_TOKEN"]
    good = configuration | {"api_token": token}
    airbyte.call("PATCH", path, {"configuration": good | {"base_url": "http://127.0.0.1:9"}})
    try:
        with pytest.raises(AirbyteJobFailedError, match="shop_api_to_lake"):
            date.platform.extract("api", date.day)
    finally:
        airbyte.call("PATCH", path, {"configuration": good})
    date.failures.append("extract api: AirbyteJobFailedError")


def airbyte_dies_mid_job(date: Date) -> None:
    """Airbyte is killed while the job runs, and comes back."""
    _while_extracting(date, lambda job_id: date.platform.airbyte.kill())


def job_is_cancelled(date: Date) -> None:
    """Somebody cancels the job from outside."""
    _while_extracting(date, lambda job_id: date.platform.airbyte.status_of("DELETE", f"/jobs/{job_id}"))


def connection_is_busy(date: Date) -> None:
    """Somebody else has started a sync of the connection: 409."""
    body = {"connectionId": date.platform.connection_id("postgres"), "jobType": "sync"}
    date.platform.airbyte.call("POST", "/jobs", body)
    date.extract("postgres")


def synced_twice(date: Date) -> None:
    """The sync is forced a second time: what it reads again is delivered again."""
    date.extract("postgres")
    date.extract("postgres", force_sync=True)
    date.extract("api")
    date.extract("api", force_sync=True)


def delivered_twice_out_of_order(date: Date) -> None:
    """Everything that landed lands once more, in other batches, backwards, under a name that sorts first."""
    date.extract("postgres")
    for stream in ("orders", "customers"):
        for file in date.landed(stream):
            rows = pq.read_table(io.BytesIO(date.platform.storage.get(file.key)))
            backwards = rows.take(pa.array(range(len(rows) - 1, -1, -1), pa.int64()))
            copy = io.BytesIO()
            pq.write_table(backwards, copy, row_group_size=date.dice.randint(1, 400))
            folder, name = file.key.rsplit("/", 1)
            date.platform.storage.put(copy.getvalue(), f"{folder}/0_again_{name}")
    date.extract("postgres", force_sync=True)


# While partitions are loaded


def landing_is_truncated(date: Date) -> None:
    """A landing object loses its second half; the operator restores it."""
    _damaged(date, lambda content: content[: len(content) // 2])


def landing_is_not_parquet(date: Date) -> None:
    """A landing object is overwritten by something else."""
    _damaged(date, lambda content: b"<html>502 Bad Gateway</html>")


def store_refuses_writes(date: Date) -> None:
    """The object store refuses one of the load's writes."""
    refusal = ClientError(
        {
            "Error": {"Code": "InsufficientStorage", "Message": "Insufficient Storage"},
            "ResponseMetadata": {"HTTPStatusCode": 507},
        },
        "PutObject",
    )
    stream = date.dice.choice(STREAMS)
    storage = LakeStorage(_FailingClient(date.platform.storage.client, refusal, _write(date)), "datalake")
    _must_fail(date, stream, storage, StorageUnavailableError)


def worker_dies_while_publishing(date: Date) -> None:
    """The worker is killed right before one of the load's writes."""
    stream = date.dice.choice(STREAMS)
    storage = LakeStorage(
        _FailingClient(date.platform.storage.client, WorkerKilled("killed"), _write(date)), "datalake"
    )
    _must_fail(date, stream, storage, WorkerKilled)


def disk_is_full(date: Date) -> None:
    """The worker's disk is full when the partition is written."""
    full = OSError(errno.ENOSPC, "No space left on device")
    with patch("lakehouse.bronze.parquet_writer._written", side_effect=full):
        _must_fail(date, date.dice.choice(STREAMS), date.platform.storage, ScratchFullError)


def two_loads_at_once(date: Date) -> None:
    """Two runs load the same partition at the same time."""
    stream = date.dice.choice(STREAMS)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(date.load, stream) for _ in range(2)]
    assert len({each.result().load.sha256 for each in both}) == 1


Fault = Callable[[Date], None]
SOURCE_FAULTS: Final[tuple[Fault, ...]] = (
    rows_break_the_contract,
    rows_are_mended,
    text_is_strange,
    column_is_added,
    column_is_dropped,
    column_is_retyped,
)
ASKING_BOTH_SOURCES: Final = (source_is_down, synced_twice)
EXTRACT_FAULTS: Final[tuple[Fault, ...]] = (
    source_is_down,
    airbyte_dies_mid_job,
    job_is_cancelled,
    connection_is_busy,
    synced_twice,
    delivered_twice_out_of_order,
)
LOAD_FAULTS: Final[tuple[Fault, ...]] = (
    landing_is_truncated,
    landing_is_not_parquet,
    store_refuses_writes,
    worker_dies_while_publishing,
    disk_is_full,
    two_loads_at_once,
)


class _FailingClient:
    """A boto3 client whose n-th PUT fails."""

    def __init__(self, client: Any, failure: BaseException, at: int) -> None:
        self._client = client
        self._failure = failure
        self._left = at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **arguments: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            raise self._failure
        return self._client.put_object(**arguments)


def _write(date: Date) -> int:
    """Which write of a load fails: there are two at least, data and manifest."""
    return date.dice.randint(1, 2)


def _must_fail(date: Date, stream: str, storage: LakeStorage, expected: type[BaseException]) -> None:
    with pytest.raises(expected):
        date.platform.load(stream, date.day, storage)
    date.failures.append(f"load {stream}: {expected.__name__}")


def _damaged(date: Date, damage: Callable[[bytes], bytes]) -> None:
    streams = [stream for stream in STREAMS if date.landed(stream)]
    stream = date.dice.choice(streams)
    file = date.dice.choice(date.landed(stream))
    content = date.platform.storage.get(file.key)
    date.platform.storage.put(damage(content), file.key)
    try:
        with pytest.raises(LandingFileUnreadableError, match=re.escape(file.key)):
            date.platform.load(stream, date.day)
    finally:
        date.platform.storage.put(content, file.key)
    date.failures.append(f"load {stream}: LandingFileUnreadableError")


def _while_extracting(date: Date, strike: Callable[[int], Any]) -> None:
    """Do something to Airbyte once the job of this date's extract is there; the task may fail by name."""
    connection = date.platform.connection_id("postgres")

    def jobs() -> list[int]:
        listed = date.platform.airbyte.call("GET", "/jobs", connectionId=connection)["data"]
        return [int(job["jobId"]) for job in listed]

    newest = max(jobs(), default=0)
    pool = ThreadPoolExecutor(1)
    task = pool.submit(date.platform.extract, "postgres", date.day)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        started = [job for job in jobs() if job > newest]
        if started:
            strike(max(started))
            break
        time.sleep(0.02)
    if not date.platform.airbyte.is_healthy():
        date.platform.airbyte.start()
    try:
        task.result(120)
    except LakehouseError as error:
        date.failures.append(f"extract postgres: {type(error).__name__}")
    finally:
        pool.shutdown(wait=False)
