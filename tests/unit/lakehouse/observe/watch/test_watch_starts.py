"""A stage that Airflow did not start, or started too early, is started once; nothing else is touched."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lakehouse.night.plan import NIGHT
from lakehouse.observe.watch.look import look
from lakehouse.observe.watch.rounds import find
from lakehouse.observe.watch.starts import LONG_PATIENCE, PATIENCE
from lakehouse.observe.watch.trouble import Start, Trouble
from lakehouse.platform.airflow_runs import PendingPartition, Run
from tests.unit.lakehouse.observe.watch.scripted_airflow import KEY, NOW, ScriptedAirflow, ago, ran


def found(airflow: ScriptedAirflow) -> list[Trouble]:
    return find(airflow, look(airflow, NOW))


def starts(airflow: ScriptedAirflow) -> list[str]:
    return [
        f"{each.repair.dag_id} {each.repair.partition_key}"
        for each in found(airflow)
        if isinstance(each.repair, Start)
    ]


def kinds(airflow: ScriptedAirflow) -> list[str]:
    return [each.finding.kind for each in found(airflow)]


def extracts(first: float = 30, second: float = 20) -> list[Run]:
    return [
        ran("extract_postgres", first + 5, first, run_type="manual"),
        ran("extract_apis", second + 5, second, run_type="manual"),
    ]


def test_a_join_that_was_lost_is_started_once() -> None:
    airflow = ScriptedAirflow(*extracts())
    [trouble] = found(airflow)
    assert trouble.finding.kind == "start_lost"
    assert trouble.finding.root == "load_bronze"
    assert str(trouble.finding.business_date) == KEY
    assert isinstance(trouble.repair, Start)
    assert trouble.repair.run_id.startswith("restarted__2025-10-16__2025-10-17T11:40:00")


def test_a_join_that_started_before_the_second_announcement_is_started_again() -> None:
    """What it set off meanwhile follows once more: it is not started beside it."""
    early = ran("load_bronze", 25, 24)
    assert kinds(ScriptedAirflow(*extracts(), early)) == ["started_too_early"]


def test_a_join_that_started_after_both_announcements_is_left_alone() -> None:
    airflow = ScriptedAirflow(*extracts(), ran("load_bronze", 19, 15), ran("transform_staging", 14, 13))
    airflow.runs += [ran(stage.name, 12, 11) for stage in NIGHT[4:]]
    assert found(airflow) == []


def test_what_counts_is_the_announcement_and_not_the_end_of_the_run() -> None:
    """Airflow ends a run some time after its last task, and starts the next stage in between."""
    airflow = ScriptedAirflow(
        *extracts(), ran("load_bronze", 20.5, 10), ran("transform_staging", 10, None, "running")
    )
    airflow.task_starts = {run.run_id: ago(21) for run in airflow.runs if run.dag_id == "extract_apis"}
    assert found(airflow) == []


@pytest.mark.parametrize("state", ["queued", "running", "success", "failed"])
def test_a_run_that_is_there_is_not_started_again_whatever_became_of_it(state: str) -> None:
    """A stage that failed has an incident of its own; starting it again is for whoever reads that."""
    started = None if state == "queued" else 19.0
    own = ran("load_bronze", started, 18 if state in ("success", "failed") else None, state, queued=19.5)
    airflow = ScriptedAirflow(*extracts(), own)
    if state == "success":
        airflow.runs.append(ran("transform_staging", 18, None, "running"))
    assert starts(airflow) == []


def test_a_run_that_was_created_too_early_but_had_to_queue_has_missed_nothing() -> None:
    own = ran("load_bronze", 19, None, "running", queued=25)
    assert starts(ScriptedAirflow(*extracts(), own)) == []


@pytest.mark.parametrize("state", ["failed", "running", "queued"])
def test_nothing_starts_while_an_input_has_not_succeeded(state: str) -> None:
    apis = ran("extract_apis", None if state == "queued" else 25, 20 if state == "failed" else None, state)
    assert starts(ScriptedAirflow(extracts()[0], apis)) == []


def test_an_input_that_was_never_run_for_the_date_keeps_the_join_waiting() -> None:
    """A mistyped date of which one extract ran: nothing of it may reach gold."""
    assert found(ScriptedAirflow(extracts()[0])) == []


def test_an_input_that_is_run_again_and_fails_is_not_hidden_by_its_older_success() -> None:
    again = ran("extract_apis", 10, 9, "failed")
    assert starts(ScriptedAirflow(*extracts(), again)) == []


def test_an_input_that_was_cancelled_in_the_queue_hides_no_success() -> None:
    cancelled = ran("extract_apis", None, 9, "failed", run_type="backfill", queued=10)
    assert starts(ScriptedAirflow(*extracts(), cancelled)) == [f"load_bronze {KEY}"]


@pytest.mark.parametrize("stage", [stage for stage in NIGHT if len(stage.waits_for) == 1])
def test_each_stage_that_waits_for_one_is_started_if_airflow_does_not(stage) -> None:
    airflow = ScriptedAirflow(ran(stage.waits_for[0], 30, 20))
    assert starts(airflow) == [f"{stage.name} {KEY}"]


def test_a_replay_at_noon_is_followed_to_its_end_though_the_date_ran_before() -> None:
    day = 60 * 24 * 20
    old = [ran(stage.name, day - number, day - number - 1) for number, stage in enumerate(NIGHT)]
    replay = ran("load_bronze", 30, 20, run_type="manual")
    assert starts(ScriptedAirflow(*old, replay)) == [f"transform_staging {KEY}"]


def test_one_extract_replayed_alone_leads_to_bronze_as_well() -> None:
    """The other one's success is older than the look: it is asked for."""
    day = 60 * 24 * 20
    old = [ran(stage.name, day - number * 10, day - number * 10 - 5) for number, stage in enumerate(NIGHT)]
    airflow = ScriptedAirflow(*old, ran("extract_apis", 30, 20, run_type="manual"))
    assert starts(airflow) == [f"load_bronze {KEY}"]


def test_every_date_of_a_backfill_is_judged_by_itself() -> None:
    airflow = ScriptedAirflow()
    for day in range(1, 29):
        key = f"2025-09-{day:02d}"
        airflow.runs += [
            ran(name, 60, 50, key=key, run_id=f"{name}{key}", run_type="backfill")
            for name in NIGHT[2].waits_for
        ]
        if day != 13:
            airflow.runs.append(ran("load_bronze", None, None, "queued", key=key, queued=49))
    assert starts(airflow) == ["load_bronze 2025-09-13"]


@pytest.mark.parametrize("key", ["2025-10-18", "2999-01-01", "yesterday", "", None])
def test_a_key_that_is_not_a_date_up_to_today_is_let_be(key: str | None) -> None:
    airflow = ScriptedAirflow(*(ran(name, 30, 20, key=key) for name in NIGHT[2].waits_for))
    assert found(airflow) == []


def test_the_scheduler_is_given_time() -> None:
    minutes = PATIENCE / timedelta(minutes=1)
    assert starts(ScriptedAirflow(*extracts(second=minutes - 0.1))) == []
    assert starts(ScriptedAirflow(*extracts(second=minutes + 0.1))) != []


def test_no_patience_is_counted_from_before_the_scheduler_started() -> None:
    """It was down for an hour, and starts by itself what became due meanwhile."""
    airflow = ScriptedAirflow(*extracts())
    airflow.alive_since = ago(1)
    assert starts(airflow) == []


@pytest.mark.parametrize("tells", [True, False])
def test_airflow_is_not_overtaken_where_it_is_about_to_start_the_stage(tells: bool) -> None:
    complete = PendingPartition("load_bronze", KEY, ago(10), received=2, required=2)
    minutes = LONG_PATIENCE / timedelta(minutes=1)
    for second, expected in ((minutes - 1, []), (minutes + 1, [f"load_bronze {KEY}"])):
        airflow = ScriptedAirflow(*extracts(second=second))
        airflow.pending = [complete] if tells else None
        assert starts(airflow) == expected


def test_two_incomplete_pending_partitions_are_the_mark_of_a_lost_join() -> None:
    airflow = ScriptedAirflow(*extracts())
    airflow.pending = [PendingPartition("load_bronze", KEY, ago(20), 1, 2)] * 2
    assert starts(airflow) == [f"load_bronze {KEY}"]


@pytest.mark.parametrize("paused", [True, None])
def test_a_stage_that_is_paused_or_unknown_is_not_started(paused: bool | None) -> None:
    airflow = ScriptedAirflow(*extracts())
    if paused is None:
        del airflow.paused["load_bronze"]
    else:
        airflow.paused["load_bronze"] = paused
    assert starts(airflow) == []


def test_a_clock_that_jumped_back_starts_nothing() -> None:
    assert starts(ScriptedAirflow(*extracts(first=-60, second=-90))) == []


@pytest.mark.parametrize("started", [30, None])
def test_a_run_that_was_marked_successful_by_hand_lets_the_next_stage_start(started: float | None) -> None:
    """It emits no asset, so Airflow would wait forever; whoever marked it wants the night to go on."""
    airflow = ScriptedAirflow(ran("load_bronze", started, 20, "success", queued=31))
    airflow.tasks = lambda run: []  # type: ignore[method-assign]
    assert starts(airflow) == [f"transform_staging {KEY}"]
