"""What happens while partitions are loaded. Each does its damage, says what must come of it, and ends it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Final
from unittest.mock import patch

from botocore.exceptions import ClientError

from lakehouse.bronze.scratch import ScratchFullError
from lakehouse.landing.footers import LandingFileUnreadableError
from lakehouse.platform.database import PlatformDatabaseUnavailableError
from lakehouse.platform.storage import LakeStorage, StorageUnavailableError
from testing.faulty_bucket import FaultyBucket, raising
from testing.lakehouse.extract_task import InBackground
from tests.soak.dates import Date, WorkerKilled
from tests.soak.platform import STREAMS

_NEXT_ATTEMPT: Final = "this task's next attempt"


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
    _fails(date, StorageUnavailableError, f"Insufficient Storage; {_NEXT_ATTEMPT}", raising(refusal))


def worker_dies_while_publishing(date: Date) -> None:
    """The worker is killed right before one of the load's writes."""
    _fails(date, WorkerKilled, "killed", raising(WorkerKilled("killed")))


def postgres_crashes(date: Date) -> None:
    """The platform's PostgreSQL crashes right before one of the load's writes, and comes back."""
    stream = date.dice.choice(STREAMS)
    storage = _storage(date, date.platform.crash_postgres)
    outcome = InBackground(lambda: date.platform.load(stream, date.day, storage)).end(120)
    date.platform.wait_until_whole()
    # It may be back before the load asks for it.
    if isinstance(outcome, BaseException):
        words = f"PostgreSQL is away .*{_NEXT_ATTEMPT.capitalize()} goes on"
        date.failed(f"load {stream}", outcome, PlatformDatabaseUnavailableError, words)


def disk_is_full(date: Date) -> None:
    """The worker's disk is full when the partition is written."""
    full = OSError(errno.ENOSPC, "No space left on device")
    with patch("lakehouse.bronze.parquet_writer._written", side_effect=full):
        _fails(date, ScratchFullError, f"Free some space.*{_NEXT_ATTEMPT} succeeds")


def two_loads_at_once(date: Date) -> None:
    """Two runs load the same partition at the same time."""
    stream = date.dice.choice(STREAMS)
    both = [InBackground(lambda: date.load(stream)) for _ in range(2)]
    hashes = set()
    for each in both:
        outcome = each.end(120)
        if isinstance(outcome, BaseException):
            raise outcome
        hashes.add(outcome.load.sha256)
    assert len(hashes) == 1, "two loads of one partition differ"


def _storage(date: Date, strike: Callable[[], None]) -> LakeStorage:
    """The lake, with something that happens before a write of a load: there are two at least."""
    client = FaultyBucket(date.platform.storage.client, strike, date.dice.randint(1, 2))
    return LakeStorage(client, date.platform.storage.bucket)


def _fails(
    date: Date, expected: type[BaseException], words: str, strike: Callable[[], None] | None = None
) -> None:
    stream = date.dice.choice(STREAMS)
    storage = _storage(date, strike) if strike else date.platform.storage
    outcome = InBackground(lambda: date.platform.load(stream, date.day, storage)).end(120)
    date.failed(f"load {stream}", outcome, expected, words)


def _damaged(date: Date, damage: Callable[[bytes], bytes]) -> None:
    stream = date.dice.choice([stream for stream in STREAMS if date.landed(stream)])
    file = date.dice.choice(date.landed(stream))
    content = date.platform.storage.get(file.key)
    date.platform.storage.put(damage(content), file.key)
    try:
        outcome = InBackground(lambda: date.platform.load(stream, date.day)).end(120)
    finally:
        date.platform.storage.put(content, file.key)
    date.failed(
        f"load {stream}", outcome, LandingFileUnreadableError, f"{file.key} is unreadable .*restore it"
    )
