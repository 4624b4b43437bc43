"""Pauses, a night that did not start, DAGs that are gone, silent components: told, never changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.night.plan import NIGHT
from lakehouse.observe.incidents.finding import Severity
from lakehouse.observe.watch.look import WATCH, look
from lakehouse.observe.watch.rounds import find
from lakehouse.observe.watch.service import MOST_PENDING
from lakehouse.observe.watch.trouble import Trouble
from lakehouse.platform.airflow_runs import PendingPartition, Run
from tests.unit.lakehouse.observe.watch.scripted_airflow import NOW, ScriptedAirflow, ago, ran

TONIGHT = datetime(2025, 10, 17, 2, 30, tzinfo=UTC)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 10, 17, hour, minute, tzinfo=UTC)


def by_clock(dag_id: str, day: int, state: str = "success") -> Run:
    start = next(stage for stage in NIGHT if stage.name == dag_id).starts_at(
        datetime(2025, 10, day, tzinfo=UTC).date()
    )
    ended = start + timedelta(minutes=5) if state == "success" else None
    return Run(dag_id, f"scheduled__{day}", state, start, start, ended, f"2025-10-{day}", "scheduled", start)


def in_service(*runs: Run) -> ScriptedAirflow:
    """An Airflow whose last nights ran by the clock, a week ago at the latest."""
    airflow = ScriptedAirflow(by_clock("extract_postgres", 16), by_clock("extract_apis", 16), *runs)
    airflow.runs += [ran(stage.name, 60 * 40, 60 * 39, key="2025-10-16") for stage in NIGHT[2:]]
    airflow.alive_since = datetime(2025, 10, 1, tzinfo=UTC)
    return airflow


def found(airflow: ScriptedAirflow, now: datetime) -> list[Trouble]:
    return [
        each for each in find(airflow, look(airflow, now)) if each.finding.kind not in ("start_lost", "stuck")
    ]


def tonights() -> list[Run]:
    return [by_clock("extract_postgres", 17), by_clock("extract_apis", 17)]


def test_a_paused_stage_in_the_window_wakes_somebody_with_the_command() -> None:
    airflow = in_service(*tonights())
    airflow.paused["transform_marts"] = True
    [trouble] = found(airflow, TONIGHT)
    assert (trouble.finding.kind, trouble.finding.root) == ("paused", "transform_marts")
    assert trouble.finding.severity is Severity.PAGE
    assert str(trouble.finding.business_date) == "2025-10-17"
    assert trouble.finding.command == "bin/airflow dags unpause transform_marts --yes"
    assert trouble.repair is None, "somebody may have paused it on purpose"


def test_a_paused_stage_outside_the_window_holds_nothing_up() -> None:
    airflow = in_service(*tonights())
    airflow.paused["transform_marts"] = True
    assert found(airflow, at(12)) == []


def test_a_platform_that_was_never_put_in_service_has_nothing_to_unpause() -> None:
    airflow = ScriptedAirflow()
    airflow.paused = dict.fromkeys(airflow.paused, True)
    assert found(airflow, TONIGHT) == []


def test_all_stages_paused_on_a_platform_in_service_are_told() -> None:
    airflow = in_service()
    airflow.paused = dict.fromkeys(airflow.paused, True)
    assert [each.finding.kind for each in found(airflow, TONIGHT)] == ["paused"] * 9


@pytest.mark.parametrize("now", [at(1, 50), at(4, 30), at(9), at(23, 50)])
def test_a_night_that_did_not_start_is_one_finding_with_the_command(now: datetime) -> None:
    [trouble] = found(in_service(), now)
    assert (trouble.finding.kind, trouble.finding.root) == ("not_started", "extract_postgres")
    assert str(trouble.finding.business_date) == "2025-10-17"
    assert trouble.finding.summary.endswith("no run of extract_postgres and extract_apis")
    for name in ("extract_postgres", "extract_apis"):
        assert f"--dag-id {name} --from-date 2025-10-17 --to-date 2025-10-17" in str(trouble.finding.command)
    assert trouble.repair is None


@pytest.mark.parametrize("now", [at(0, 30), at(1, 0), at(1, 14)])
def test_a_night_that_is_not_due_yet_is_not_missed(now: datetime) -> None:
    assert found(in_service(), now) == []


def test_only_the_stage_that_is_due_counts() -> None:
    [trouble] = found(in_service(), at(1, 20))
    assert trouble.finding.summary.endswith("no run of extract_postgres")


@pytest.mark.parametrize("run_type", ["manual", "backfill", "scheduled"])
def test_a_night_that_was_started_by_anybody_has_started(run_type: str) -> None:
    runs = [
        Run(name, run_type, "running", at(6), at(6), None, "2025-10-17", run_type, at(6))
        for name in ("extract_postgres", "extract_apis")
    ]
    assert found(in_service(*runs), at(7)) == []


def test_a_platform_that_was_first_started_at_noon_has_missed_no_night() -> None:
    airflow = ScriptedAirflow(ran("extract_postgres", 10, 5, key="2025-10-15", run_type="manual"))
    assert found(airflow, at(12)) == []


def test_a_first_night_that_does_not_start_is_seen_while_it_could() -> None:
    """No night has run by the clock yet, but the platform was up, and its stages free, before 01:00."""
    rounds = Run(
        WATCH, "scheduled__1", "success", at(0, 30), at(0, 30), at(0, 30), None, "scheduled", at(0, 30)
    )
    airflow = ScriptedAirflow(rounds)
    airflow.alive_since = at(0)
    assert [each.finding.kind for each in found(airflow, at(1, 30))] == ["not_started"]


def test_a_scheduler_that_is_back_within_the_window_is_given_time_to_start_the_night() -> None:
    airflow = in_service()
    airflow.alive_since = at(2, 55)
    assert found(airflow, at(3)) == []
    assert [each.finding.kind for each in found(airflow, at(3, 20))] == ["not_started"]


def test_a_run_of_another_date_that_holds_the_night_back_is_named() -> None:
    other = Run(
        "extract_postgres", "backfill__3", "running", at(0), at(0), None, "2025-10-03", "manual", at(0)
    )
    airflow = in_service(other, by_clock("extract_apis", 17))
    [trouble] = found(airflow, at(1, 30))
    assert "a run of 2025-10-03 is running (backfill__3)" in str(trouble.finding.error)


def test_a_paused_extract_is_told_as_paused_and_not_as_a_night_that_did_not_start() -> None:
    airflow = in_service(by_clock("extract_apis", 17))
    airflow.paused["extract_postgres"] = True
    assert [each.finding.kind for each in found(airflow, TONIGHT)] == ["paused"]


def test_a_dag_file_that_cannot_be_imported_is_told_in_pythons_words() -> None:
    airflow = in_service(*tonights())
    airflow.errors = ["/opt/airflow/dags/load_bronze.py: SyntaxError: invalid syntax"]
    del airflow.paused["load_bronze"]
    [trouble] = found(airflow, TONIGHT)
    assert (trouble.finding.kind, trouble.finding.root) == ("not_importable", "load_bronze")
    assert trouble.finding.error == "/opt/airflow/dags/load_bronze.py: SyntaxError: invalid syntax"


def test_a_stage_that_airflow_does_not_know_is_told_once_airflow_has_had_time() -> None:
    airflow = in_service(*tonights())
    del airflow.paused["load_bronze"]
    assert [each.finding.kind for each in found(airflow, TONIGHT)] == ["missing"]
    airflow.alive_since = TONIGHT - timedelta(minutes=5)
    assert found(airflow, TONIGHT) == []


def test_an_extract_that_airflow_does_not_know_does_not_end_the_look() -> None:
    airflow = in_service()
    for name in ("extract_postgres", "extract_apis"):
        del airflow.paused[name]
    assert [each.finding.kind for each in found(airflow, TONIGHT)] == ["missing"]


@pytest.mark.parametrize("name", ["triggerer", "dag_processor"])
def test_a_component_without_a_sign_of_life_is_told(name: str) -> None:
    airflow = ScriptedAirflow()
    airflow.beats = {"scheduler": NOW, "triggerer": ago(1), "dag_processor": ago(1), name: ago(6)}
    [trouble] = found(airflow, NOW)
    assert (trouble.finding.kind, trouble.finding.root) == (
        "component_silent",
        f"airflow-{name.replace('_', '-')}",
    )


def test_a_component_that_airflow_does_not_have_is_not_silent() -> None:
    airflow = ScriptedAirflow()
    airflow.beats = {"scheduler": NOW, "triggerer": NOW, "dag_processor": None}
    assert found(airflow, NOW) == []


def test_partitions_that_never_complete_are_told_before_they_stop_airflow() -> None:
    airflow = ScriptedAirflow()
    pending = [PendingPartition("load_bronze", "2015-10-16", ago(60), 1, 2)] * MOST_PENDING
    airflow.pending = pending[1:]
    assert found(airflow, NOW) == []
    airflow.pending = pending
    assert [each.finding.kind for each in found(airflow, NOW)] == ["partitions_pile_up"]
