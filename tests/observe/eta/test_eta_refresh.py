"""The forecast on a real PostgreSQL: stored, told once before it is too late, and taken back when served."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest

from lakehouse.night.plan import NIGHT, night_window
from lakehouse.observe.eta.estimate import refresh
from lakehouse.observe.eta.history import PastNight
from lakehouse.observe.eta.store import NightEta, newest_eta, recent_etas
from lakehouse.observe.eta.tonight import NightState
from lakehouse.observe.incidents.finding import LATE
from lakehouse.observe.incidents.reading import open_members
from lakehouse.observe.incidents.record import resolve
from lakehouse.platform.connections import Connection, DirectPostgres
from lakehouse.platform.database import (
    PlatformDatabaseUnavailableError,
    PostgresConnections,
    transaction,
)
from lakehouse.receipts.store import TaskRecord
from testing.lakehouse.made_up_nights import FIRST, Kind, nights_of
from testing.lakehouse.night_records import store, task_record

NIGHTS = nights_of(Kind(seed=41), 21)
LAST = NIGHTS[-1].business_date


@pytest.fixture
def history(postgres: PostgresConnections) -> Iterator[PostgresConnections]:
    """Twenty nights by the clock; what these tests wrote is taken away again."""
    store(postgres, [record for night in NIGHTS[:-1] for record in records(night, night.served_at)])
    yield postgres
    resolve(postgres, f"{LATE}:{NIGHT[0].name}:{LAST}", "the test is over")
    with transaction(postgres) as cursor:
        for table in ("night_receipts", "night_eta"):
            cursor.execute(
                f"delete from {table} where business_date between %s and %s",
                (FIRST, LAST + timedelta(days=30)),
            )


def records(
    night: PastNight, now: datetime, started_by: str = "scheduled", without: tuple[str, ...] = ()
) -> list[TaskRecord]:
    """What the receipts hold of the night at that time."""
    found = []
    for stage in NIGHT:
        started = night.starts[stage.name]
        if started > now or stage.name in without:
            continue
        done = night.ended(stage.name) <= now
        kind = "asset_triggered" if stage.waits_for else started_by
        found.append(
            task_record(
                night.business_date,
                stage.name,
                started,
                night.seconds[stage.name] if done else None,
                run_id=f"{kind}__{night.business_date}",
                state="success" if done else "running",
                rows_in=night.rows if stage is NIGHT[0] else 0,
            )
        )
    return found


def of_tonight(found: list[NightEta], day: date = LAST) -> NightEta:
    [eta] = [each for each in found if each.business_date == day]
    return eta


def late_members(postgres: PostgresConnections, day: date) -> list[str]:
    return [each.root for each in open_members(postgres) if (each.kind, each.business_date) == (LATE, day)]


def test_a_normal_night_is_forecast_from_midnight_to_its_end_and_wakes_nobody(
    history: PostgresConnections,
) -> None:
    night = NIGHTS[-1]
    midnight = datetime.combine(LAST, time(0, 5), tzinfo=UTC)
    waiting = of_tonight(refresh(history, midnight))
    assert (waiting.state, waiting.nights_learnt) == (NightState.WAITING, 20)
    assert waiting.deadline == night_window(LAST)[1]
    now = night.ended("load_bronze") + timedelta(minutes=1)
    store(history, records(night, now))
    running = of_tonight(refresh(history, now))
    assert running.state is NightState.RUNNING
    assert running.first_made_at == midnight
    assert running.first_p50 == waiting.p50
    assert running.p05 is not None
    assert running.p95 is not None
    assert now <= running.p05 <= running.p95
    store(history, records(night, night.served_at))
    served = of_tonight(refresh(history, night.served_at + timedelta(minutes=1)))
    assert (served.state, served.p50, served.p_miss) == (NightState.SERVED, night.served_at, 0.0)
    assert served.first_p05 is not None
    assert served.first_p95 is not None
    assert newest_eta(history, LAST) == served
    assert late_members(history, LAST) == []
    assert served.paged_at is None


def test_a_night_that_never_starts_pages_once_before_its_deadline_and_is_taken_back_when_served(
    history: PostgresConnections,
) -> None:
    opens, closes = night_window(LAST)
    told = None
    now = opens + timedelta(minutes=30)
    while now < closes and told is None:
        now += timedelta(minutes=30)
        eta = of_tonight(refresh(history, now))
        told = eta.paged_at
    assert told is not None
    assert told < closes
    assert late_members(history, LAST) == [NIGHT[0].name]
    again = of_tonight(refresh(history, now + timedelta(minutes=40)))
    assert again.paged_at == told
    assert late_members(history, LAST) == [NIGHT[0].name], "one page a night"
    night = NIGHTS[-1]
    shift = now + timedelta(minutes=41) - min(night.starts.values())
    moved = PastNight(
        LAST,
        "scheduled",
        night.rows,
        {n: s + shift for n, s in night.starts.items()},
        night.seconds,
        night.waits,
    )
    store(history, records(moved, moved.served_at))
    refresh(history, moved.served_at + timedelta(minutes=1))
    assert late_members(history, LAST) == []


@pytest.mark.parametrize("started_by", ["manual", "backfill"])
def test_a_night_that_people_started_has_a_forecast_and_no_deadline(
    history: PostgresConnections, started_by: str
) -> None:
    noon = datetime.combine(LAST, time(12), tzinfo=UTC)
    begun = [
        task_record(LAST, name, noon, None, run_id=f"{started_by}__x", state="running", emits_asset=False)
        for name in ("extract_postgres", "extract_apis")
    ]
    store(history, begun)
    eta = of_tonight(refresh(history, noon + timedelta(hours=11)))
    assert (eta.deadline, eta.p_miss, eta.paged_at) == (None, None, None)
    assert eta.p50 is not None
    assert late_members(history, LAST) == []


def test_a_replay_of_an_old_date_pages_nobody(history: PostgresConnections) -> None:
    old = NIGHTS[3].business_date
    now = datetime.combine(LAST, time(3), tzinfo=UTC)
    store(history, [task_record(old, "extract_apis", now, None, run_id="manual__again", state="running")])
    eta = of_tonight(refresh(history, now + timedelta(hours=1)), old)
    assert (eta.deadline, eta.paged_at) == (None, None)


def test_a_failed_stage_leaves_no_forecast_and_no_second_incident(history: PostgresConnections) -> None:
    night = NIGHTS[-1]
    now = night.ended("extract_apis") + timedelta(minutes=5)
    store(history, records(night, now, without=("load_bronze",)))
    failed = task_record(
        LAST, "load_bronze", now, 5, run_id="asset_triggered__f", state="failed", emits_asset=False,
    )  # fmt: skip
    store(history, [failed])
    eta = of_tonight(refresh(history, now + timedelta(hours=2)))
    assert (eta.state, eta.p50, eta.p_miss) == (NightState.STOPPED, None, None)
    assert late_members(history, LAST) == []


def test_a_clock_that_jumps_back_leaves_the_newer_forecast(history: PostgresConnections) -> None:
    now = NIGHT[0].starts_at(LAST)
    kept = of_tonight(refresh(history, now + timedelta(minutes=5)))
    assert of_tonight(refresh(history, now)) == kept


def test_where_no_night_ever_ran_by_the_clock_none_is_expected(postgres: PostgresConnections) -> None:
    day = LAST + timedelta(days=20)
    now = datetime.combine(day, time(4), tzinfo=UTC)
    assert day not in [each.business_date for each in refresh(postgres, now)]
    assert day not in [each.business_date for each in recent_etas(postgres, 50)]


def test_postgres_away_is_said_by_name() -> None:
    away = DirectPostgres(Connection(host="127.0.0.1", port=9, schema="x", login="x"))
    with pytest.raises(PlatformDatabaseUnavailableError):
        refresh(away, datetime(2026, 1, 5, 3, tzinfo=UTC))
