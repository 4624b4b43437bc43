"""How a sync ends: only success is success; deadline, kill and failure are told apart, by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from lakehouse.airbyte.errors import (
    AirbyteJobCancelledError,
    AirbyteJobFailedError,
    AirbyteJobMisconfiguredError,
    AirbyteJobTimeoutError,
    AirbyteNotFoundError,
)
from lakehouse.airbyte.job import JobFailure
from lakehouse.airbyte.operators import AirbyteSyncOperator
from lakehouse.platform.external_job.triggers import Outcome
from testing.lakehouse.task_memory import kept, task_memory
from tests.unit.lakehouse.airbyte.airbyte_doubles import (
    STARTED,
    Extract,
    FakeAirbyte,
    FakeLedger,
    busy_with,
)


def test_cancelled_job_fails_the_task_and_names_the_job(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "cancelled")
    extract = Extract(airbyte, FakeLedger())
    with pytest.raises(AirbyteJobCancelledError, match=r"job 1 of cafe_postgres_to_lake \(http.*/jobs/1\)"):
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


def test_the_reason_is_not_told_again_by_the_log(airbyte: FakeAirbyte) -> None:
    """Of two damaged files the error named each three times, and closed with "Fix the configuration"."""
    airbyte.script(1, "running", "failed")
    reason = "2 files could not be read: " + "a_1.csv, line 1: it is empty; " * 9 + "Repair or remove them"
    lines = ("ERROR a: a_1.csv is left out", f"ERROR {reason}", f"ERROR {reason[:200]}")
    airbyte.failure = JobFailure(reason, True, lines)
    with pytest.raises(AirbyteJobMisconfiguredError) as failed:
        Extract(airbyte, FakeLedger()).run()
    assert str(failed.value).endswith(
        f"{reason}. Its log ends: ERROR a: a_1.csv is left out. Trying again changes nothing: correct what "
        "the reason names, then run the date again"
    )


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
        Extract(airbyte, FakeLedger(), synchronous=timedelta()).run()
    _, arguments = deferred.value.trigger.serialize()
    assert arguments["handle"] == 1
    assert arguments["owned"] is True
    trigger = deferred.value.trigger
    assert trigger.poll_seconds >= 10, "a trigger that fires at once can lose its task"
    assert deferred.value.method_name == "resume"
    assert deferred.value.kwargs is not None
    assert deferred.value.kwargs["purpose"] == "follow"


def deferred_with(purpose: str, owned: bool = True) -> dict[str, Any]:
    deadline = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    return {"handle": 1, "deadline": deadline, "owned": owned, "purpose": purpose}


def test_back_from_the_triggerer_a_success_is_claimed(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "succeeded")
    extract = Extract(airbyte, FakeLedger())
    extract.store |= kept(1)
    event = {"outcome": Outcome.ENDED.value, "why": "state succeeded"}
    assert extract.operator.resume(extract.context, event, **deferred_with("follow"))["rows_out"] == 10


@pytest.mark.parametrize("state", ["running", "hibernating"])
def test_a_job_that_has_not_ended_is_no_success(airbyte: FakeAirbyte, state: str) -> None:
    airbyte.script(1, state)
    extract = Extract(airbyte, FakeLedger())
    event = {"outcome": Outcome.ENDED.value, "why": "?"}
    with pytest.raises(AirbyteJobFailedError, match=f"{state}.*not success"):
        extract.operator.resume(extract.context, event, **deferred_with("follow"))
    assert extract.ledger.claims == []


@pytest.mark.parametrize(("owned", "cancelled"), [(True, [1]), (False, [])])
def test_at_its_deadline_our_own_job_is_cancelled(
    airbyte: FakeAirbyte, owned: bool, cancelled: list[int]
) -> None:
    airbyte.script(1, "hibernating")
    extract = Extract(airbyte, FakeLedger())
    event = {"outcome": Outcome.DEADLINE.value, "why": "state hibernating"}
    with pytest.raises(AirbyteJobTimeoutError, match=r"job 1 .*state hibernating"):
        extract.operator.resume(extract.context, event, **deferred_with("follow", owned))
    assert airbyte.cancelled == cancelled


def test_its_turn_come_the_task_starts_its_own_job(airbyte: FakeAirbyte) -> None:
    airbyte.script(2, "running", "succeeded")
    extract = Extract(airbyte, FakeLedger())
    event = {"outcome": Outcome.ENDED.value, "why": "state succeeded"}
    extract.operator.resume(extract.context, event, **deferred_with("wait_for_turn", owned=False))
    assert airbyte.started == [2]


def test_a_kill_cancels_the_job_the_task_started(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running")
    extract = Extract(airbyte, FakeLedger(), synchronous=timedelta())
    with pytest.raises(TaskDeferred):
        extract.run()
    extract.operator.on_kill()
    assert airbyte.cancelled == [1]


def test_a_kill_leaves_somebody_elses_job_alone(airbyte: FakeAirbyte) -> None:
    airbyte.script(8, "running", started_at=STARTED + timedelta(seconds=1))
    busy_with(airbyte, 8)
    extract = Extract(airbyte, FakeLedger(), synchronous=timedelta())
    with pytest.raises(TaskDeferred):
        extract.run()
    extract.operator.on_kill()
    assert airbyte.cancelled == []


def test_an_unknown_connection_says_what_to_run(
    airbyte: FakeAirbyte, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_CAFE_POSTGRES", "postgres://reader@db/cafe")
    airbyte.listed = lambda path: iter(())  # type: ignore[method-assign]
    with pytest.raises(
        AirbyteNotFoundError, match="0 connections named cafe_postgres_to_lake: run provision_platform"
    ):
        Extract(airbyte, FakeLedger()).run()


def plain_sync(airbyte: FakeAirbyte, **arguments: Any) -> tuple[AirbyteSyncOperator, dict[str, Any]]:
    """A sync for no business date, as a cadence has it: no partition key, no ledger."""
    operator = AirbyteSyncOperator(task_id="sync", connection_name="cafe_postgres_to_lake", **arguments)
    operator.__dict__["client"] = airbyte
    run = SimpleNamespace(start_date=STARTED, run_after=STARTED)
    return operator, {"params": {}, "dag_run": run, **task_memory({})}


def test_a_sync_without_a_date_reports_what_airbyte_committed(
    airbyte: FakeAirbyte,
) -> None:
    airbyte.script(1, "running", "succeeded")
    operator, context = plain_sync(airbyte)
    report = operator.execute(context)
    assert (report["rows_in"], report["rows_out"], report["bytes"]) == (10, 10, 99)
    assert report["detail"] == {"connection": "cafe_postgres_to_lake", "attached": False, "seconds": 0.0}


def test_a_sync_that_need_not_queue_is_skipped_when_the_connection_is_busy(airbyte: FakeAirbyte) -> None:
    airbyte.script(8, "running", "running")
    busy_with(airbyte, 8)
    operator, context = plain_sync(airbyte, skip_when_busy=True)
    with pytest.raises(AirflowSkipException, match="is busy: job 8"):
        operator.execute(context)
    assert airbyte.started == []
    assert airbyte.cancelled == []
