"""What can happen to Airbyte or to the task while a sync runs: nothing is lost, doubled or left running."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk.exceptions import TaskDeferred

from lakehouse.airbyte.errors import AirbyteJobCancelledError
from lakehouse.airbyte.provision_operators import ProvisionAirbyteOperator
from lakehouse.landing import source_position
from lakehouse.platform.airflow_settings import environment_lines, load_settings
from lakehouse.platform.external_job.triggers import Outcome
from testing.fault_proxy import HANG, FaultProxy, fault_proxy
from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.lakehouse.extract_task import (
    ABSENT,
    FIRST_NIGHT,
    InBackground,
    Night,
    landing_files,
    stuck_sync,
    with_time_limit,
)


@pytest.fixture(scope="module")
def proxy(stack: IngestionStack, airbyte: AirbyteServer) -> Iterator[FaultProxy]:
    """Airflow's connection leads through the proxy."""
    address = urlsplit(airbyte.url)
    with fault_proxy(f"{address.scheme}://{address.netloc}") as before, pytest.MonkeyPatch.context() as patch:
        environ = stack.environ | ABSENT | {"AIRBYTE_URL": before.url + address.path}
        for line in environment_lines(load_settings(environment=environ)):
            name, value = line.split("=", 1)
            if name == "AIRFLOW_CONN_AIRBYTE_DEFAULT":
                patch.setenv(name, value)
        ProvisionAirbyteOperator(task_id="provision").execute({})
        yield before


@pytest.fixture(autouse=True)
def no_wait_for_open_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock that a sync is stuck at is a transaction of the source, which a night would wait for first."""
    at_once = partial(source_position.position_before_sync, settle_seconds=0)
    monkeypatch.setattr(source_position, "position_before_sync", at_once)


@pytest.fixture
def little_patience(proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A time limit that a hang soon passes, and nothing else does on a machine that is busy."""
    name = "AIRFLOW_CONN_AIRBYTE_DEFAULT"
    monkeypatch.setenv(name, with_time_limit(os.environ[name]))


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("faults", [(500, 503, 502), (HANG,), (401,), (429,)], ids=str)
def test_polls_that_fail_hang_or_lose_their_token_are_ridden_out(
    proxy: FaultProxy, faults: tuple[int, ...]
) -> None:
    night = Night(FIRST_NIGHT, force_sync=True)
    before = len(proxy.seen)
    proxy.fail("GET /api/public/v1/jobs/", *faults)
    report = night.extract()
    assert report["rows_out"] > 0
    assert [status for _, status in proxy.seen[before:]] == list(faults), "every fault was met"
    assert night.is_reported


def test_a_job_cancelled_from_outside_fails_by_name_and_claims_nothing(
    airbyte: AirbyteServer, proxy: FaultProxy
) -> None:
    night, claimed = Night("2025-10-19"), landing_files("2025-10-19")
    with stuck_sync():
        task = InBackground(night.extract)
        job_id = night.kept_job()
        airbyte.call("DELETE", f"/jobs/{job_id}")
        error = task.end()
    assert isinstance(error, AirbyteJobCancelledError)
    assert f"job {job_id} of shop_postgres_to_lake" in str(error)
    assert landing_files("2025-10-19") == claimed == 0
    assert Night("2025-10-19").extract()["rows_out"] > 0, "the rerun succeeds"


def test_a_task_killed_while_it_runs_cancels_its_job(airbyte: AirbyteServer, proxy: FaultProxy) -> None:
    night = Night(FIRST_NIGHT, force_sync=True)
    operator = night.operator()
    with stuck_sync():
        task = InBackground(lambda: operator.execute(night.context))
        job_id = night.kept_job()
        operator.on_kill()
        assert airbyte.wait(job_id)["status"] == "cancelled"
        assert isinstance(task.end(), AirbyteJobCancelledError)


def test_a_task_killed_while_deferred_cancels_its_job(airbyte: AirbyteServer, proxy: FaultProxy) -> None:
    night = Night(FIRST_NIGHT, force_sync=True)
    with stuck_sync():
        with pytest.raises(TaskDeferred) as deferred:
            night.operator(synchronous=timedelta()).execute(night.context)
        job_id = night.kept_job()
        asyncio.run(deferred.value.trigger.on_kill())
        assert airbyte.wait(job_id)["status"] == "cancelled"


def test_a_task_that_died_without_a_word_is_taken_up_by_its_retry(
    airbyte: AirbyteServer, proxy: FaultProxy
) -> None:
    night = Night(FIRST_NIGHT, force_sync=True)
    with stuck_sync(), pytest.raises(TaskDeferred):
        night.operator(synchronous=timedelta()).execute(night.context)
    job_id = night.kept_job()
    jobs = len(airbyte.call("GET", "/jobs", limit=100)["data"])
    report = night.extract()
    assert report["external_jobs"][0]["id"] == str(job_id)
    assert len(airbyte.call("GET", "/jobs", limit=100)["data"]) == jobs, "no second job was started"


@pytest.mark.usefixtures("little_patience")
def test_the_trigger_outlives_polls_that_fail(proxy: FaultProxy) -> None:
    night = Night(FIRST_NIGHT, force_sync=True)
    with stuck_sync(), pytest.raises(TaskDeferred) as deferred:
        night.operator(synchronous=timedelta()).execute(night.context)
    deferred.value.trigger.poll_seconds = 0.2
    proxy.fail("GET /api/public/v1/jobs/", 500, HANG, 401)

    async def first_event() -> Any:
        return await anext(deferred.value.trigger.run())

    event = asyncio.run(first_event())
    assert event.payload["outcome"] == Outcome.ENDED
    assert night.operator().resume(night.context, event.payload, **deferred.value.kwargs)["rows_out"] > 0


def test_two_runs_of_one_date_at_once_claim_everything_once(proxy: FaultProxy) -> None:
    nights = [Night("2025-10-20"), Night("2025-10-20")]
    tasks = [InBackground(night.extract) for night in nights]
    reports = [task.end(90)["detail"]["per_stream"] for task in tasks]
    claimed = PostgresHook("platform_postgres").get_records(
        "select stream, count(*), sum(rows) from landing_files "
        "where business_date = '2025-10-20' group by stream"
    )
    # The second run may have had a sync of its own after the first one's: the date holds what both brought.
    whole = max(reports, key=lambda report: sum(each["rows"] for each in report.values()))
    assert {stream: (files, rows) for stream, files, rows in claimed} == {
        stream: (each["files"], each["rows"]) for stream, each in whole.items()
    }
    assert sum(each["rows"] for each in whole.values()) > 0
