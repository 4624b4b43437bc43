"""However many things go wrong after one, people hear of one: the root, and later of its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from lakehouse.night.plan import NIGHT
from lakehouse.observe.incidents.finding import FAILED, LATE, NOT_STARTED, Finding, Severity
from lakehouse.observe.incidents.reading import incident, open_incidents
from lakehouse.observe.incidents.record import acknowledge, resolve, resolve_stage, tell
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction

DAY, NEXT = date(2025, 10, 16), date(2025, 10, 17)
T0 = datetime(2025, 10, 16, 1, 5, tzinfo=UTC)
STAGES = [each.name for each in NIGHT]
_attempts = count(1)


def failure(stage: str, day: date = DAY, error: str = "SomeError: it broke", **more: Any) -> Finding:
    plain = Finding(
        kind=FAILED,
        root=stage,
        business_date=day,
        severity=Severity.PAGE,
        summary=f"{stage} failed for {day}",
        error=f"{error} in {stage}",
        command=f"bin/airflow dags clear {stage} --partition-key {day} --only-failed --yes",
        evidence={"task": "work"},
        event_id=f"{stage}/{day}/{next(_attempts)}",
    )
    return replace(plain, **more)


def late(stage: str, day: date = DAY) -> Finding:
    return failure(stage, day, kind=LATE, error="", is_effect=True, event_id=None, summary=f"{stage} is late")


def messages(postgres: DirectPostgres) -> list[tuple[str, str]]:
    with transaction(postgres) as cursor:
        cursor.execute("select topic, title from alert_outbox where dropped_at is null order by notice_id")
        return [(str(topic), str(title)) for topic, title in cursor.fetchall()]


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_fails_and_is_fixed_one_incident_two_messages(postgres: DirectPostgres, stage: str) -> None:
    opened = tell(postgres, failure(stage), T0)
    assert (opened.root, opened.business_date, opened.occurrences) == (stage, DAY, 1)
    [ended] = resolve_stage(postgres, stage, DAY, "run manual__1", at(10))
    assert ended.incident_id == opened.incident_id
    assert ended.fixed_by == "run manual__1"
    assert open_incidents(postgres) == []
    assert [topic for topic, _ in messages(postgres)] == ["opened", "resolved"]
    assert resolve_stage(postgres, stage, DAY, "again", at(11)) == []


def test_one_event_counts_once_whoever_tells_it(postgres: DirectPostgres) -> None:
    once = failure("load_bronze")
    tell(postgres, once, T0)
    assert tell(postgres, once, at(1)).occurrences == 1
    resolve_stage(postgres, "load_bronze", DAY, "a run", at(2))
    tell(postgres, once, at(3))
    assert open_incidents(postgres) == [], "what the receipt still shows has been fixed"


def test_what_happens_behind_the_root_is_its_effect(postgres: DirectPostgres) -> None:
    root = tell(postgres, failure("extract_apis"), T0)
    for stage in STAGES[2:]:
        tell(postgres, failure(stage), at(1))
        tell(postgres, late(stage), at(2))
    [found] = open_incidents(postgres)
    assert found.incident_id == root.incident_id
    assert [each.root for each in found.causes] == ["extract_apis"]
    assert len(found.effects) == 14
    resolve_stage(postgres, "extract_apis", DAY, "a run", at(20))
    assert open_incidents(postgres) == []


def test_both_extracts_may_be_roots(postgres: DirectPostgres) -> None:
    tell(postgres, failure("extract_postgres"), T0)
    tell(postgres, failure("extract_apis"), T0)
    assert [each.root for each in open_incidents(postgres)] == ["extract_postgres", "extract_apis"]
    resolve_stage(postgres, "extract_apis", DAY, "a run", at(1))
    [left] = open_incidents(postgres)
    assert left.root == "extract_postgres"


def test_a_stage_that_fails_after_its_root_was_fixed_is_a_new_cause(postgres: DirectPostgres) -> None:
    first = tell(postgres, failure("extract_apis"), T0)
    resolve_stage(postgres, "extract_apis", DAY, "a run", at(5))
    second = tell(postgres, failure("load_bronze", error="ContractBrokenError: bad"), at(6))
    assert second.incident_id != first.incident_id


def test_lateness_is_one_incident_a_night_until_the_dashboards_are_served(postgres: DirectPostgres) -> None:
    ids = {tell(postgres, late(stage), at(10 * number)).incident_id for number, stage in enumerate(STAGES)}
    assert len(ids) == 1
    resolve_stage(postgres, "extract_postgres", DAY, "a run", at(100))
    assert len(open_incidents(postgres)) == 1
    resolve_stage(postgres, "warm_dashboards", DAY, "a run", at(120))
    assert open_incidents(postgres) == []


def test_the_cause_of_a_lateness_takes_it_over_and_is_told(postgres: DirectPostgres) -> None:
    slow = tell(postgres, late("extract_apis"), T0)
    broken = tell(postgres, failure("extract_apis"), at(5))
    assert broken.incident_id == slow.incident_id
    assert (broken.kind, [each.kind for each in broken.effects]) == (FAILED, [LATE])
    assert [topic for topic, _ in messages(postgres)] == ["opened", "cause found"]
    resolve_stage(postgres, "extract_apis", DAY, "a run", at(6))
    assert open_incidents(postgres) == []


def test_lateness_that_the_fixed_root_explains_is_no_news_and_a_stage_that_hangs_is(
    postgres: DirectPostgres,
) -> None:
    root = tell(postgres, failure("extract_apis"), at(60))
    resolve_stage(postgres, "extract_apis", DAY, "a run", at(120))
    catching_up = tell(postgres, late("load_bronze"), at(130))
    assert catching_up.incident_id == root.incident_id
    assert open_incidents(postgres) == []
    hangs = tell(postgres, replace(late("load_bronze"), event_id="later"), at(120 + 60 + 30))
    assert hangs.incident_id != root.incident_id


def test_the_same_connection_down_over_two_dates_is_one_cause(postgres: DirectPostgres) -> None:
    group = "connection:shop_api_to_lake"
    first = tell(postgres, failure("extract_apis", cause_group=group), T0)
    second = tell(postgres, failure("extract_apis", NEXT, error="OtherError: x", cause_group=group), at(1440))
    assert first.incident_id == second.incident_id
    assert second.dates == (DAY, NEXT)
    resolve_stage(postgres, "extract_apis", DAY, "a run", at(1500))
    [left] = open_incidents(postgres)
    assert left.business_date == NEXT, "what is shown is what is left to do"
    assert str(NEXT) in str(left.command)
    resolve_stage(postgres, "extract_apis", NEXT, "a run", at(1501))
    assert open_incidents(postgres) == []


def test_dates_that_say_the_same_within_half_an_hour_share_a_cause(postgres: DirectPostgres) -> None:
    days = [DAY + timedelta(days=number) for number in range(5)]
    for number, day in enumerate(days):
        tell(
            postgres,
            failure("transform_marts", day, error=f"PARSE ERROR: line {number} of job {day}"),
            at(number),
        )
    [found] = open_incidents(postgres)
    assert found.occurrences == 5
    assert found.dates == tuple(days)
    other = tell(postgres, failure("transform_marts", date(2025, 11, 1), error="quite another"), at(6))
    assert other.incident_id != found.incident_id


def test_repeats_are_a_count_and_one_message_in_half_an_hour(postgres: DirectPostgres) -> None:
    for number in range(20):
        tell(postgres, failure("load_bronze"), at(number))
    assert [topic for topic, _ in messages(postgres)] == ["opened", "repeated"]
    with transaction(postgres) as cursor:
        cursor.execute("select not_before from alert_outbox where topic = 'repeated'")
        [(due,)] = cursor.fetchall()
        cursor.execute("select sum(occurrences) from incident_counts")
        assert cursor.fetchone() == (20,)
    assert due == at(30)
    resolve_stage(postgres, "load_bronze", DAY, "a run", at(21))
    assert [topic for topic, _ in messages(postgres)] == ["opened", "resolved"]


def test_what_fails_and_recovers_every_minute_is_told_once_in_half_an_hour(postgres: DirectPostgres) -> None:
    for number in range(0, 20, 2):
        tell(postgres, failure("load_bronze"), at(number))
        resolve_stage(postgres, "load_bronze", DAY, "a run", at(number + 1))
    assert [topic for topic, _ in messages(postgres)] == ["opened", "resolved"]
    tell(postgres, failure("load_bronze"), at(22))
    with transaction(postgres) as cursor:
        cursor.execute("select not_before from alert_outbox where topic = 'opened' order by notice_id desc")
        assert cursor.fetchone() == (at(30),), "what stays is told when the half hour is over"


def test_people_are_called_again_only_when_it_is_worse(postgres: DirectPostgres) -> None:
    tell(postgres, failure("load_bronze", severity=Severity.WARN), T0)
    found = acknowledge(postgres, open_incidents(postgres)[0].incident_id, "ana", at(1))
    assert found.acknowledged_by == "ana"
    tell(postgres, failure("load_bronze", severity=Severity.WARN), at(40))
    assert [topic for topic, _ in messages(postgres)] == ["opened"]
    worse = tell(postgres, failure("load_bronze"), at(41))
    assert (worse.severity, worse.acknowledged_by) == ("page", None)
    tell(postgres, failure("load_bronze", severity=Severity.WARN), at(42))
    assert open_incidents(postgres)[0].severity == "page"
    assert [topic for topic, _ in messages(postgres)][:2] == ["opened", "worse"]


def test_a_state_that_is_told_every_few_minutes_counts_once_in_half_an_hour(postgres: DirectPostgres) -> None:
    paused = failure("load_bronze", kind="paused", event_id=None)
    for number in range(0, 35, 5):
        tell(postgres, paused, at(number))
    [found] = open_incidents(postgres)
    assert found.occurrences == 2
    assert resolve(postgres, paused.key, "it runs again", at(36)) is not None
    assert resolve(postgres, "no:such:key", "nothing", at(37)) is None


def test_a_night_that_never_starts_ends_when_it_starts_and_succeeds(postgres: DirectPostgres) -> None:
    missing = failure("extract_postgres", kind=NOT_STARTED, event_id=None, error="no run")
    opened = tell(postgres, missing, T0)
    assert tell(postgres, failure("extract_postgres"), at(30)).incident_id == opened.incident_id
    resolve_stage(postgres, "extract_postgres", DAY, "a run", at(40))
    assert incident(postgres, opened.incident_id).resolved_at == at(40)


def test_a_success_that_began_before_the_failure_fixes_nothing(postgres: DirectPostgres) -> None:
    tell(postgres, failure("load_bronze"), at(10))
    assert resolve_stage(postgres, "load_bronze", DAY, "an old run", at(11), since=at(5)) == []
    assert len(open_incidents(postgres)) == 1


def test_two_dates_at_once_with_different_words_are_two_incidents(postgres: DirectPostgres) -> None:
    tell(postgres, failure("load_bronze", DAY, error="ContractBrokenError: orders"), T0)
    tell(postgres, failure("load_bronze", NEXT, error="StorageRefusedError: bucket"), T0)
    assert len(open_incidents(postgres)) == 2


class OneConnection:
    """A thousand task processes connect once each; this test does not measure connecting."""

    def __init__(self, postgres: DirectPostgres) -> None:
        self._connection = postgres.get_conn()

    def get_conn(self) -> Any:
        return self

    def __enter__(self) -> Any:
        return self._connection

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._connection.rollback() if kind else self._connection.commit()

    def cursor(self) -> Any:
        return self._connection.cursor()

    def close(self) -> None:
        """Kept for the next."""


def test_a_thousand_dates_and_stages_in_a_minute(postgres: DirectPostgres) -> None:
    """A backfill against a service that is away: one incident, two messages, a count."""
    kept = OneConnection(postgres)
    for number in range(1000):
        day = DAY - timedelta(days=number)
        found = failure(STAGES[number % 9], day, cause_group="service:dremio_default")
        tell(kept, found, at(number / 1000), with_members=False)
    [found] = open_incidents(postgres)
    assert found.occurrences == 1000
    assert [topic for topic, _ in messages(postgres)] == ["opened", "repeated"]
