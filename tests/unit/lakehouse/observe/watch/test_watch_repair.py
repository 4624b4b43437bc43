"""What is found is repaired once, whoever asks, and what Airflow refuses is told as such."""

from __future__ import annotations

from datetime import datetime

import pytest

from lakehouse.night.plan import NIGHT
from lakehouse.observe.watch.chores import ChoreFailedError, do_each
from lakehouse.observe.watch.look import look
from lakehouse.observe.watch.repair import RepairRefusedError, repair
from lakehouse.observe.watch.rounds import find
from lakehouse.platform.airflow_http import AirflowApiError
from lakehouse.platform.airflow_runs import Run
from lakehouse.platform.database import LedgerMissingError
from tests.unit.lakehouse.observe.watch.scripted_airflow import KEY, NOW, ScriptedAirflow, ago, ran


def lost_join() -> ScriptedAirflow:
    return ScriptedAirflow(ran("extract_postgres", 35, 30), ran("extract_apis", 25, 20))


def go_round(airflow: ScriptedAirflow, now: datetime = NOW) -> list[str | None]:
    return [repair(airflow, trouble) for trouble in find(airflow, look(airflow, now))]


def test_two_rounds_at_the_same_time_start_one_run() -> None:
    airflow = lost_join()
    seen = [find(airflow, look(airflow, NOW)) for _ in range(2)]
    done = [repair(airflow, trouble) for troubles in seen for trouble in troubles]
    assert airflow.started == [f"load_bronze {KEY}"]
    assert done[0] == done[1] == f"watch_platform started load_bronze of {KEY}: run {airflow.runs[-1].run_id}"


def test_a_round_after_the_repair_finds_nothing() -> None:
    airflow = lost_join()
    assert len(go_round(airflow)) == 1
    assert go_round(airflow) == []


def test_a_second_loss_of_the_same_date_is_repaired_again() -> None:
    """An extract is cleared and announces again: that is another start, with another id."""
    airflow = lost_join()
    go_round(airflow)
    airflow.runs = [each for each in airflow.runs if each.dag_id != "load_bronze"]
    airflow.runs += [ran("load_bronze", 19, 15, run_type="manual"), ran("extract_apis", 12, 10)]
    airflow.runs += [ran(stage.name, 14 - number, 13.5 - number) for number, stage in enumerate(NIGHT[3:])]
    go_round(airflow)
    assert airflow.started == [f"load_bronze {KEY}"] * 2


def test_a_stuck_run_is_failed_and_another_takes_its_place() -> None:
    stuck = ran("transform_marts", None, None, "queued", queued=20, run_id="stuck")
    airflow = ScriptedAirflow(stuck)
    [done] = go_round(airflow)
    assert (airflow.failed, airflow.deleted, airflow.started) == (["stuck"], [], [f"transform_marts {KEY}"])
    assert done is not None
    assert done.startswith(
        "watch_platform marked run stuck as failed, watch_platform started transform_marts"
    )


def test_a_run_that_airflow_cannot_even_end_is_deleted() -> None:
    """The version of the DAG that it is pinned to is gone (apache/airflow#70056)."""
    airflow = ScriptedAirflow(ran("transform_marts", None, None, "queued", queued=20, run_id="stuck"))
    airflow.vanished = {"stuck"}
    go_round(airflow)
    assert (airflow.failed, airflow.deleted, airflow.started) == ([], ["stuck"], [f"transform_marts {KEY}"])


def test_a_repair_that_airflow_refuses_is_an_error_with_its_words() -> None:
    class Refusing(ScriptedAirflow):
        def trigger(self, dag_id: str, partition_key: str | None = None, *, run_id: str | None = None) -> Run:
            raise AirflowApiError("Airflow answered 403 to POST: may not start runs")

    airflow = Refusing(ran("extract_postgres", 35, 30), ran("extract_apis", 25, 20))
    [trouble] = find(airflow, look(airflow, NOW))
    with pytest.raises(RepairRefusedError, match="may not start runs"):
        repair(airflow, trouble)


def test_what_is_only_told_changes_nothing() -> None:
    airflow = ScriptedAirflow(ran("transform_marts", 16, None, "running"))
    airflow.paused["load_bronze"] = True
    assert go_round(airflow) == [None]
    assert (airflow.started, airflow.failed, airflow.deleted) == ([], [], [])


def test_a_chore_that_fails_keeps_no_other_from_being_done() -> None:
    done: list[str] = []

    def broken() -> None:
        raise ValueError("no such table")

    with pytest.raises(ChoreFailedError, match="second: ValueError: no such table"):
        do_each(
            {"first": lambda: done.append("first"), "second": broken, "third": lambda: done.append("third")}
        )
    assert done == ["first", "third"]


def test_a_platform_that_is_not_provisioned_yet_is_no_failure() -> None:
    def not_there() -> None:
        raise LedgerMissingError("run provision_platform: no table incidents")

    done: list[str] = []
    do_each({"watch": not_there, "next": lambda: done.append("next")})
    assert done == ["next"]


def test_the_look_asks_a_fixed_number_of_questions_however_many_dates_are_fine() -> None:
    """A round is every five minutes, also during a backfill of a year."""
    airflow = ScriptedAirflow()
    for day in range(1, 29):
        key = f"2025-09-{day:02d}"
        for number, stage in enumerate(NIGHT):
            start = 600 - number * 2
            airflow.runs.append(ran(stage.name, start, start - 1, key=key, run_id=f"{stage.name}{key}"))
    asked: list[str] = []
    airflow.runs_of_key = lambda dag_id, key: asked.append(key) or []  # type: ignore[method-assign,func-returns-value]
    assert go_round(airflow, now=ago(0)) == []
    assert asked == []
