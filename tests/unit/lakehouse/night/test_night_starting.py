"""Whether a run has seen what was announced, and under which id a missing one is started."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from lakehouse.night.starting import announced_at, has_seen, start_id, started_as
from lakehouse.observe.incidents.failure import FailedTask, failed_task
from lakehouse.platform.airflow_runs import Run, Task

ANNOUNCED = datetime(2025, 10, 16, 2, 14, 30, 123456, tzinfo=UTC)
BEFORE, AFTER = ANNOUNCED - timedelta(seconds=1), ANNOUNCED + timedelta(seconds=1)


def run(state: str, created: datetime, started: datetime | None = None, ended: datetime | None = None) -> Run:
    return Run("load_bronze", "r", state, created, started, ended, "2025-10-16", queued_at=created)


def task(task_id: str, started: datetime | None) -> Task:
    return Task(task_id, "success", 1, 3, -1, started)


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (True, run("queued", BEFORE)),
        (True, run("running", BEFORE, AFTER)),
        (True, run("success", BEFORE, AFTER, AFTER)),
        (True, run("failed", AFTER, AFTER, AFTER)),
        (True, run("running", BEFORE, ANNOUNCED)),
        (False, run("running", BEFORE, BEFORE)),
        (False, run("success", BEFORE, BEFORE, AFTER)),
        (False, run("failed", BEFORE, None, None)),
    ],
)
def test_a_run_has_seen_what_was_announced_before_it_started(seen: bool, what: Run) -> None:
    assert has_seen(what, ANNOUNCED) is seen


def test_what_announces_is_the_last_task_whichever_order_airflow_lists() -> None:
    tasks = [task("announce", ANNOUNCED), task("sync", BEFORE), task("skipped", None)]
    assert announced_at(run("success", BEFORE, BEFORE, AFTER), tasks) == ANNOUNCED
    assert announced_at(run("success", BEFORE, BEFORE, AFTER), []) == AFTER
    assert announced_at(run("success", BEFORE, BEFORE), []) == BEFORE


def test_the_same_announcement_gives_the_same_id_wherever_the_clock_is_read() -> None:
    there = ANNOUNCED.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert start_id("2025-10-16", ANNOUNCED) == start_id("2025-10-16", there)
    assert start_id("2025-10-16", ANNOUNCED) != start_id("2025-10-16", AFTER)
    assert start_id("2025-10-16", ANNOUNCED) != start_id("2025-10-17", ANNOUNCED)


def test_airflow_takes_the_id() -> None:
    """Its pattern, `[scheduler] allowed_run_id_pattern`; two dots in a row are refused as well."""
    made = start_id("2025-10-16", ANNOUNCED)
    assert re.fullmatch(r"[A-Za-z0-9_.~:+-]+", made)
    assert ".." not in made


def test_a_start_that_was_repaired_wakes_as_the_one_it_replaces_would_have() -> None:
    def severity(run_id: str) -> str:
        return str(
            failed_task(
                FailedTask("load_bronze", run_id, "t", -1, 1, "2025-10-16", "manual", AFTER, "ValueError: x")
            ).severity
        )

    assert severity(start_id("2025-10-16", ANNOUNCED)) == "page"
    assert severity("manual__2025-10-16") == "warn"
    assert started_as("scheduled__1", "scheduled") == "scheduled"
