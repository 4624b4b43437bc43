"""What PostgreSQL holds of a date, read for the verdict; and a verdict without PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest

from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.why_stale.evidence import gather, newest_due
from lakehouse.observe.why_stale.hops import HopState
from lakehouse.observe.why_stale.services import ChartSeen, ReflectionSeen
from lakehouse.observe.why_stale.walk import POSTGRES_HOPS, UnknownNameError, subject_of, why_stale
from lakehouse.platform.connections import Connection, DirectPostgres
from lakehouse.platform.database import PostgresConnections, transaction
from testing.lakehouse.night_records import store, task_record, whole_night

DAY = date(2089, 5, 4)
T0 = datetime.combine(DAY, time(1), tzinfo=UTC)
SOURCES = {"orders": "postgres", "shipments": "api"}


class Quiet:
    """An Airflow where nothing is paused, a Dremio and a Superset that know of nothing."""

    def is_paused(self, stage_name: str) -> bool | None:
        return False

    def is_queued(self, stage_name: str, partition_key: str) -> bool:
        return False

    def reflections(self, tables: Collection[str]) -> list[ReflectionSeen]:
        return []

    def charts(self, slug: str) -> list[ChartSeen]:
        return []


@pytest.fixture
def database(postgres: PostgresConnections) -> Iterator[PostgresConnections]:
    """Rows of these tests' own year are taken away again."""
    yield postgres
    with transaction(postgres) as cursor:
        for table in (
            "night_receipts",
            "landing_files",
            "landing_syncs",
            "bronze_loads",
            "bronze_catalogued",
        ):
            cursor.execute(
                f"delete from {table} where business_date between %s and %s", ("2089-01-01", "2089-12-31")
            )


def claim(postgres: PostgresConnections, day: date, source: str, stream: str, rows: int) -> None:
    with transaction(postgres) as cursor:
        cursor.execute(
            "insert into landing_syncs "
            "(source, business_date, job_id, jobs, rows_emitted, bytes, per_stream) "
            "values (%s, %s, '1', '{}', %s, 1, '{}') on conflict do nothing",
            (source, day, rows),
        )
        if rows:
            cursor.execute(
                "insert into landing_files (s3_key, source, stream, business_date, job_id, rows, bytes) "
                "values (%s, %s, %s, %s, '1', %s, 1)",
                (f"{source}/{stream}/{day}", source, stream, day, rows),
            )


def load(
    postgres: PostgresConnections, day: date, source: str, stream: str, rows: int, state: str = "loaded"
) -> None:
    good = rows if state == "loaded" else 0
    with transaction(postgres) as cursor:
        cursor.execute(
            "insert into bronze_loads (source, stream, business_date, state, rows_in, rows_loaded, "
            "rows_deduplicated, rows_quarantined, landing_files, bytes, sha256, run_id) "
            "values (%s, %s, %s, %s, %s, %s, 0, %s, 1, 1, 'a', 'r')",
            (source, stream, day, state, rows, good, rows - good),
        )


def test_streams_say_what_was_claimed_loaded_and_listed(database: PostgresConnections) -> None:
    claim(database, DAY, "postgres", "orders", 40)
    claim(database, DAY, "api", "shipments", 0)
    load(database, DAY, "postgres", "orders", 30)
    streams = gather(database, DAY, SOURCES).streams
    orders, shipments = streams["orders"], streams["shipments"]
    assert (orders.rows_claimed, orders.rows_read, orders.rows_loaded, orders.load_state) == (
        40,
        30,
        30,
        "loaded",
    )
    assert orders.synced_at is not None
    assert not orders.is_listed
    assert (shipments.rows_claimed, shipments.claimed_at, shipments.load_state) == (0, None, None)
    assert shipments.synced_at is not None
    with transaction(database) as cursor:
        cursor.execute(
            "insert into bronze_catalogued (source, stream, business_date, sha256) "
            "values ('postgres', 'orders', %s, 'a')",
            (DAY,),
        )
    assert gather(database, DAY, SOURCES).streams["orders"].is_listed


def test_claims_of_older_dates_are_there_and_those_that_are_being_loaded_are_not(
    database: PostgresConnections,
) -> None:
    older, at_work, newer = DAY - timedelta(days=1), DAY - timedelta(days=2), DAY + timedelta(days=1)
    for day in (older, at_work, newer):
        claim(database, day, "postgres", "orders", 5)
    store(database, [task_record(at_work, "load_bronze", T0, None, state="running", emits_asset=False)])
    found = gather(database, DAY, SOURCES).claims
    assert [each.business_date for each in found if each.business_date.year == DAY.year] == [older]


def test_the_newest_run_of_a_stage_counts(database: PostgresConnections) -> None:
    store(database, whole_night(DAY, T0))
    again = task_record(
        DAY,
        "transform_marts",
        T0 + timedelta(hours=9),
        5,
        run_id="manual__2",
        state="failed",
        emits_asset=False,
    )
    store(database, [again])
    runs = gather(database, DAY, SOURCES).runs
    assert runs["transform_marts"].run_id == "manual__2"
    assert runs["load_bronze"].state == "success"


def test_by_the_clock_the_newest_date_due_is_the_last_night_whose_window_has_closed(
    database: PostgresConnections,
) -> None:
    store(database, whole_night(DAY, T0))
    morning = T0 + timedelta(days=1)
    assert newest_due(database, morning.replace(hour=4)) == (DAY, True)
    assert newest_due(database, morning.replace(hour=5)) == (DAY + timedelta(days=1), True)
    store(database, whole_night(DAY + timedelta(days=1), morning, seconds=1))
    assert newest_due(database, morning.replace(hour=4)) == (DAY + timedelta(days=1), True), "served early"


def test_a_replay_of_an_old_date_is_not_the_newest(database: PostgresConnections) -> None:
    store(database, whole_night(DAY, T0))
    store(database, whole_night(DAY - timedelta(days=90), T0 + timedelta(hours=9), run_type="manual"))
    assert newest_due(database, T0 + timedelta(hours=10))[0] == DAY


def test_a_night_that_never_started_is_held_back_at_its_syncs(database: PostgresConnections) -> None:
    store(database, whole_night(DAY, T0))
    lineage = read_lineage()
    subject = subject_of(lineage, lineage.dashboards()[0].title.upper())
    now = T0 + timedelta(days=1, hours=5)
    verdict = why_stale(subject, lineage, database, Quiet(), Quiet(), now)
    assert verdict.business_date == DAY + timedelta(days=1)
    assert verdict.first_stale is not None
    assert verdict.first_stale.name == "sync"
    assert "never started" in verdict.first_stale.summary


def test_without_postgres_the_hops_are_unseen_and_nothing_is_called_fresh() -> None:
    lineage = read_lineage()
    away = DirectPostgres(Connection(host="127.0.0.1", port=9, schema="x", login="x"))
    subject = subject_of(lineage, lineage.dashboards()[0].slug)
    verdict = why_stale(subject, lineage, away, Quiet(), Quiet(), T0)
    assert [hop.name for hop in verdict.hops] == [*POSTGRES_HOPS, "reflections", "cache"]
    assert {hop.state for hop in verdict.hops} == {HopState.UNSEEN}
    assert not verdict.is_fresh
    assert "PostgreSQL cannot be asked" in verdict.notes[0]


def test_a_table_is_found_with_and_without_its_schema_and_an_unknown_name_lists_all() -> None:
    lineage = read_lineage()
    table = lineage.gold_tables()[0]
    assert subject_of(lineage, table) == subject_of(lineage, table.removeprefix("gold."))
    assert subject_of(lineage, table).slug is None
    with pytest.raises(UnknownNameError) as refused:
        subject_of(lineage, "nothing like it")
    assert table in str(refused.value)
    assert lineage.dashboards()[0].slug in str(refused.value)
