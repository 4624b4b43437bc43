"""What happens while rows are extracted. Each does its damage, says what must come of it, and ends it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from airflow.sdk.exceptions import TaskDeferred

from lakehouse.airbyte.errors import AirbyteJobCancelledError, AirbyteJobFailedError
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.external_job.triggers import Outcome
from testing.fault_proxy import CUT, HANG, fault_proxy
from testing.lakehouse.extract_task import InBackground, sessions_at_the_lock, stuck_sync
from testing.waiting import wait_until
from tests.soak.dates import Date

_TRIES_AGAIN: Final = "This task's next attempt syncs again; if it fails as well, fix what the reason names"
_START_AGAIN: Final = "was cancelled. Nothing was claimed; if that was not meant, start this stage again"
_POLLS: Final = "GET /api/public/v1/jobs/"
_LAST_TABLE: Final = "products"
_SOON: Final = 0.01
"""Half the connector's first pause before it repeats a request: its waits are not what is tested."""
_FULL: Final = b"<Error><Code>InsufficientStorage</Code><Message>The disk is full</Message></Error>"


# The source and the store


def source_is_down(date: Date) -> None:
    """The API refuses connections when the sync starts."""
    with date.platform.configured("sources", "shop_api", base_url="http://127.0.0.1:9", retry_seconds=_SOON):
        _fails(date, "api", "refused")


def source_dies_mid_sync(date: Date) -> None:
    """The API answers the first page, then every connection breaks."""
    address = date.platform.stack.environ["SHOP_API_URL"]
    with fault_proxy(address) as proxy:
        proxy.fail_always("page_token=", CUT)
        with date.platform.configured(
            "sources", "shop_api", base_url=proxy.url, page_size=20, retry_seconds=_SOON
        ):
            _fails(date, "api", "shipments|shop_api")
        assert any(line.startswith("GET /api/v1/shipments") for line, _ in proxy.answers)
        assert proxy.seen, "no second page was asked for"


def source_database_dies_mid_sync(date: Date) -> None:
    """The database ends Airbyte's sessions in the middle of every attempt."""
    with held_extract(date) as task:
        _end_sessions_of_every_attempt(date)
        date.failed("extract postgres", task.end(), AirbyteJobFailedError, f"PostgreSQL .*{_TRIES_AGAIN}")
        _nothing_is_claimed(date, "postgres")


def postgres_crashes_mid_sync(date: Date) -> None:
    """The whole server crashes and comes back: under the source, under Airbyte and under the ledger."""
    with held_extract(date) as task:
        date.platform.crash_postgres()
    outcome = task.end(180)
    date.platform.wait_until_whole()
    if isinstance(outcome, BaseException):
        date.failed("extract postgres", outcome, LakehouseError, "next attempt|did not answer|answered 5..")


def airbyte_cannot_store(date: Date) -> None:
    """The object store has no room for what Airbyte lands."""
    endpoint = date.platform.stack.environ["LAKE_S3_ENDPOINT"]
    with fault_proxy(endpoint, refusal=_FULL) as proxy:
        proxy.fail_always("PUT ", 507)
        proxy.fail_always("POST ", 507)
        with date.platform.configured("destinations", "lake_landing", s3_endpoint=proxy.url):
            _fails(date, "postgres", "InsufficientStorage")


# Airbyte


def airbyte_dies_mid_job(date: Date) -> None:
    """Airbyte is killed while the job runs, and comes back: the same job goes on."""
    with held_extract(date) as task:
        date.platform.airbyte.kill()
        date.platform.airbyte.start()
    _succeeds(task.end(180))


def job_is_cancelled(date: Date) -> None:
    """Somebody cancels the job from outside."""
    with held_extract(date) as task:
        job_id = _running_job(date)
        date.platform.airbyte.call("DELETE", f"/jobs/{job_id}")
        date.failed(
            "extract postgres", task.end(), AirbyteJobCancelledError, f"job {job_id} .*{_START_AGAIN}"
        )
        _nothing_is_claimed(date, "postgres")


def connection_is_busy(date: Date) -> None:
    """Somebody else's sync of the connection runs: 409 until it has ended, or the task joins it."""
    refused = ("POST /api/public/v1/jobs", 409)
    met = date.platform.proxy.answers.count(refused)
    body = {"connectionId": date.platform.connection_id("postgres"), "jobType": "sync"}
    with stuck_sync(_LAST_TABLE):
        date.platform.airbyte.call("POST", "/jobs", body)
        task = _extract_beside(date)
        wait_until(lambda: date.platform.proxy.answers.count(refused) > met, "Airbyte answers 409")
    _succeeds(task.end(180))


def polls_fail(date: Date) -> None:
    """Polls are answered 500, 503, 429, with an expired token, and not at all."""
    faults = [500, 503, 429, 401, HANG]
    date.dice.shuffle(faults)
    before = len(date.platform.proxy.seen)
    date.platform.proxy.fail(_POLLS, *faults)
    _succeeds(_extract_beside(date).end(180))
    met = [status for _, status in date.platform.proxy.seen[before:]]
    assert met == faults, f"only {met} were met"


# The task


def task_is_killed_while_running(date: Date) -> None:
    """The worker is told to end the task: the job ends with it."""
    operator, night = date.platform.task("postgres", date.day)
    with stuck_sync(_LAST_TABLE):
        task = InBackground(lambda: operator.execute(night.context))
        wait_until(lambda: bool(sessions_at_the_lock()), "the sync is in its midst")
        operator.on_kill()
        date.failed("extract postgres", task.end(), AirbyteJobCancelledError, _START_AGAIN)
        _nothing_is_claimed(date, "postgres")


def task_is_killed_while_deferred(date: Date) -> None:
    """The deferred task is ended from the web UI: the job ends with it."""
    with stuck_sync(_LAST_TABLE):
        deferred, job_id = _deferred(date)
        asyncio.run(deferred.trigger.on_kill())
        assert date.platform.airbyte.wait(job_id)["status"] == "cancelled"
        date.failures.append("extract postgres: killed while deferred")
        _nothing_is_claimed(date, "postgres")


def task_dies_without_a_word(date: Date) -> None:
    """The worker is gone, and the task's next attempt takes up the job that it had started."""
    with stuck_sync(_LAST_TABLE):
        _, job_id = _deferred(date)
    report = date.platform.extract("postgres", date.day)
    assert [each["id"] for each in report["external_jobs"]] == [str(job_id)], "a second job was started"


def polls_of_the_trigger_fail(date: Date) -> None:
    """The deferred task's polls fail, hang and lose their token."""
    with stuck_sync(_LAST_TABLE):
        deferred, _ = _deferred(date)
    deferred.trigger.poll_seconds = 0.2
    before = len(date.platform.proxy.seen)
    date.platform.proxy.fail(_POLLS, 500, HANG, 401)

    async def first_event() -> Any:
        return await anext(deferred.trigger.run())

    event = asyncio.run(first_event())
    assert event.payload["outcome"] == Outcome.ENDED
    assert [status for _, status in date.platform.proxy.seen[before:]] == [500, HANG, 401]
    operator, night = date.platform.task("postgres", date.day)
    _succeeds(operator.resume(night.context, event.payload, **deferred.kwargs))


def two_extracts_at_once(date: Date) -> None:
    """Two runs of the date extract at the same time."""
    tasks = [_extract_beside(date), _extract_beside(date)]
    for task in tasks:
        _succeeds(task.end(180))


# More than once


def synced_twice(date: Date) -> None:
    """The sync is forced a second time: what it reads again is delivered again."""
    for source in ("postgres", "api"):
        date.extract(source)
        date.extract(source, force_sync=True)


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


@contextmanager
def held_extract(date: Date) -> Iterator[InBackground]:
    """The date's extract, with its sync in the middle: before the last table, which is locked."""
    with stuck_sync(_LAST_TABLE):
        task = _extract_beside(date)
        wait_until(lambda: bool(sessions_at_the_lock()), "the sync is in its midst")
        yield task


def _extract_beside(date: Date) -> InBackground:
    return InBackground(lambda: date.platform.extract("postgres", date.day))


def _deferred(date: Date, **arguments: Any) -> tuple[TaskDeferred, int]:
    """The task handed to the triggerer, and its job."""
    operator, night = date.platform.task("postgres", date.day, synchronous=timedelta(), **arguments)
    try:
        operator.execute(night.context)
    except TaskDeferred as deferred:
        return deferred, night.kept_job()
    raise AssertionError("the task did not defer")


def _running_job(date: Date) -> int:
    listed = date.platform.airbyte.call(
        "GET", "/jobs", connectionId=date.platform.connection_id("postgres"), status="running"
    )
    return max(int(job["jobId"]) for job in listed["data"])


def _end_sessions_of_every_attempt(date: Date) -> None:
    attempts = int(date.platform.airbyte.environ["AIRBYTE_SYNC_JOB_MAX_ATTEMPTS"])
    ended: set[int] = set()

    def another_waits() -> bool:
        return bool(sessions_at_the_lock() - ended)

    for _ in range(attempts):
        wait_until(another_waits, "the attempt is in its midst")
        waiting = sessions_at_the_lock()
        date.platform.history.execute(
            "select pg_terminate_backend(pid) from unnest(%(pids)s) as pid", {"pids": list(waiting)}
        )
        ended |= waiting


def _fails(date: Date, source: str, reason: str) -> None:
    outcome = InBackground(lambda: date.platform.extract(source, date.day)).end(180)
    date.failed(
        f"extract {source}", outcome, AirbyteJobFailedError, rf"failed: .*({reason}).*\. {_TRIES_AGAIN}"
    )
    _nothing_is_claimed(date, source)


def _succeeds(outcome: Any) -> None:
    if isinstance(outcome, BaseException):
        raise AssertionError("the extract must ride this out") from outcome
    assert outcome["rows_out"] > 0


def _nothing_is_claimed(date: Date, source: str) -> None:
    assert not date.is_claimed(source), f"{source} is claimed for {date.day} by an extract that failed"
