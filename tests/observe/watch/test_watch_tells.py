"""What a round of the watch finds becomes an incident, and stops being one, in a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from lakehouse.observe.incidents.finding import Finding, Incident, Severity
from lakehouse.observe.incidents.record import incident, open_incidents, tell
from lakehouse.observe.watch.repair import tell_all
from lakehouse.platform.connections import DirectPostgres

DAY = date(2023, 5, 1)


def finding(kind: str = "paused", root: str = "transform_marts", day: date = DAY) -> Finding:
    return Finding(
        kind=kind,
        root=root,
        business_date=day,
        severity=Severity.WARN,
        summary=f"{root} of {day} is {kind}",
        error="as Airflow says",
        command=f"bin/stage run {root} {day}",
    )


def of(postgres: DirectPostgres, day: date) -> list[Incident]:
    return [each for each in open_incidents(postgres) if each.business_date == day]


def test_what_stays_is_one_incident_however_many_rounds_find_it(postgres: DirectPostgres) -> None:
    for _ in range(3):
        tell_all(postgres, [(finding(), None)])
    [told] = of(postgres, DAY)
    assert (told.kind, told.root) == ("paused", "transform_marts")
    assert told.command == f"bin/stage run transform_marts {DAY}"


def test_what_is_no_longer_found_is_resolved_and_the_rest_stays(postgres: DirectPostgres) -> None:
    first, second = finding(day=date(2023, 5, 2)), finding("stuck", "extract_apis", date(2023, 5, 3))
    tell_all(postgres, [(first, None), (second, None)])
    tell_all(postgres, [(second, None)])
    assert of(postgres, date(2023, 5, 2)) == []
    assert len(of(postgres, date(2023, 5, 3))) == 1


def test_what_others_have_told_is_not_resolved_by_a_round(postgres: DirectPostgres) -> None:
    day = date(2023, 5, 4)
    tell(postgres, replace(finding("failed", "load_bronze", day), event_id="an attempt"))
    tell_all(postgres, [])
    assert [each.kind for each in of(postgres, day)] == ["failed"]


def test_what_was_repaired_is_told_and_resolved_with_what_was_done(postgres: DirectPostgres) -> None:
    day = date(2023, 5, 5)
    begun = datetime.now(UTC) - timedelta(seconds=1)
    lost = replace(finding("start_lost", "load_bronze", day), event_id=f"restarted__{day}")
    tell_all(postgres, [(lost, "watch_platform started load_bronze: run r1")])
    assert of(postgres, day) == []
    with postgres.get_conn() as connection, connection.cursor() as cursor:
        cursor.execute(
            "select incident_id from incidents where business_date = %s and opened_at > %s", (day, begun)
        )
        [(number,)] = cursor.fetchall()
    told = incident(postgres, number)
    assert told.fixed_by == "watch_platform started load_bronze: run r1"
    assert told.error == "as Airflow says"
