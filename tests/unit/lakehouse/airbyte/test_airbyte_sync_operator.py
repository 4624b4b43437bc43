"""What the extract owes: adopt before start, attach or wait when busy, and only success is success."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from lakehouse.airbyte import operators
from lakehouse.airbyte.client import Job, JobFailure
from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteJobCancelledError,
    AirbyteJobFailedError,
    AirbyteJobMisconfiguredError,
    AirbyteJobTimeoutError,
    AirbyteNotFoundError,
    AirbyteUnavailableError,
)
from lakehouse.airbyte.extract_operator import AirbyteExtractOperator
from lakehouse.airbyte.operators import JOB_KEY, AirbyteSyncOperator
from lakehouse.airbyte.states import JobState
from lakehouse.airbyte.triggers import DEADLINE, ENDED
from lakehouse.bronze.landing_ledger import ClaimReport, StreamClaim

BEGUN = datetime(2025, 10, 16, 1, 0, tzinfo=UTC)
CLAIM = ClaimReport(rows=10, bytes=99, files=2, per_stream={"orders": StreamClaim(2, 10, 99)})


class FakeAirbyte:
    """Jobs that go through scripted states, one step per look."""

    def __init__(self) -> None:
        self.base_url = "http://airbyte/api/public/v1"
        self.states: dict[int, list[str]] = {}
        self.begun: dict[int, datetime] = {}
        self.started: list[int] = []
        self.cancelled: list[int] = []
        self.unreachable = 0
        self.failure = JobFailure("the source was down", False, ("last line",))

    def script(self, job_id: int, *states: str, begun: datetime = BEGUN) -> None:
        self.states[job_id] = list(states)
        self.begun[job_id] = begun

    def listed(self, path: str) -> Iterator[dict[str, Any]]:
        yield from (
            {"name": "shop_postgres_to_lake", "connectionId": "c1"},
            {"name": "other", "connectionId": "c2"},
        )

    def start_sync(self, connection_id: str) -> Job:
        assert connection_id == "c1"
        if self.unfinished_job(connection_id):
            raise AirbyteBusyError("409")
        job_id = max(self.states)
        self.started.append(job_id)
        return self._at(job_id)

    def unfinished_job(self, connection_id: str) -> Job | None:
        return None

    def job(self, job_id: int) -> Job:
        if self.unreachable:
            self.unreachable -= 1
            raise AirbyteUnavailableError("503")
        if job_id not in self.states:
            raise AirbyteNotFoundError("404")
        if len(self.states[job_id]) > 1:
            self.states[job_id].pop(0)
        return self._at(job_id)

    def _at(self, job_id: int) -> Job:
        word = self.states[job_id][0]
        return Job(job_id, "c1", JobState.of(word), word, self.begun[job_id], rows=10, bytes=99)

    def cancel(self, job_id: int) -> None:
        self.cancelled.append(job_id)

    def job_url(self, job_id: int) -> str:
        return f"{self.base_url}/jobs/{job_id}"

    def failure_of(self, job_id: int) -> JobFailure:
        return self.failure

    def rows_by_stream(self, job_id: int) -> dict[str, int]:
        return {"orders": 10}


class FakeLedger:
    def __init__(self, complete: bool = False) -> None:
        self.complete = complete
        self.claims: list[tuple[str, date, int, int]] = []
        self.begun: dict[int, date] = {}

    def is_complete(self, source: str, night: date) -> bool:
        return self.complete

    def report(self, source: str, night: date) -> ClaimReport:
        return CLAIM

    def begin(self, source: str, night: date, job_id: int) -> None:
        self.begun[job_id] = night

    def begun_for(self, source: str, job_id: int) -> date | None:
        return self.begun.get(job_id)

    def claim(self, source: str, night: date, job_id: int, rows: int, streams: dict[str, int]) -> ClaimReport:
        assert sum(streams.values()) == rows
        self.claims.append((source, night, job_id, rows))
        return CLAIM


class Extract:
    """The operator with its surroundings."""

    def __init__(self, airbyte: FakeAirbyte, ledger: FakeLedger, **kwargs: Any) -> None:
        self.airbyte, self.ledger = airbyte, ledger
        self.operator = AirbyteExtractOperator(
            task_id="sync", connection_name="shop_postgres_to_lake", **{"synchronous_seconds": 5, **kwargs}
        )
        self.operator.__dict__["_client"] = airbyte
        self.operator._ledger = lambda: ledger  # type: ignore[assignment, return-value, method-assign]
        self.store: dict[str, Any] = {}
        store = SimpleNamespace(get=self.store.get, set=self.store.__setitem__, delete=self.store.pop)
        run = SimpleNamespace(partition_key="2025-10-16", start_date=BEGUN, run_after=BEGUN)
        self.context = {"params": {}, "dag_run": run, "task_state_store": store}

    def run(self) -> Any:
        return self.operator.execute(self.context)


@pytest.fixture
def airbyte(monkeypatch: pytest.MonkeyPatch) -> FakeAirbyte:
    monkeypatch.setattr(operators, "SYNCHRONOUS_POLL_SECONDS", 0.0)
    return FakeAirbyte()


def test_a_sync_is_started_followed_and_claimed(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "incomplete", "running", "succeeded")
    extract = Extract(airbyte, FakeLedger())
    report = extract.run()
    assert airbyte.started == [1]
    assert extract.ledger.claims == [("postgres", date(2025, 10, 16), 1, 10)]
    assert (report["rows_in"], report["rows_out"], report["bytes"]) == (10, 10, 99)
    assert report["external_jobs"] == [
        {"system": "airbyte", "id": "1", "url": "http://airbyte/api/public/v1/jobs/1"}
    ]
    assert extract.store == {}, "a claimed job must not be adopted again"


def test_the_job_id_is_kept_before_the_first_poll(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running")
    extract = Extract(airbyte, FakeLedger())

    def killed(job_id: int) -> Job:
        raise KeyboardInterrupt

    airbyte.job = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        extract.run()
    assert extract.store == {JOB_KEY: 1}


@pytest.mark.parametrize("state", ["running", "succeeded"])
def test_a_retry_adopts_the_job_of_the_attempt_before(airbyte: FakeAirbyte, state: str) -> None:
    airbyte.script(1, state, "succeeded")
    extract = Extract(airbyte, FakeLedger())
    extract.store[JOB_KEY] = 1
    extract.run()
    assert airbyte.started == []
    assert extract.ledger.claims == [("postgres", date(2025, 10, 16), 1, 10)]


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_retry_starts_anew_after_a_job_that_failed(airbyte: FakeAirbyte, state: str) -> None:
    airbyte.script(1, state)
    airbyte.script(2, "running", "succeeded")
    extract = Extract(airbyte, FakeLedger())
    extract.store[JOB_KEY] = 1
    extract.run()
    assert airbyte.started == [2]


def test_a_job_that_airbyte_has_forgotten_is_not_adopted(airbyte: FakeAirbyte) -> None:
    airbyte.script(2, "running", "succeeded")
    extract = Extract(airbyte, FakeLedger())
    extract.store[JOB_KEY] = 1
    extract.run()
    assert airbyte.started == [2]


def busy_with(airbyte: FakeAirbyte, job_id: int) -> None:
    """Airbyte answers 409 as long as that job has not ended."""

    def unfinished(connection_id: str) -> Job | None:
        job = airbyte._at(job_id)
        return None if job.state.is_end else job

    airbyte.unfinished_job = unfinished  # type: ignore[method-assign]


def test_busy_attaches_to_a_job_begun_since_the_run_began(airbyte: FakeAirbyte) -> None:
    airbyte.script(8, "running", "succeeded", begun=BEGUN + timedelta(seconds=1))
    busy_with(airbyte, 8)
    extract = Extract(airbyte, FakeLedger())
    report = extract.run()
    assert airbyte.started == []
    assert report["detail"]["attached"] is True
    assert extract.ledger.claims == [("postgres", date(2025, 10, 16), 8, 0)], "its rows may be another date's"
    assert extract.store == {}, "a job of somebody else is not ours to adopt"


def test_busy_waits_for_an_older_job_and_starts_its_own(airbyte: FakeAirbyte) -> None:
    airbyte.script(8, "running", "running", "succeeded", begun=BEGUN - timedelta(seconds=1))
    airbyte.script(9, "running", "succeeded")
    busy_with(airbyte, 8)
    extract = Extract(airbyte, FakeLedger())
    extract.run()
    assert airbyte.started == [9]
    assert [claim[2] for claim in extract.ledger.claims] == [9]


def test_busy_with_another_dates_job_waits_even_if_it_began_late_enough(airbyte: FakeAirbyte) -> None:
    """Two dates of a backfill begin together. Attached to the other's sync, this one took its landing."""
    airbyte.script(8, "running", "running", "succeeded", begun=BEGUN + timedelta(seconds=1))
    airbyte.script(9, "running", "succeeded")
    busy_with(airbyte, 8)
    extract = Extract(airbyte, FakeLedger())
    extract.ledger.begun[8] = date(2025, 10, 15)
    extract.run()
    assert airbyte.started == [9]
    assert [claim[2] for claim in extract.ledger.claims] == [9]


def test_the_ledger_hears_of_a_job_when_it_begins_and_when_it_is_adopted(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "succeeded")
    started = Extract(airbyte, FakeLedger())
    started.run()
    adopting = Extract(airbyte, FakeLedger())
    adopting.store[JOB_KEY] = 1
    adopting.run()
    assert started.ledger.begun == adopting.ledger.begun == {1: date(2025, 10, 16)}


def test_a_complete_date_asks_airbyte_nothing(airbyte: FakeAirbyte) -> None:
    extract = Extract(airbyte, FakeLedger(complete=True))
    report = extract.run()
    assert airbyte.started == []
    assert report["detail"]["reused"] is True
    assert report["rows_out"] == 10


def test_force_sync_asks_again(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "succeeded")
    extract = Extract(airbyte, FakeLedger(complete=True))
    extract.context["params"] = {"force_sync": True}
    assert extract.run()["detail"]["reused"] is False
    assert airbyte.started == [1]


def test_cancelled_job_fails_the_task_and_names_the_job(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "cancelled")
    extract = Extract(airbyte, FakeLedger())
    with pytest.raises(AirbyteJobCancelledError, match=r"job 1 of shop_postgres_to_lake \(http.*/jobs/1\)"):
        extract.run()
    assert extract.ledger.claims == []


def test_failed_job_carries_airbytes_reason(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "failed")
    with pytest.raises(AirbyteJobFailedError, match=r"job 1 .*the source was down"):
        Extract(airbyte, FakeLedger()).run()


def test_failed_job_ends_with_the_logs_last_words(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "failed")
    airbyte.failure = JobFailure("the source was down", False, ("try 1 failed", "try 2 failed", "gave up"))
    with pytest.raises(AirbyteJobFailedError, match=r"Its log ends: try 2 failed \(2 times\) \| gave up"):
        Extract(airbyte, FakeLedger()).run()


def test_a_wrong_configuration_is_not_retried(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "failed")
    airbyte.failure = JobFailure("no such schema", True, ())
    with pytest.raises(AirbyteJobMisconfiguredError, match="no such schema"):
        Extract(airbyte, FakeLedger()).run()


def test_polls_that_fail_are_ridden_out(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "succeeded")
    airbyte.unreachable = 3
    assert Extract(airbyte, FakeLedger()).run()["rows_out"] == 10


def test_a_long_sync_is_deferred_with_all_it_needs(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running")
    with pytest.raises(TaskDeferred) as deferred:
        Extract(airbyte, FakeLedger(), synchronous_seconds=0).run()
    _, arguments = deferred.value.trigger.serialize()
    assert arguments["job_id"] == 1
    assert arguments["owned"] is True
    assert arguments["poll_seconds"] >= 10, "a trigger that fires at once can lose its task"
    assert deferred.value.method_name == "resume"
    assert deferred.value.kwargs is not None
    assert deferred.value.kwargs["purpose"] == "follow"


def kept(purpose: str, owned: bool = True) -> dict[str, Any]:
    return {"job_id": 1, "deadline": datetime.now(UTC).timestamp() + 60, "owned": owned, "purpose": purpose}


def test_back_from_the_triggerer_a_success_is_claimed(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "succeeded")
    extract = Extract(airbyte, FakeLedger())
    extract.store[JOB_KEY] = 1
    event = {"outcome": ENDED, "job_id": 1, "why": "state succeeded"}
    assert extract.operator.resume(extract.context, event, **kept("follow"))["rows_out"] == 10


@pytest.mark.parametrize("state", ["running", "hibernating"])
def test_a_job_that_has_not_ended_is_no_success(airbyte: FakeAirbyte, state: str) -> None:
    airbyte.script(1, state)
    extract = Extract(airbyte, FakeLedger())
    event = {"outcome": ENDED, "job_id": 1, "why": "?"}
    with pytest.raises(AirbyteJobFailedError, match=f"{state}.*not success"):
        extract.operator.resume(extract.context, event, **kept("follow"))
    assert extract.ledger.claims == []


@pytest.mark.parametrize(("owned", "cancelled"), [(True, [1]), (False, [])])
def test_at_its_deadline_our_own_job_is_cancelled(
    airbyte: FakeAirbyte, owned: bool, cancelled: list[int]
) -> None:
    airbyte.script(1, "hibernating")
    extract = Extract(airbyte, FakeLedger())
    event = {"outcome": DEADLINE, "job_id": 1, "why": "state hibernating"}
    with pytest.raises(AirbyteJobTimeoutError, match=r"job 1 .*state hibernating"):
        extract.operator.resume(extract.context, event, **kept("follow", owned))
    assert airbyte.cancelled == cancelled


def test_its_turn_come_the_task_starts_its_own_job(airbyte: FakeAirbyte) -> None:
    airbyte.script(2, "running", "succeeded")
    extract = Extract(airbyte, FakeLedger())
    event = {"outcome": ENDED, "job_id": 1, "why": "state succeeded"}
    extract.operator.resume(extract.context, event, **kept("wait_for_turn", owned=False))
    assert airbyte.started == [2]


def test_a_kill_cancels_the_job_the_task_started(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running")
    extract = Extract(airbyte, FakeLedger(), synchronous_seconds=0)
    with pytest.raises(TaskDeferred):
        extract.run()
    extract.operator.on_kill()
    assert airbyte.cancelled == [1]


def test_a_kill_leaves_somebody_elses_job_alone(airbyte: FakeAirbyte) -> None:
    airbyte.script(8, "running", begun=BEGUN + timedelta(seconds=1))
    busy_with(airbyte, 8)
    extract = Extract(airbyte, FakeLedger(), synchronous_seconds=0)
    with pytest.raises(TaskDeferred):
        extract.run()
    extract.operator.on_kill()
    assert airbyte.cancelled == []


def test_an_unknown_connection_says_what_to_run(airbyte: FakeAirbyte) -> None:
    airbyte.listed = lambda path: iter(())  # type: ignore[method-assign]
    with pytest.raises(
        AirbyteNotFoundError, match="0 connections named shop_postgres_to_lake: run provision_platform"
    ):
        Extract(airbyte, FakeLedger()).run()


def plain_sync(airbyte: FakeAirbyte, **arguments: Any) -> tuple[AirbyteSyncOperator, dict[str, Any]]:
    """A sync for no business date, as a cadence has it: no partition key, no ledger."""
    operator = AirbyteSyncOperator(task_id="sync", connection_name="shop_postgres_to_lake", **arguments)
    operator.__dict__["_client"] = airbyte
    kept: dict[str, Any] = {}
    store = SimpleNamespace(get=kept.get, set=kept.__setitem__, delete=kept.pop)
    run = SimpleNamespace(start_date=BEGUN, run_after=BEGUN)
    return operator, {"params": {}, "dag_run": run, "task_state_store": store}


def test_a_sync_without_a_date_reports_what_airbyte_committed(
    airbyte: FakeAirbyte,
) -> None:
    airbyte.script(1, "running", "succeeded")
    operator, context = plain_sync(airbyte)
    report = operator.execute(context)
    assert (report["rows_in"], report["rows_out"], report["bytes"]) == (10, 10, 99)
    assert report["detail"] == {"connection": "shop_postgres_to_lake", "attached": False, "seconds": 0.0}


def test_a_sync_that_need_not_queue_is_skipped_when_the_connection_is_busy(airbyte: FakeAirbyte) -> None:
    airbyte.script(8, "running", "running")
    busy_with(airbyte, 8)
    operator, context = plain_sync(airbyte, skip_when_busy=True)
    with pytest.raises(AirflowSkipException, match="is busy: job 8"):
        operator.execute(context)
    assert airbyte.started == []
    assert airbyte.cancelled == []
