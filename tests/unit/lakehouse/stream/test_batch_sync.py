"""The sync of a batch: adopted, started, followed, cancelled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from threading import Event
from types import MappingProxyType
from typing import Any

import pytest

from lakehouse.airbyte.connection_file import ConnectionFile, Endpoint, Stream
from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteJobFailedError,
    AirbyteJobMisconfiguredError,
    AirbyteJobTimeoutError,
    AirbyteNotFoundError,
    AirbyteUnavailableError,
)
from lakehouse.airbyte.job import Job, JobFailure
from lakehouse.airbyte.states import JobState
from lakehouse.stream.ledger import Batch, BatchState
from lakehouse.stream.sync import BatchSync, StreamStoppedError, SyncCancelledError

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BATCH = Batch(
    7, BatchState.SYNCING, date(2026, 11, 29), "run", None, 10, 20, None, 1, None, NOW, None, None, None
)


def job(number: int, state: str = "running", rows: int = 0) -> Job:
    return Job(number, "c", JobState.of(state), state, NOW, rows, 0)


@dataclass
class Airbyte:
    """Answers as it is told to: `states` of the looks at a job, one after the other."""

    states: list[Any]
    running: Job | None = None
    failure: JobFailure = field(default_factory=lambda: JobFailure("no reason", False, ()))
    started: list[int] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    lookups: int = 0

    def connection_id(self, name: str) -> str:
        self.lookups += 1
        return "c"

    def start_sync(self, connection_id: str) -> Job:
        if self.running is not None:
            raise AirbyteBusyError("busy")
        self.started.append(100 + len(self.started))
        return job(self.started[-1])

    def unfinished_job(self, connection_id: str) -> Job | None:
        return self.running

    def job(self, number: int) -> Job:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        return job(number, state, rows=5)

    def cancel(self, number: int) -> None:
        self.cancelled.append(number)

    def rows_by_stream(self, number: int) -> dict[str, int]:
        return {"orders": 5}

    def failure_of(self, number: int) -> JobFailure:
        return self.failure

    def job_url(self, number: int) -> str:
        return f"http://airbyte/jobs/{number}"


@dataclass
class Ledger:
    """What a batch's row would say."""

    started_with: list[tuple[int, bool]] = field(default_factory=list)
    attempts: list[int | None] = field(default_factory=list)

    def started(self, batch: Batch, job_id: int, keeps_position: bool) -> Batch:
        self.started_with.append((job_id, keeps_position))
        return replace(batch, job_id=job_id, to_lsn=batch.to_lsn if keeps_position else None)

    def attempt(self, batch: Batch, to_lsn: int | None) -> Batch:
        self.attempts.append(to_lsn)
        return replace(batch, job_id=None, to_lsn=to_lsn, attempts=batch.attempts + 1)


class Stopped(Event):
    """Waiting takes no time; set after so many waits."""

    def __init__(self, after: int = 10_000) -> None:
        super().__init__()
        self.left = after

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        return self.left < 0


def sync(
    airbyte: Airbyte,
    ledger: Ledger,
    stopped: Event | None = None,
    timeout: timedelta | None = None,
    prefix: str = "",
) -> BatchSync:
    limit = timedelta(hours=1) if timeout is None else timeout
    declared = ConnectionFile(
        name="made_up_stream_to_lake",
        business="made_up",
        cadence="stream",
        source=Endpoint("made_up_stream", "postgres", "made_up_postgres", {}),
        destination=Endpoint("lake_landing", "s3", "lake_s3", {}),
        namespace="source=made_up_stream",
        prefix=prefix,
        streams=(Stream("orders", "incremental_append", None, ("order_id",)),),
        tuning=MappingProxyType({"timeout_minutes": limit.total_seconds() / 60}),
    )
    return BatchSync(airbyte, declared, ledger, lambda: 99, stopped or Stopped())  # type: ignore[arg-type]


def test_the_jobs_id_is_kept_before_the_first_look() -> None:
    ledger, airbyte = Ledger(), Airbyte(["running", "succeeded"])

    synced = sync(airbyte, ledger).run(BATCH)

    assert ledger.started_with == [(100, True)]
    assert (synced.batch.job_id, synced.rows, synced.committed) == (100, 5, {"orders": 5})


def test_rows_are_counted_under_the_name_that_landing_has() -> None:
    """Airbyte counts `orders` and lands `cafe_orders`: the claim waited for rows that had landed long ago."""
    synced = sync(Airbyte(["succeeded"]), Ledger(), prefix="cafe_").run(BATCH)

    assert synced.committed == {"cafe_orders": 5}


def test_a_batch_goes_on_with_the_job_that_an_earlier_attempt_started() -> None:
    ledger, airbyte = Ledger(), Airbyte(["running", "succeeded"])

    synced = sync(airbyte, ledger).run(replace(BATCH, job_id=55))

    assert airbyte.started == []
    assert synced.batch.job_id == 55
    assert synced.batch.to_lsn == 20


@pytest.mark.parametrize("end", ["failed", "cancelled", AirbyteNotFoundError("gone")])
def test_a_job_of_an_earlier_attempt_that_came_to_nothing_is_followed_by_a_new_one(end: Any) -> None:
    ledger, airbyte = Ledger(), Airbyte([end, "succeeded"])

    synced = sync(airbyte, ledger).run(replace(BATCH, job_id=55))

    assert airbyte.started == [100]
    assert ledger.attempts == [99]
    assert synced.batch.to_lsn == 99  # the position of the new sync


def test_a_running_job_of_somebody_else_is_adopted_and_proves_no_position() -> None:
    ledger, airbyte = Ledger(), Airbyte(["succeeded"], running=job(33))

    synced = sync(airbyte, ledger).run(BATCH)

    assert ledger.started_with == [(33, False)]
    assert synced.batch.to_lsn is None


def test_a_connection_kept_busy_by_a_refresh_is_tried_again() -> None:
    airbyte = Airbyte(["succeeded"])
    airbyte.start_sync = _busy  # type: ignore[method-assign]

    with pytest.raises(AirbyteBusyError):
        sync(airbyte, Ledger()).run(BATCH)


def _busy(connection_id: str) -> Job:
    raise AirbyteBusyError("a refresh runs")


def test_a_failed_job_gives_airbytes_reason() -> None:
    airbyte = Airbyte(["failed"], failure=JobFailure("the source is down", False, ()))

    with pytest.raises(AirbyteJobFailedError, match=r"job 100 of made_up_stream_to_lake.*the source is down"):
        sync(airbyte, Ledger()).run(BATCH)


def test_a_lost_slot_is_permanent_and_says_what_to_do() -> None:
    reason = "PostgreSQL has invalidated the replication slot. Run a job of type 'refresh'"
    airbyte = Airbyte(["failed"], failure=JobFailure(reason, True, ()))

    with pytest.raises(AirbyteJobMisconfiguredError, match="refresh"):
        sync(airbyte, Ledger()).run(BATCH)


def test_a_job_that_is_cancelled_in_airbyte_is_tried_again_and_the_error_says_how_to_stop() -> None:
    with pytest.raises(SyncCancelledError, match="To stop the stream, pause it"):
        sync(Airbyte(["running", "cancelled"]), Ledger()).run(BATCH)


def test_a_state_that_nobody_knows_is_not_success() -> None:
    with pytest.raises(AirbyteJobTimeoutError):
        sync(Airbyte(["jubilant"]), Ledger(), timeout=timedelta()).run(BATCH)


def test_a_look_that_is_not_answered_ends_the_attempt_and_the_next_one_goes_on_with_the_job() -> None:
    """The loop waits between attempts, and there it sees that it was told to end."""
    airbyte = Airbyte([AirbyteUnavailableError("away"), "running", "succeeded"])
    syncing = sync(airbyte, Ledger())
    with pytest.raises(AirbyteUnavailableError):
        syncing.run(BATCH)

    assert syncing.run(replace(BATCH, job_id=100)).rows == 5
    assert airbyte.started == [100]


def test_stopping_at_once_cancels_the_job_that_this_process_started() -> None:
    airbyte = Airbyte(["running"])

    with pytest.raises(StreamStoppedError):
        sync(airbyte, Ledger(), Stopped(after=2)).run(BATCH)

    assert airbyte.cancelled == [100]


def test_stopping_at_once_leaves_somebody_elses_job_alone() -> None:
    airbyte = Airbyte(["running"], running=job(33))

    with pytest.raises(StreamStoppedError):
        sync(airbyte, Ledger(), Stopped(after=2)).run(BATCH)

    assert airbyte.cancelled == []


def test_a_job_that_does_not_end_is_cancelled_at_its_timeout() -> None:
    airbyte = Airbyte(["running"])

    with pytest.raises(AirbyteJobTimeoutError):
        sync(airbyte, Ledger(), timeout=timedelta()).run(BATCH)

    assert airbyte.cancelled == [100]


def test_a_connection_that_was_made_anew_is_looked_up_again() -> None:
    airbyte, ledger = Airbyte(["succeeded"]), Ledger()
    one = sync(airbyte, ledger)
    one.run(BATCH)
    one.run(BATCH)
    assert airbyte.lookups == 1
    start, airbyte.start_sync = airbyte.start_sync, _gone  # type: ignore[method-assign]
    with pytest.raises(AirbyteNotFoundError):
        one.run(BATCH)
    airbyte.start_sync = start  # type: ignore[method-assign]

    one.run(BATCH)

    assert airbyte.lookups == 2


def _gone(connection_id: str) -> Job:
    raise AirbyteNotFoundError("no such connection")
