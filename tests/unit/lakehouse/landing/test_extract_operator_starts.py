"""How an extract begins: it adopts before it starts, attaches or waits when busy, reuses what is complete."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lakehouse.airbyte.job import Job
from testing.lakehouse.task_memory import kept
from tests.unit.lakehouse.airbyte.airbyte_doubles import (
    STARTED,
    Extract,
    FakeAirbyte,
    FakeLedger,
    busy_with,
)


def test_a_sync_is_started_followed_and_claimed(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "incomplete", "running", "succeeded")
    extract = Extract(airbyte, FakeLedger())
    report = extract.run()
    assert airbyte.started == [1]
    assert extract.ledger.claims == [("cafe_postgres", date(2025, 10, 16), 1, 10)]
    assert (report["rows_in"], report["rows_out"], report["bytes"]) == (10, 10, 99)
    assert report["external_jobs"] == [
        {"system": "airbyte", "id": "1", "url": "http://airbyte/api/public/v1/jobs/1"}
    ]
    assert extract.store == kept(1, reported=True), "cleared, the task must not adopt a claimed job again"


def test_the_job_id_is_kept_before_the_first_poll(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running")
    extract = Extract(airbyte, FakeLedger())

    def killed(job_id: int) -> Job:
        raise KeyboardInterrupt

    airbyte.job = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        extract.run()
    assert extract.store == kept(1)


@pytest.mark.parametrize("state", ["running", "succeeded"])
def test_a_retry_adopts_the_job_of_the_attempt_before(airbyte: FakeAirbyte, state: str) -> None:
    airbyte.script(1, state, "succeeded")
    extract = Extract(airbyte, FakeLedger())
    extract.store |= kept(1)
    extract.run()
    assert airbyte.started == []
    assert extract.ledger.claims == [("cafe_postgres", date(2025, 10, 16), 1, 10)]


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_retry_starts_anew_after_a_job_that_failed(airbyte: FakeAirbyte, state: str) -> None:
    airbyte.script(1, state)
    airbyte.script(2, "running", "succeeded")
    extract = Extract(airbyte, FakeLedger())
    extract.store |= kept(1)
    extract.run()
    assert airbyte.started == [2]


def test_a_job_that_airbyte_has_forgotten_is_not_adopted(airbyte: FakeAirbyte) -> None:
    airbyte.script(2, "running", "succeeded")
    extract = Extract(airbyte, FakeLedger())
    extract.store |= kept(1)
    extract.run()
    assert airbyte.started == [2]


def test_busy_attaches_to_a_job_started_since_the_run_started(airbyte: FakeAirbyte) -> None:
    airbyte.script(8, "running", "succeeded", started_at=STARTED + timedelta(seconds=1))
    busy_with(airbyte, 8)
    extract = Extract(airbyte, FakeLedger())
    report = extract.run()
    assert airbyte.started == []
    assert report["detail"]["attached"] is True
    assert extract.ledger.claims == [("cafe_postgres", date(2025, 10, 16), 8, 0)], (
        "its rows may be another date's"
    )
    assert extract.store == {}, "a job of somebody else is not ours to adopt"


def test_busy_waits_for_an_older_job_and_starts_its_own(airbyte: FakeAirbyte) -> None:
    airbyte.script(8, "running", "running", "succeeded", started_at=STARTED - timedelta(seconds=1))
    airbyte.script(9, "running", "succeeded")
    busy_with(airbyte, 8)
    extract = Extract(airbyte, FakeLedger())
    extract.run()
    assert airbyte.started == [9]
    assert [claim[2] for claim in extract.ledger.claims] == [9]


def test_busy_with_another_dates_job_waits_even_if_it_began_late_enough(airbyte: FakeAirbyte) -> None:
    """Two dates of a backfill begin together. Attached to the other's sync, this one took its landing."""
    airbyte.script(8, "running", "running", "succeeded", started_at=STARTED + timedelta(seconds=1))
    airbyte.script(9, "running", "succeeded")
    busy_with(airbyte, 8)
    extract = Extract(airbyte, FakeLedger())
    extract.ledger.kept_for[8] = date(2025, 10, 15)
    extract.run()
    assert airbyte.started == [9]
    assert [claim[2] for claim in extract.ledger.claims] == [9]


def test_the_ledger_hears_of_a_job_when_it_begins_and_when_it_is_adopted(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "succeeded")
    started = Extract(airbyte, FakeLedger())
    started.run()
    adopting = Extract(airbyte, FakeLedger())
    adopting.store |= kept(1)
    adopting.run()
    assert started.ledger.kept_for == adopting.ledger.kept_for == {1: date(2025, 10, 16)}


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


def test_the_source_s_log_position_is_noted_for_the_job_that_started_after_it(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "succeeded")
    extract = Extract(airbyte, FakeLedger())
    extract.run()
    assert extract.ledger.positions == {1: 4711}


def test_no_position_is_noted_for_a_job_that_may_have_begun_before_it(airbyte: FakeAirbyte) -> None:
    airbyte.script(1, "running", "succeeded")
    adopting = Extract(airbyte, FakeLedger())
    adopting.store |= kept(1)
    adopting.run()
    assert adopting.ledger.positions == {1: None}

    airbyte.script(8, "running", "succeeded", started_at=STARTED + timedelta(seconds=1))
    busy_with(airbyte, 8)
    attaching = Extract(airbyte, FakeLedger())
    attaching.run()
    assert attaching.ledger.positions == {}
