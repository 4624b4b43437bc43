"""Tracers from the commit to the chart, on a real source: what is noted, and what goes wrong."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.platform.connections import DirectPostgres, connection
from lakehouse.platform.database import transaction
from lakehouse.stream.follower import LagFollower
from lakehouse.stream.hops import Hop
from lakehouse.stream.lag import read_lag
from lakehouse.stream.lag_command import lag_lines
from lakehouse.superset.errors import SupersetUnavailableError
from testing.lakehouse.stream_platform import StreamPlatform
from tests.stream.lag.conftest import Batch, Lag, pace

BATCH = 990_001
"""No batch of the stream has this number."""


def parquet(numbers: list[int], committed: datetime, deleted: list[int] | None = None) -> bytes:
    """A landing object with these tracers, and a truncation, which has no key."""
    rows = {
        "tracer_id": pa.array([*numbers, None], pa.int64()),
        "committed_at": pa.array([committed] * len(numbers) + [None], pa.timestamp("us")),
        "_ab_cdc_deleted_at": pa.array(
            ["2026-01-01" if n in (deleted or []) else None for n in numbers] + ["2026-01-01"]
        ),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(rows), sink)
    return sink.getvalue()


@pytest.fixture
def landed(lag: Lag) -> Lag:
    """A batch whose only landing object is at `bronze/test_lag.parquet`, and its bronze file likewise."""
    with transaction(lag.platform.postgres) as cursor:
        cursor.execute("delete from stream_landing_files where batch_id = %s", (BATCH,))
        cursor.execute("delete from stream_loads where batch_id = %s", (BATCH,))
        cursor.execute(
            "insert into stream_landing_files (s3_key, stream, batch_id, rows, bytes)"
            " values ('test_lag/landed.parquet', 'stream_tracer', %s, 1, 1)",
            (BATCH,),
        )
        cursor.execute(
            "insert into stream_loads (batch_id, stream, day, state, rows_in, rows_loaded, rows_deduplicated,"
            " rows_quarantined, landing_files, s3_key, bytes, detail) values"
            " (%s, 'stream_tracer', '2026-01-01', 'loaded', 1, 1, 0, 0, 1, 'test_lag/bronze.parquet', 1,"
            " '{}')",
            (BATCH,),
        )
    return lag


def test_a_tracer_is_noted_at_each_hop_in_turn(landed: Lag) -> None:
    landed.follower.turn(0)
    [number] = landed.at_source()
    before = landed.tracers()[number]
    assert (before["landed_at"], before["charted_at"]) == (None, None)
    committed = before["source_committed_at"]

    landed.platform.storage.put(parquet([number], committed), "test_lag/landed.parquet")
    assert landed.marks.mark(Batch(BATCH), "landing") == 1
    landed.platform.storage.put(parquet([number], committed), "test_lag/bronze.parquet")
    at = datetime.now(UTC) + timedelta(seconds=3)
    assert landed.marks.mark(Batch(BATCH), Hop.BRONZE, at) == 1
    landed.follower.turn(1)
    assert landed.chart.asked == 0, "nothing is in the hot table yet"
    landed.merged(number, batch=BATCH)
    landed.follower.turn(1.5)
    assert landed.tracers()[number]["charted_at"] is None
    landed.chart.shows = {number}
    landed.follower.turn(2.5)

    after = landed.tracers()[number]
    assert after["batch_id"] == BATCH
    assert after["bronze_at"] == at
    assert after["committed_at"] < after["landed_at"] < after["charted_at"]
    assert after["charted_number"] is not None
    assert landed.chart.asked == 2
    landed.follower.turn(4)
    assert landed.chart.asked == 2, "a chart that owes nothing is not asked"


def test_a_tracer_whose_follower_died_before_noting_it_is_accounted_for(landed: Lag) -> None:
    with landed.platform.shop() as shop:
        row = shop.execute("insert into stream_tracer (note) values ('lag') returning *").fetchone()
    assert row is not None
    number, committed = row[0], row[1]
    landed.platform.storage.put(parquet([number], committed), "test_lag/bronze.parquet")
    landed.marks.mark(Batch(BATCH), Hop.BRONZE)
    found = landed.tracers()[number]
    assert found["source_committed_at"] == committed
    assert found["landed_at"] == found["bronze_at"] is not None
    assert read_lag(landed.platform.postgres).hops[2].waiting == 1, "it waits for the hot table"


def test_deletions_and_truncations_are_no_tracers(landed: Lag) -> None:
    committed = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    content = parquet([71, 72], committed, deleted=[72])
    landed.platform.storage.put(content, "test_lag/bronze.parquet")
    assert landed.marks.mark(Batch(BATCH), Hop.BRONZE) == 1
    assert list(landed.tracers()) == [71]


def test_what_arrives_again_keeps_its_first_times(landed: Lag) -> None:
    landed.follower.turn(0)
    [number] = landed.at_source()
    committed = landed.tracers()[number]["source_committed_at"]
    landed.platform.storage.put(parquet([number], committed), "test_lag/bronze.parquet")
    landed.marks.mark(Batch(BATCH), Hop.BRONZE)
    first = landed.tracers()
    landed.marks.mark(Batch(BATCH), Hop.BRONZE)
    assert landed.tracers() == first


def test_a_mark_that_cannot_be_made_does_not_stop_the_batch(landed: Lag) -> None:
    landed.follower.turn(0)
    [number] = landed.at_source()
    landed.platform.storage.put(b"not parquet", "test_lag/bronze.parquet")
    assert landed.marks.mark(Batch(BATCH), Hop.BRONZE) == 0
    assert landed.tracers()[number]["bronze_at"] is None
    landed.marked_hot(number)
    assert landed.tracers()[number]["bronze_at"] is not None, "the next hop's mark makes it good"


def test_a_tracer_deleted_at_the_source_before_it_was_shown_is_not_waited_for(lag: Lag) -> None:
    lag.follower.turn(0)
    [number] = lag.at_source()
    lag.hot.rows = {number: True}
    lag.marks.mark(Batch(BATCH), Hop.HOT)
    assert lag.tracers() == {}


def test_an_idle_source_gets_few_tracers_and_a_busy_one_many_at_once(lag: Lag) -> None:
    for second in range(50):
        lag.follower.turn(second)
    assert len(lag.at_source()) == 1
    lag.change_the_shop()
    lag.follower.turn(50)
    assert len(lag.at_source()) == 2, "at once, not when a minute is over"
    for second in range(51, 66):
        lag.follower.turn(second)
    assert len(lag.at_source()) == 5, "every five seconds"
    for second in range(66, 120):
        lag.follower.turn(second)
    assert len(lag.at_source()) == 5, "and few again when nothing has changed for fifteen"


def test_no_more_tracers_are_sent_than_tell_the_lag(lag: Lag, source: DirectPostgres) -> None:
    few = pace(most_waiting=3)
    follower = LagFollower(source, lag.platform.postgres, lag.chart, ["orders"], lag.marks, few)
    for second in range(0, 100, 5):
        lag.change_the_shop()
        follower.turn(second)
    assert len(lag.at_source()) == 5, "four within twenty seconds, then one a minute"
    follower.stop()


def test_old_tracers_go_from_the_source_once_the_chart_has_shown_them(lag: Lag) -> None:
    lag.follower.turn(0)
    lag.follower.turn(61)
    shown, unseen = lag.at_source()
    lag.merged(shown)
    lag.chart.shows = {shown}
    lag.follower.turn(62)
    with lag.platform.shop() as shop:
        shop.execute("update stream_tracer set committed_at = committed_at - interval '2 hours'")
    lag.follower.turn(130)
    left = lag.at_source()
    assert shown not in left
    assert unseen in left, "the chart has not shown it: it must still come through"
    assert len(left) == 2


def test_a_user_without_the_right_is_told_and_the_lag_is_not_invented(lag: Lag) -> None:
    lag.follower.turn(0)
    with lag.platform.shop() as shop:
        shop.execute("revoke insert on stream_tracer from current_user")
    try:
        lag.follower.turn(61)
        found = read_lag(lag.platform.postgres)
        assert not found.measured
        assert found.source_problem is not None
        assert "has no right" in found.source_problem
        assert any("Not measured" in line for line in lag_lines(lag.platform.postgres))
        assert len(lag.at_source()) == 1
    finally:
        with lag.platform.shop() as shop:
            shop.execute("grant insert on stream_tracer to current_user")
    lag.follower.turn(130)
    found = read_lag(lag.platform.postgres)
    assert (found.measured, found.source_problem) == (True, None)
    assert len(lag.at_source()) == 2


def test_a_source_that_was_restarted_is_found_again(lag: Lag, source: DirectPostgres) -> None:
    lag.follower.turn(0)
    with lag.platform.shop() as shop:
        killed = shop.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where application_name = 'test of the lag'"
        ).fetchone()
    assert killed is not None
    assert killed[0] >= 1
    lag.follower.turn(61)
    assert len(lag.at_source()) == 2, "the look meets the dead connection, the tracer gets another"
    assert read_lag(lag.platform.postgres).source_problem is None


def test_a_source_that_is_away_is_named_and_tried_again_soon(lag: Lag, platform: StreamPlatform) -> None:
    nowhere = DirectPostgres(replace(connection("shop_postgres"), port=1))
    follower = LagFollower(nowhere, platform.postgres, lag.chart, ["orders"], lag.marks, pace())
    assert follower.turn(0) <= 5
    found = read_lag(platform.postgres)
    assert found.source_problem is not None
    assert "does not answer" in found.source_problem
    assert not found.measured
    assert lag.at_source() == []


def test_a_superset_that_is_down_is_named_and_owes_every_tracer_when_it_is_back(lag: Lag) -> None:
    for second in (0, 61, 122):
        lag.follower.turn(second)
    numbers = lag.at_source()
    lag.chart.problem = SupersetUnavailableError("Superset did not answer")
    lag.merged(*numbers)
    lag.follower.turn(123)
    lag.follower.turn(124)
    assert lag.chart.asked == 1, "a chart that is away is asked every five seconds"
    lag.follower.turn(183)
    found = read_lag(lag.platform.postgres)
    assert found.chart_problem == "Superset did not answer"
    assert {hop.hop: hop.waiting for hop in found.hops}["chart"] == 3
    stalled = read_lag(lag.platform.postgres, datetime.now(UTC) + timedelta(minutes=5)).stalled
    assert stalled is not None
    assert (stalled.hop, stalled.waiting_tracer) == ("chart", numbers[0])

    lag.chart.problem = None
    lag.chart.shows = set(numbers)
    lag.follower.turn(190)
    assert all(lag.tracers()[number]["charted_at"] for number in numbers)


def test_the_loop_does_not_wait_for_marks_and_none_is_missing_when_it_ends(landed: Lag) -> None:
    landed.follower.turn(0)
    [number] = landed.at_source()
    committed = landed.tracers()[number]["source_committed_at"]
    landed.platform.storage.put(parquet([number], committed), "test_lag/landed.parquet")
    landed.platform.storage.put(parquet([number], committed), "test_lag/bronze.parquet")
    moments = [datetime.now(UTC) + timedelta(seconds=passed) for passed in (1, 2, 3)]
    landed.hot.rows = {number: False}
    for hop, at in zip((Hop.LANDING, Hop.BRONZE, Hop.HOT), moments, strict=True):
        landed.follower.queue.mark(Batch(BATCH), hop, at)
    assert landed.tracers()[number]["landed_at"] is None
    landed.follower.stop()
    found = landed.tracers()[number]
    assert [found[name] for name in ("landed_at", "bronze_at", "hot_at")] == moments


def test_the_next_follower_goes_on_where_a_killed_one_was(lag: Lag, source: DirectPostgres) -> None:
    lag.follower.turn(0)
    [number] = lag.at_source()
    lag.marked_hot(number)
    lag.chart.shows = {number}
    heir = LagFollower(source, lag.platform.postgres, lag.chart, ["orders"], lag.marks, pace())
    heir.turn(0)
    assert lag.tracers()[number]["charted_at"] is not None
