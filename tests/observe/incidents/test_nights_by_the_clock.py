"""What the plan has for tonight and is not so: told from the receipts, without Airflow."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lakehouse.night.plan import NIGHT
from lakehouse.observe.facts.nights import night
from lakehouse.observe.incidents.finding import LATE, NOT_STARTED
from lakehouse.observe.incidents.reading import open_incidents
from lakehouse.observe.incidents.reconcile import reconcile
from lakehouse.observe.morning.night_summary import NightState
from lakehouse.observe.morning.report import summarize, tell_due, tell_morning
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction
from lakehouse.platform.sql_files import read_sql

YESTERDAY, TODAY = date(2025, 10, 16), date(2025, 10, 17)


def run(
    postgres: DirectPostgres, day: date, stages: int = 9, last: str = "success", kind: str = "scheduled"
) -> None:
    """The first stages of a night, each started as planned; the last of them in the given state."""
    for number, planned in enumerate(NIGHT[:stages]):
        state = last if number == stages - 1 else "success"
        started = planned.starts_at(day)
        values = {
            "business_date": day,
            "stage": planned.name,
            "run_id": f"{kind if not planned.waits_for else 'asset_triggered'}__{day}",
            "task_id": "work",
            "map_index": -1,
            "state": state,
            "attempts": 1,
            "started_at": started,
            "ended_at": None if state == "running" else started + timedelta(minutes=2),
            "emits_asset": True,
            "report": None,
            "error": "ValueError: it broke" if state == "failed" else None,
            "log": None,
        }
        with transaction(postgres) as cursor:
            cursor.execute(read_sql("postgres/receipts/upsert_night_receipt.sql"), values)


def today_at(hour: int, minute: int = 0) -> datetime:
    return datetime(2025, 10, 17, hour, minute, tzinfo=UTC)


def kinds(postgres: DirectPostgres) -> list[tuple[str, str]]:
    return [(each.kind, each.root) for each in open_incidents(postgres)]


def test_a_night_that_never_starts_is_told_and_over_when_it_has_started_and_succeeded(
    postgres: DirectPostgres,
) -> None:
    run(postgres, YESTERDAY)
    reconcile(postgres, today_at(1, 10))
    assert kinds(postgres) == []
    for minute in (16, 20, 59):
        reconcile(postgres, today_at(1, minute))
    assert kinds(postgres) == [(NOT_STARTED, "extract_postgres")]
    [found] = open_incidents(postgres)
    assert found.severity == "page"
    assert found.command == "bin/stage run extract_postgres 2025-10-17"
    reconcile(postgres, today_at(1, 50))
    [found] = open_incidents(postgres)
    run(postgres, TODAY, kind="manual")
    reconcile(postgres, today_at(3))
    assert kinds(postgres) == []


def test_a_platform_that_never_ran_by_the_clock_misses_no_night(postgres: DirectPostgres) -> None:
    run(postgres, YESTERDAY, kind="manual")
    reconcile(postgres, today_at(3))
    assert kinds(postgres) == []


def test_a_platform_first_started_at_noon_has_not_missed_last_night(postgres: DirectPostgres) -> None:
    reconcile(postgres, today_at(12))
    assert kinds(postgres) == []


def test_a_night_as_planned_is_never_late(postgres: DirectPostgres) -> None:
    run(postgres, YESTERDAY)
    for number, planned in enumerate(NIGHT, start=1):
        run(postgres, TODAY, stages=number)
        reconcile(postgres, planned.starts_at(TODAY) + timedelta(minutes=3))
        assert kinds(postgres) == []


def test_a_stage_that_hangs_is_one_incident_until_the_night_is_served(postgres: DirectPostgres) -> None:
    run(postgres, TODAY, stages=3, last="running")
    reconcile(postgres, today_at(2, 25))
    assert kinds(postgres) == []
    reconcile(postgres, today_at(2, 31))
    assert kinds(postgres) == [(LATE, "load_bronze")]
    assert open_incidents(postgres)[0].severity == "warn"
    run(postgres, TODAY, stages=5, last="running")
    reconcile(postgres, today_at(3, 30))
    reconcile(postgres, today_at(4, 46))
    assert kinds(postgres) == [(LATE, "load_bronze")]
    run(postgres, TODAY)
    reconcile(postgres, today_at(5, 30))
    assert kinds(postgres) == []


def test_dashboards_that_are_not_warm_in_time_page(postgres: DirectPostgres) -> None:
    run(postgres, TODAY, last="running")
    reconcile(postgres, today_at(4, 46))
    assert [(each.kind, each.severity) for each in open_incidents(postgres)] == [(LATE, "page")]


def test_a_failed_night_is_one_incident_and_its_lateness_an_effect(postgres: DirectPostgres) -> None:
    run(postgres, TODAY, stages=3, last="failed")
    for hour in (2, 3, 4, 5):
        reconcile(postgres, today_at(hour, 50))
    [found] = open_incidents(postgres)
    assert (found.kind, found.root) == ("failed", "load_bronze")
    assert {each.kind for each in found.effects} == {LATE}


def test_old_failures_are_history_when_the_tables_are_new(postgres: DirectPostgres) -> None:
    run(postgres, date(2025, 10, 1), stages=3, last="failed")
    reconcile(postgres, today_at(12))
    assert kinds(postgres) == []


def test_a_green_night_is_told_once(postgres: DirectPostgres) -> None:
    run(postgres, TODAY)
    assert tell_morning(postgres, TODAY, today_at(5)) is NightState.GREEN
    assert tell_morning(postgres, TODAY, today_at(5)) is None
    assert tell_due(postgres, today_at(6)) == []
    told = summarize(postgres, TODAY, today_at(5))
    assert told.title == "[lakehouse] the night of 2025-10-17: green"
    assert "Dashboards warm at: 04:37 UTC" in told.body
    assert "No incident is open." in told.body


def test_a_failed_night_is_told_with_the_command_and_again_when_it_is_green(postgres: DirectPostgres) -> None:
    run(postgres, TODAY, stages=3, last="failed")
    reconcile(postgres, today_at(2, 20))
    assert tell_morning(postgres, TODAY, today_at(5)) is NightState.FAILED
    body = summarize(postgres, TODAY, today_at(5)).body
    assert "Failed: load_bronze at work: ValueError: it broke" in body
    assert "fix: bin/stage clear load_bronze 2025-10-17" in body
    assert tell_due(postgres, today_at(7)) == []
    run(postgres, TODAY)
    assert tell_due(postgres, today_at(8)) == [TODAY]
    assert tell_due(postgres, today_at(9)) == []
    with transaction(postgres) as cursor:
        cursor.execute("select title from alert_outbox where topic = 'morning' order by notice_id")
        assert [title.rsplit(": ")[-1] for (title,) in cursor.fetchall()] == ["failed", "green"]


@pytest.mark.parametrize("minutes", [0, 9, 10])
def test_the_observer_sends_the_message_that_airflow_did_not(postgres: DirectPostgres, minutes: int) -> None:
    run(postgres, YESTERDAY)
    tell_morning(postgres, YESTERDAY, today_at(5) - timedelta(days=1))
    assert tell_due(postgres, today_at(5, minutes)) == ([TODAY] if minutes == 10 else [])
    assert night(postgres, TODAY)["stages"]["extract_postgres"]["state"] == "not_started"


def test_a_platform_without_a_night_has_no_morning(postgres: DirectPostgres) -> None:
    assert tell_morning(postgres, TODAY, today_at(5)) is None
    assert tell_due(postgres, today_at(6)) == []
