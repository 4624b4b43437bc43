"""Runs and tasks that nobody will ever do anything about: ended where that harms nothing, else told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from lakehouse.observe.watch.look import look
from lakehouse.observe.watch.rounds import find
from lakehouse.observe.watch.stuck import is_stranded
from lakehouse.observe.watch.trouble import Fail, Start, Trouble
from lakehouse.platform.airflow_runs import Backfill, Run, Task
from tests.unit.lakehouse.observe.watch.scripted_airflow import KEY, NOW, ScriptedAirflow, ago, ran

CANCELLED = Backfill(
    7,
    datetime(2025, 10, 10, tzinfo=UTC),
    datetime(2025, 10, 16, tzinfo=UTC),
    is_paused=True,
    completed_at=ago(30),
)
GOING_ON = replace(CANCELLED, backfill_id=8, is_paused=False, completed_at=None)


def found(airflow: ScriptedAirflow) -> list[Trouble]:
    return find(airflow, look(airflow, NOW))


def left_in_the_queue(day: int = 16, queued: float = 40) -> Run:
    """A run of a backfill: it is created "at" the planned start of its night."""
    run = ran("extract_apis", None, None, "queued", key=f"2025-10-{day}", run_type="backfill", queued=queued)
    return replace(run, created_at=datetime(2025, 10, day, 1, 30, tzinfo=UTC), run_id=f"backfill__{day}")


def test_the_runs_of_a_cancelled_backfill_are_failed_and_told() -> None:
    airflow = ScriptedAirflow(left_in_the_queue(15), left_in_the_queue(16))
    airflow.known_backfills = [CANCELLED]
    troubles = found(airflow)
    assert [each.finding.kind for each in troubles] == ["stranded", "stranded"]
    assert [str(each.finding.business_date) for each in troubles] == ["2025-10-15", "2025-10-16"]
    assert [each.repair.run.run_id for each in troubles if isinstance(each.repair, Fail)] == [
        "backfill__15",
        "backfill__16",
    ]
    assert all(each.repair.then is None for each in troubles if isinstance(each.repair, Fail)), "cancelled"
    assert "--from-date 2025-10-16 --to-date 2025-10-16 --reprocess-behavior failed" in str(
        troubles[1].finding.command
    )


@pytest.mark.parametrize(
    "backfills",
    [
        [],
        [GOING_ON],
        [CANCELLED, GOING_ON],
        [replace(CANCELLED, completed_at=None)],
        [replace(CANCELLED, is_paused=False)],
        [replace(CANCELLED, last=datetime(2025, 10, 15, tzinfo=UTC))],
    ],
    ids=["none", "going on", "another covers the date", "paused by hand", "ran to its end", "other dates"],
)
def test_a_run_that_may_still_start_is_not_stranded(backfills: list[Backfill]) -> None:
    assert not is_stranded(left_in_the_queue(), backfills)
    airflow = ScriptedAirflow(left_in_the_queue())
    airflow.known_backfills = backfills
    assert found(airflow) == []


def test_a_backfill_that_is_being_cancelled_is_given_time() -> None:
    airflow = ScriptedAirflow(left_in_the_queue(queued=1))
    airflow.known_backfills = [CANCELLED]
    assert found(airflow) == []


def test_a_run_that_nothing_holds_back_is_replaced() -> None:
    airflow = ScriptedAirflow(ran("transform_marts", None, None, "queued", queued=20))
    [trouble] = found(airflow)
    assert trouble.finding.kind == "stuck_in_queue"
    assert isinstance(trouble.repair, Fail)
    assert isinstance(trouble.repair.then, Start)
    assert (trouble.repair.then.dag_id, trouble.repair.then.partition_key) == ("transform_marts", KEY)


def test_a_run_that_waits_for_its_turn_is_not_stuck() -> None:
    queued = [
        ran("transform_marts", None, None, "queued", f"2025-10-0{day}", queued=90) for day in range(1, 6)
    ]
    airflow = ScriptedAirflow(ran("transform_marts", 5, None, "running"), *queued)
    airflow.active = [Task("dbt", "running", 1, 3, -1, ago(5), "transform_marts", airflow.runs[0].run_id)]
    assert found(airflow) == []


def test_of_a_queue_that_does_not_move_only_the_first_is_replaced() -> None:
    """The others are behind it, and start once it is out of the way."""
    queued = [
        ran("transform_marts", None, None, "queued", f"2025-10-0{day}", queued=90 - day, run_id=str(day))
        for day in range(1, 6)
    ]
    repairs = [each.repair for each in found(ScriptedAirflow(*queued))]
    assert [repair.run.run_id for repair in repairs if isinstance(repair, Fail)] == ["1"]


def test_a_queued_run_of_a_paused_stage_is_told_as_paused_and_not_touched() -> None:
    airflow = ScriptedAirflow(ran("transform_marts", None, None, "queued", queued=90))
    airflow.paused["transform_marts"] = True
    [trouble] = found(airflow)
    assert (trouble.finding.kind, trouble.repair) == ("paused", None)
    assert trouble.finding.command == "bin/airflow dags unpause transform_marts --yes"


def test_a_queued_run_is_not_stuck_because_the_scheduler_was_down() -> None:
    airflow = ScriptedAirflow(ran("transform_marts", None, None, "queued", queued=600))
    airflow.alive_since = ago(10)
    assert found(airflow) == []


def test_a_run_without_a_date_is_ended_and_nothing_takes_its_place() -> None:
    [trouble] = found(ScriptedAirflow(ran("transform_marts", None, None, "queued", key=None, queued=20)))
    assert isinstance(trouble.repair, Fail)
    assert trouble.repair.then is None


def test_a_run_in_which_nothing_runs_is_told_with_the_command() -> None:
    airflow = ScriptedAirflow(ran("transform_marts", 16, None, "running", run_id="r1"))
    [trouble] = found(airflow)
    assert (trouble.finding.kind, trouble.repair) == ("stuck", None)
    assert trouble.finding.command == "bin/airflow dags clear transform_marts --run-id 'r1' --yes"


@pytest.mark.parametrize("state", ["running", "deferred", "up_for_retry", "scheduled"])
def test_a_run_with_a_task_that_somebody_will_run_is_not_stuck(state: str) -> None:
    airflow = ScriptedAirflow(ran("transform_marts", 100, None, "running", run_id="r1"))
    airflow.active = [Task("dbt", state, 1, 3, -1, ago(90), "transform_marts", "r1", waits_since=ago(90))]
    assert found(airflow) == []


@pytest.mark.parametrize(
    ("state", "minutes", "is_told"),
    [
        ("queued", 14, False),
        ("queued", 16, True),
        ("scheduled", 120, False),
        ("scheduled", 140, True),
        ("deferred", 120, False),
        ("deferred", 140, True),
        ("running", 600, False),
    ],
)
def test_a_task_that_waits_longer_than_it_may_is_told(state: str, minutes: float, is_told: bool) -> None:
    airflow = ScriptedAirflow(ran("extract_apis", 200, None, "running", run_id="r1"))
    airflow.active = [
        Task(
            "sync",
            state,
            1,
            3,
            -1,
            ago(minutes),
            "extract_apis",
            "r1",
            waits_since=ago(minutes),
            pool="airbyte",
        )
    ]
    told = [each.finding for each in found(airflow)]
    assert [each.kind for each in told] == (["stuck"] if is_told else [])
    if is_told:
        assert f"sync is {state} since" in str(told[0].error)


def test_several_tasks_of_a_run_that_wait_are_one_finding() -> None:
    airflow = ScriptedAirflow(ran("extract_apis", 200, None, "running", run_id="r1"))
    airflow.active = [
        Task(f"sync_{each}", "deferred", 1, 3, -1, None, "extract_apis", "r1", waits_since=ago(150))
        for each in range(3)
    ]
    [trouble] = found(airflow)
    assert trouble.finding.evidence["tasks"] == ["sync_0", "sync_1", "sync_2"]
