"""What a round of the watch finds becomes an incident, and stops being one, in a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from lakehouse.observe.incidents.finding import Finding, Incident, Severity
from lakehouse.observe.incidents.reading import incident, open_incidents, resolved_incidents
from lakehouse.observe.incidents.record import tell
from lakehouse.observe.watch.repair import resolve_the_rest, tell_and_repair, tell_repaired
from lakehouse.observe.watch.trouble import Start, Trouble
from lakehouse.platform.airflow_http import AirflowApiError
from lakehouse.platform.airflow_runs import Run
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction

DAY = date(2023, 5, 1)


@pytest.fixture(autouse=True)
def _nothing_known(postgres: DirectPostgres) -> None:
    """What other tests left open would take these findings in."""
    with transaction(postgres) as cursor:
        cursor.execute("truncate incidents, alert_outbox restart identity cascade")


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


def resolved(postgres: DirectPostgres, day: date) -> list[Incident]:
    since = datetime.now(UTC) - timedelta(minutes=5)
    return [each for each in resolved_incidents(postgres, since) if each.business_date == day]


class Refusing:
    """An Airflow that lets nobody start anything until it is told to."""

    refuses = True

    def trigger(self, dag_id: str, partition_key: str | None = None, *, run_id: str | None = None) -> Run:
        if self.refuses:
            raise AirflowApiError("Airflow answered 403: may not start runs")
        now = datetime.now(UTC)
        return Run(dag_id, str(run_id), "queued", now, None, None, partition_key)

    def fail(self, run: Run, note: str) -> None:
        raise NotImplementedError

    def delete(self, run: Run) -> None:
        raise NotImplementedError


def go_round(
    postgres: DirectPostgres, *troubles: Trouble, airflow: Refusing | None = None
) -> list[str | None]:
    done = [tell_and_repair(airflow or Refusing(), postgres, each) for each in troubles]
    resolve_the_rest(postgres, [each.finding for each in troubles])
    return done


def lost(day: date) -> Trouble:
    finding_of_day = replace(
        finding("start_lost", "load_bronze", day), event_id=f"load_bronze/restarted__{day}"
    )
    return Trouble(finding_of_day, Start("load_bronze", day.isoformat(), f"restarted__{day}"))


def test_what_stays_is_one_incident_however_many_rounds_find_it(postgres: DirectPostgres) -> None:
    for _ in range(3):
        go_round(postgres, Trouble(finding()))
    [told] = of(postgres, DAY)
    assert (told.kind, told.root) == ("paused", "transform_marts")
    assert told.command == f"bin/stage run transform_marts {DAY}"


def test_what_is_no_longer_found_is_resolved_and_the_rest_stays(postgres: DirectPostgres) -> None:
    first, second = finding(day=date(2023, 5, 2)), finding("stuck", "extract_apis", date(2023, 5, 3))
    go_round(postgres, Trouble(first), Trouble(second))
    go_round(postgres, Trouble(second))
    assert of(postgres, date(2023, 5, 2)) == []
    assert len(of(postgres, date(2023, 5, 3))) == 1


def test_what_others_have_told_is_not_resolved_by_a_round(postgres: DirectPostgres) -> None:
    """`not_started` is told by the reconciliation as well, which ends it when the stage has succeeded."""
    day, other = date(2023, 5, 4), date(2023, 5, 6)
    tell(postgres, replace(finding("failed", "load_bronze", day), event_id="an attempt"))
    tell(postgres, finding("not_started", "extract_postgres", other))
    go_round(postgres)
    assert [each.kind for each in of(postgres, day)] == ["failed"]
    assert [each.kind for each in of(postgres, other)] == ["not_started"]


def test_what_was_repaired_is_told_and_resolved_with_what_was_done(postgres: DirectPostgres) -> None:
    day = date(2023, 5, 5)
    airflow = Refusing()
    airflow.refuses = False
    [done] = go_round(postgres, lost(day), airflow=airflow)
    assert done == f"watch_platform started load_bronze of {day}: run restarted__{day}"
    assert of(postgres, day) == []
    [told] = resolved(postgres, day)
    assert (told.fixed_by, told.error) == (done, "as Airflow says")


def test_a_repair_that_is_refused_wakes_somebody_and_is_over_once_it_is_made(
    postgres: DirectPostgres,
) -> None:
    day = date(2023, 5, 7)
    airflow = Refusing()
    assert go_round(postgres, lost(day), airflow=airflow) == [None]
    [told] = of(postgres, day)
    assert told.severity == Severity.PAGE
    assert any(
        "may not start runs" in str(each.error) for each in incident(postgres, told.incident_id).members
    )
    airflow.refuses = False
    assert go_round(postgres, lost(day), airflow=airflow) != [None]
    assert of(postgres, day) == []


def test_a_start_that_make_night_repaired_is_told_once(postgres: DirectPostgres) -> None:
    day = date(2023, 5, 8)
    theirs = lost(day).finding
    for _ in range(2):
        tell_repaired(postgres, [(theirs, "run restarted__2023-05-08")])
    [told] = resolved(postgres, day)
    assert (told.fixed_by, told.occurrences) == ("run restarted__2023-05-08", 1)
