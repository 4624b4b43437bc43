"""A stream that fails run after run is one incident, and the next good run resolves it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lakehouse.observe.incidents.failure import FailedTask, failed_task
from lakehouse.observe.incidents.reading import open_incidents, resolved_incidents
from lakehouse.observe.incidents.record import resolve_dag, tell
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction

NOW = datetime(2025, 10, 17, 12, 0, tzinfo=UTC)


def failure(number: int, error: str = "DremioUnavailableError: Dremio does not answer") -> FailedTask:
    return FailedTask(
        "stream_orders", f"scheduled__{number}", "stream", -1, 1, None, "scheduled",
        NOW + timedelta(minutes=5 * number), error,
    )  # fmt: skip


def test_twelve_failed_runs_of_an_hour_are_one_incident_until_a_run_succeeds(
    postgres: DirectPostgres,
) -> None:
    for number in range(12):
        tell(postgres, failed_task(failure(number)), NOW + timedelta(minutes=5 * number))
    [incident] = open_incidents(postgres)
    assert (incident.root, incident.business_date, incident.occurrences) == ("stream_orders", None, 12)
    with transaction(postgres) as cursor:
        cursor.execute("select count(*) from alert_outbox")
        assert cursor.fetchone()[0] < 12, "not one message for each run"
    resolve_dag(postgres, "stream_orders", "scheduled__12", "stream", NOW + timedelta(hours=1))
    assert open_incidents(postgres) == []
    [resolved] = resolved_incidents(postgres, NOW)
    assert resolved.fixed_by == "scheduled__12"


def test_another_reason_does_not_open_a_second_one(postgres: DirectPostgres) -> None:
    tell(postgres, failed_task(failure(1)), NOW)
    tell(postgres, failed_task(failure(2, "StreamColumnMissingError: amount")), NOW + timedelta(minutes=5))
    [incident] = open_incidents(postgres)
    assert incident.error is not None


def test_a_night_that_fails_beside_it_has_its_own(postgres: DirectPostgres) -> None:
    tell(postgres, failed_task(failure(1, "StreamColumnMissingError: amount")), NOW)
    stage = replace(failure(2, "ValueError: x"), dag_id="transform_marts", partition_key="2025-10-16")
    tell(postgres, failed_task(stage), NOW + timedelta(minutes=1))
    assert {each.root for each in open_incidents(postgres)} == {"stream_orders", "transform_marts"}
    resolve_dag(postgres, "stream_orders", "scheduled__3", "stream", NOW + timedelta(minutes=2))
    assert {each.root for each in open_incidents(postgres)} == {"transform_marts"}
