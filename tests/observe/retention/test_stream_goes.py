"""Objects of the stream: what a rebuild of the hot tables may still need stays, however old it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from lakehouse.landing.listing import objects_of_nights, streamed_folders
from lakehouse.observe.retention.policy import Keep, load_policy
from lakehouse.observe.retention.records import TableRows
from lakehouse.observe.retention.stream_files import StreamFiles
from lakehouse.platform.database import exclusively
from lakehouse.stream.plan import CONNECTION, STREAM_LOCK
from tests.observe.retention.conftest import Lake

NOW = datetime.now(UTC)
POLICY = load_policy()
TABLES = "stream_batches, stream_landing_files, stream_loads, serving_edge"
PUBLISHED = 5_000
"""The position of the source's log that gold has."""


@pytest.fixture
def streamed(lake: Lake) -> Iterator[Lake]:
    lake.execute(f"truncate {TABLES} restart identity")
    lake.execute("insert into serving_edge (business_date, source_lsn) values ('2025-10-17', %s)", PUBLISHED)
    yield lake
    lake.execute(f"truncate {TABLES}")


def batch(lake: Lake, days: int, to_lsn: int | None, state: str = "merged", stream: str = "orders") -> str:
    """A batch of so many days ago with a landing object; the object's key."""
    at = NOW - timedelta(days=days)
    [(number,)] = lake.execute(
        "insert into stream_batches (connection, state, day, run_id, to_lsn, merged_at, started_at)"
        " values (%s, %s, %s, 'test', %s, %s, %s) returning batch_id",
        CONNECTION, state, at.date(), to_lsn, at if state == "merged" else None, at,
    )  # fmt: skip
    key = f"bronze/landing/source=postgres_stream/{stream}/{number}.parquet"
    lake.storage.put(b"rows", key)
    lake.execute(
        "insert into stream_landing_files (s3_key, stream, batch_id, rows, bytes) values (%s, %s, %s, 3, 4)",
        key, stream, number,
    )  # fmt: skip
    return key


def applied(lake: Lake) -> list[str]:
    """Plan and apply; what was kept after all."""
    kind = StreamFiles(lake.stores)
    return kind.apply(kind.plan(POLICY, NOW)).skipped


def test_landing_goes_when_it_is_old_and_gold_has_it(streamed: Lake) -> None:
    gone = [batch(streamed, 20, 1_000), batch(streamed, 10, 2_000, stream="customers")]
    young = batch(streamed, 2, 3_000)
    kind = StreamFiles(streamed.stores)
    plan = kind.plan(POLICY, NOW)
    assert [(item.objects, item.rows, item.bytes) for item in plan.items] == [(1, 3, 4)] * 2
    assert streamed.keys("bronze/landing/") == sorted([*gone, young]), "a plan deletes nothing"
    done = kind.apply(plan)
    assert (done.objects, done.rows, done.skipped) == (2, 6, [])
    assert streamed.keys("bronze/landing/") == [young]
    assert streamed.execute("select s3_key from stream_landing_files") == [(young,)]
    assert kind.plan(POLICY, NOW).items == (), "a second run finds nothing"


@pytest.mark.parametrize("published", [None, 0, 999])
def test_what_no_night_has_published_stays_however_old_it_is(streamed: Lake, published: int | None) -> None:
    streamed.execute("truncate serving_edge")
    if published is not None:
        streamed.execute(
            "insert into serving_edge (business_date, source_lsn) values ('2025-10-17', %s)", published
        )
    key = batch(streamed, 300, 1_000)
    assert applied(streamed) == []
    assert streamed.keys("bronze/landing/") == [key]


def test_the_edge_counts_as_it_was_moved_last(streamed: Lake) -> None:
    streamed.execute(
        "insert into serving_edge (moved_at, business_date, source_lsn)"
        " values (clock_timestamp() + interval '1 second', '2025-10-18', 9000)"
    )
    batch(streamed, 20, 8_000)
    applied(streamed)
    assert streamed.keys("bronze/landing/") == []


def test_a_batch_whose_position_nobody_knows_goes_with_a_later_one(streamed: Lake) -> None:
    batch(streamed, 20, None)
    batch(streamed, 19, 4_000)
    last = batch(streamed, 18, None)
    applied(streamed)
    assert streamed.keys("bronze/landing/") == [last], "nothing says that gold has it"


def test_a_batch_in_flight_keeps_its_objects(streamed: Lake) -> None:
    stuck = batch(streamed, 20, 1_000, state="landed")
    batch(streamed, 19, 2_000)
    applied(streamed)
    assert streamed.keys("bronze/landing/") == [stuck]


def test_what_a_run_marked_and_did_not_delete_is_deleted_by_the_next(streamed: Lake) -> None:
    batch(streamed, 20, 1_000)
    streamed.execute("update stream_landing_files set expired_at = now()")
    applied(streamed)
    assert streamed.keys("bronze/landing/") == []
    assert streamed.execute("select count(*) from stream_landing_files") == [(0,)]


def test_nothing_goes_while_somebody_holds_the_stream(
    streamed: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakehouse.observe.retention.stream_files.WAIT_SECONDS", 1)
    key = batch(streamed, 20, 1_000)
    with exclusively(streamed.postgres, STREAM_LOCK, "a rebuild", 1):
        [why] = applied(streamed)
    assert "holds the stream" in why
    assert streamed.keys("bronze/landing/") == [key]
    assert streamed.execute("select expired_at from stream_landing_files") == [(None,)]
    assert applied(streamed) == []


def test_bronze_stays_but_for_tracers_and_refused_rows_stay_as_long_as_the_night_s(streamed: Lake) -> None:
    def keys(day: date) -> list[str]:
        return [
            f"bronze/quarantine/stream/orders/date={day}/batch-000000000001.parquet",
            f"bronze/stream/customers/date={day}/batch-000000000001.parquet",
            f"bronze/stream/orders/date={day}/batch-000000000001.parquet",
            f"bronze/stream/stream_tracer/date={day}/batch-000000000001.parquet",
        ]

    old, older = (NOW - timedelta(days=days) for days in (10, POLICY.quarantine.days + 1))
    today, week, ages = keys(NOW.date()), keys(old.date()), keys(older.date())
    for key in [*today, *week, *ages]:
        streamed.storage.put(b"rows", key)
    applied(streamed)
    assert streamed.keys("bronze/") == sorted([*today, *week[:3], *ages[1:3]])


def test_a_platform_without_the_stream_s_tables_is_left_alone(streamed: Lake) -> None:
    streamed.execute("alter table serving_edge rename to serving_edge_away")
    try:
        plan = StreamFiles(streamed.stores).plan(POLICY, NOW)
        assert plan.items == ()
        assert plan.not_looked == "there is no table serving_edge yet"
    finally:
        streamed.execute("alter table serving_edge_away rename to serving_edge")


def test_the_night_s_landing_is_listed_without_the_stream_s(streamed: Lake) -> None:
    night = [
        "bronze/landing/source=api/shipments/a.parquet",
        "bronze/landing/source=postgres/orders/a.parquet",
        "bronze/landing/source=postgres_cdc/stock_levels/a.parquet",
        "bronze/landing/source=postgres_stream2/orders/a.parquet",
        "bronze/landing/source=web/visits/a.parquet",
    ]
    for key in [*night, "bronze/landing/source=postgres_stream/orders/a.parquet"]:
        streamed.storage.put(b"rows", key)
    assert streamed_folders() == ("bronze/landing/source=postgres_stream/",)
    assert sorted(item.key for item in objects_of_nights(streamed.storage)) == sorted(night)


def test_batches_and_their_account_go_when_their_landing_has_gone(streamed: Lake) -> None:
    batch(streamed, 30, 1_000)
    batch(streamed, 30, 2_000)
    streamed.execute(
        "insert into stream_loads (batch_id, stream, day, state, rows_in, rows_loaded, rows_deduplicated,"
        " rows_quarantined, landing_files, bytes, detail, loaded_at)"
        " select batch_id, 'orders', day, 'loaded', 3, 3, 0, 0, 1, 4, '{}', merged_at from stream_batches"
    )
    streamed.execute("delete from stream_landing_files where batch_id = 1")
    tables = {name: Keep(14) for name in ("stream_batches", "stream_loads")}
    kind = TableRows(streamed.stores)
    kind.apply(kind.plan(replace(POLICY, tables=tables), NOW))
    assert streamed.execute("select batch_id from stream_batches") == [(2,)], "its landing is still there"
    assert streamed.execute("select count(*) from stream_loads") == [(0,)]
