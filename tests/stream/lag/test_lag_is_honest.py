"""The lag as it is told: right while the source is idle, a hop stands still, or a tracer is lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest

from lakehouse.observe.metrics.gather import gather, source_states
from lakehouse.observe.metrics.readings import stored_readings
from lakehouse.observe.metrics.sources.stream import StreamLag
from lakehouse.observe.metrics.totals import stored_totals
from lakehouse.platform.database import transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.lag import Lag as Known
from lakehouse.stream.lag import Percentiles, read_lag
from lakehouse.stream.lag_command import lag_lines
from tests.stream.lag.conftest import Lag

PLANTED = (
    "insert into stream_tracers (tracer_id, source_committed_at, clock_offset_seconds, committed_at,"
    " landed_at, bronze_at, hot_at, charted_at) values (%s, %s at time zone 'UTC', 0, %s, %s, %s, %s, %s)"
)
NUMBERED = "update stream_tracers set charted_number = %s where tracer_id = %s"
NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE = timedelta(minutes=1)


def plant(lag: Lag, number: int, committed: datetime, *hops: float) -> None:
    """A tracer that took so many seconds for each hop, as far as it has come."""
    plant_all(lag, [(number, committed, hops)])


def plant_all(lag: Lag, tracers: Sequence[tuple[int, datetime, Sequence[float]]]) -> None:
    """Tracers by number, commit and the seconds that they took for each hop."""
    with transaction(lag.platform.postgres) as cursor:
        for number, committed, hops in tracers:
            moments = [committed + timedelta(seconds=passed) for passed in accumulate(hops)]
            landed, bronze, hot, chart = [*moments, *[None] * (4 - len(moments))]
            cursor.execute(PLANTED, (number, committed, committed, landed, bronze, hot, chart))
            if chart is not None:
                cursor.execute(NUMBERED, (number, number))


def running(lag: Lag, every: float = 5, paused: bool = False) -> None:
    """The stream says that it runs, or that somebody has paused it."""
    with transaction(lag.platform.postgres) as cursor:
        cursor.execute(
            read_sql("postgres/stream/upsert_tracing.sql"),
            {
                "running": not paused,
                "paused": paused,
                "every_seconds": every,
                "clock_offset": 0.0,
                "clock_error": 0.001,
                "source_problem": None,
                "chart_problem": None,
            },
        )


def known(lag: Lag, after: timedelta = timedelta(0)) -> Known:
    return read_lag(lag.platform.postgres, NOW + after)


def test_a_stream_that_never_ran_has_no_lag(lag: Lag) -> None:
    found = known(lag)
    assert (found.seconds, found.measured, found.since, found.stalled) == (None, False, None, None)
    assert lag_lines(lag.platform.postgres)[0].startswith("The lag was never measured")


def test_the_lag_of_a_stream_that_has_shown_everything_is_that_of_the_newest_tracer(lag: Lag) -> None:
    running(lag, every=60)
    plant(lag, 1, NOW - 2 * MINUTE, 1, 1, 1, 30)
    plant(lag, 2, NOW - MINUTE, 1.5, 0.5, 0.25, 1.75)
    assert known(lag).seconds == 4.0
    assert known(lag, timedelta(seconds=50)).seconds == 4.0, "an idle stream is not late"


def test_the_lag_grows_with_the_oldest_tracer_that_is_not_shown(lag: Lag) -> None:
    running(lag)
    plant(lag, 1, NOW - 2 * MINUTE, 1, 1, 1, 1)
    plant(lag, 2, NOW - timedelta(seconds=40), 1, 1)
    plant(lag, 3, NOW - timedelta(seconds=30), 1, 1, 1, 1)
    assert known(lag).seconds == 40
    assert known(lag, timedelta(hours=1)).seconds == 3640


def test_a_loop_that_is_gone_makes_the_lag_grow_although_nothing_waits(lag: Lag) -> None:
    """Killed while every tracer had been shown: debezium's lag would stay at its last value forever."""
    running(lag, every=5)
    plant(lag, 1, NOW, 1, 1, 1, 1)
    assert known(lag, timedelta(seconds=50)).seconds == 4.0
    later = known(lag, timedelta(minutes=10))
    assert (later.seconds, later.silent_seconds, later.measured) == (600, 600, False)
    running(lag, paused=True)
    paused = known(lag, timedelta(minutes=10))
    assert (paused.seconds, paused.silent_seconds, paused.measured) == (4.0, None, False)


def test_percentiles_are_those_of_the_tracers_in_the_window(lag: Lag) -> None:
    running(lag)
    plant_all(lag, [(number, NOW - 4 * MINUTE, (0, 0, 0, number / 10)) for number in range(1, 101)])
    plant_all(lag, [(number, NOW - 30 * MINUTE, (0, 0, 0, 100)) for number in range(101, 201)])
    plant(lag, 300, NOW - 90 * MINUTE, 0, 0, 0, 9)
    hops = {hop.hop: hop for hop in known(lag).hops}
    assert hops["total"].five_minutes == Percentiles(100, 5.0, 9.5, 9.9)
    assert hops["total"].hour == Percentiles(200, 10.0, 100.0, 100.0)
    assert hops["chart"].five_minutes == hops["total"].five_minutes
    assert hops["hot"].five_minutes == Percentiles(100, 0.0, 0.0, 0.0)


def test_a_hop_that_stands_still_does_not_look_as_good_as_before(lag: Lag) -> None:
    running(lag)
    for number in range(1, 10):
        plant(lag, number, NOW - 3 * MINUTE, 1, 1, 1, 1)
    for number in range(10, 20):
        plant(lag, number, NOW - 2 * MINUTE, 1)
    plant(lag, 20, NOW - timedelta(seconds=2), 1.5)
    hops = {hop.hop: hop for hop in known(lag).hops}
    assert hops["bronze"].five_minutes == Percentiles(19, 119.0, 119.0, 119.0)
    assert hops["total"].five_minutes == Percentiles(19, 120.0, 120.0, 120.0)
    assert hops["landing"].five_minutes == Percentiles(20, 1.0, 1.0, 1.5), "this hop does its work"
    assert hops["hot"].five_minutes == Percentiles(9, 1.0, 1.0, 1.0), "nothing has come to this one"


def test_the_hop_that_stalls_is_named_with_its_tracer_and_since_when(lag: Lag) -> None:
    running(lag)
    plant(lag, 1, NOW - 10 * MINUTE, 1, 1, 1, 1)
    plant(lag, 2, NOW - 5 * MINUTE, 2)
    plant(lag, 3, NOW - 4 * MINUTE, 2)
    plant(lag, 4, NOW - timedelta(seconds=10))
    found = known(lag).stalled
    assert found is not None
    assert (found.hop, found.waiting, found.waiting_tracer) == ("bronze", 2, 2)
    assert found.waiting_since == NOW - 5 * MINUTE + timedelta(seconds=2)
    assert found.waiting_seconds == 298
    [line] = [line for line in lag_lines(lag.platform.postgres) if line.startswith("Stalled")]
    assert "landing -> bronze" in line


def test_an_hour_without_any_change_leaves_the_lag_and_its_percentiles_right(lag: Lag) -> None:
    running(lag, every=60)
    plant_all(lag, [(minute, NOW + minute * MINUTE, (1, 1, 1, 1)) for minute in range(60)])
    found = known(lag, timedelta(minutes=59, seconds=30))
    assert found.seconds == 4.0
    assert found.measured
    total = found.hops[-1]
    assert total.hour is not None
    assert total.five_minutes is not None
    assert (total.hour.tracers, total.hour.p99) == (60, 4.0)
    assert total.five_minutes.tracers == 5


def test_a_tracer_that_later_ones_have_overtaken_is_lost_and_may_be_found_again(lag: Lag) -> None:
    plant(lag, 1, NOW - 30 * MINUTE, 1)
    plant(lag, 2, NOW - 15 * MINUTE, 1)
    plant(lag, 3, NOW - 14 * MINUTE, 1, 1, 1, 1)
    with transaction(lag.platform.postgres) as cursor:
        cursor.execute(read_sql("postgres/stream/lose_tracers.sql"), {"after_seconds": 600})
        assert cursor.fetchall() == [(1,)]
    running(lag)
    found = read_lag(lag.platform.postgres)
    assert found.lost == 1
    assert [hop.waiting_tracer for hop in found.hops if hop.waiting] == [2]
    assert any(line.startswith("Lost: 1") for line in lag_lines(lag.platform.postgres))
    lag.marked_hot(1)
    assert read_lag(lag.platform.postgres).lost == 1, "what is lost is not asked for"
    values: dict[str, Any] = {
        "batch_id": 5,
        "hop": "bronze",
        "at": None,
        "tracer_ids": [1],
        "committed": [(NOW - 30 * MINUTE).replace(tzinfo=None)],
    }
    with transaction(lag.platform.postgres) as cursor:
        cursor.execute(read_sql("postgres/stream/mark_tracers.sql"), values)
    assert read_lag(lag.platform.postgres).lost == 0


def test_a_source_that_was_created_again_counts_from_one(lag: Lag) -> None:
    plant(lag, 1, NOW - timedelta(days=2), 1, 1, 1, 1)
    lag.follower.turn(0)
    [number] = lag.at_source()
    with transaction(lag.platform.postgres) as cursor:
        cursor.execute("delete from stream_tracers")
    plant(lag, number, NOW - timedelta(days=2), 1, 1, 1, 1)
    committed = lag.platform.shop_rows("select committed_at from stream_tracer")[0][0]
    values = {"batch_id": 5, "hop": "landing", "at": None, "tracer_ids": [number], "committed": [committed]}
    with transaction(lag.platform.postgres) as cursor:
        cursor.execute(read_sql("postgres/stream/forget_tracers_of_another_source.sql"), values)
        cursor.execute(read_sql("postgres/stream/mark_tracers.sql"), values)
    assert lag.tracers()[number]["bronze_at"] is None


def test_each_minute_the_percentiles_are_kept(lag: Lag) -> None:
    running(lag)
    plant(lag, 1_000_001, datetime.now(UTC) - timedelta(seconds=30), 1, 1, 1, 2)
    plant(lag, 1_000_002, datetime.now(UTC) - 20 * MINUTE, 1, 1, 1, 7)
    lag.follower.turn(float(2**40))
    rows = lag.platform.rows(
        "select hop, tracers_5m, p95_5m, tracers_1h, p95_1h from stream_lag_minutes"
        " where hop in ('chart', 'total') order by hop"
    )
    assert rows == [("chart", 1, 2.0, 2, 7.0), ("total", 1, 5.0, 2, 10.0)]


def test_the_metrics_count_each_tracer_once_and_say_where_the_others_wait(lag: Lag) -> None:
    running(lag)
    plant(lag, 1, NOW - 2 * MINUTE, 1, 1, 1, 3)
    plant(lag, 2, NOW - 3 * MINUTE, 1)
    postgres = lag.platform.postgres
    with transaction(postgres) as cursor:
        cursor.execute("delete from metric_sources where source = 'stream lag'")
        cursor.execute("delete from metric_totals where metric = 'lakehouse_stream_hop_seconds'")
        cursor.execute("delete from metric_buckets where metric = 'lakehouse_stream_hop_seconds'")
    for _ in range(2):
        [done] = gather(postgres, [StreamLag(postgres, lambda: NOW)])
        assert done.error is None
    plant(lag, 3, NOW - MINUTE, 1, 1, 1, 1)
    gather(postgres, [StreamLag(postgres, lambda: NOW)])
    with transaction(postgres) as cursor:
        totals = {
            labels["hop"]: total
            for metric, labels, total in stored_totals(cursor)
            if metric.name == "lakehouse_stream_hop_seconds"
        }
        readings = {
            (metric.name, labels.get("hop")): value
            for metric, labels, value in stored_readings(cursor)
            if metric.name.startswith("lakehouse_stream") and "quantile" not in labels
        }
        [position] = [state.position for state in source_states(cursor) if state.source == "stream lag"]
    assert position == {"number": 3}
    assert {hop: total.observations for hop, total in totals.items()} == dict.fromkeys(
        ("landing", "bronze", "hot", "chart", "total"), 2
    )
    assert totals["total"].total == 10
    assert totals["total"].buckets == {"5": 1, "7.5": 1}
    assert readings["lakehouse_stream_waiting_seconds", "bronze"] == 179
    assert readings["lakehouse_stream_waiting_seconds", "hot"] == 0
    assert readings["lakehouse_stream_tracers_waiting", "bronze"] == 1
    assert readings["lakehouse_stream_lag_seconds", None] == 180
    assert readings["lakehouse_stream_paused", None] == 0


@pytest.mark.parametrize(
    ("mark", "expected"), [("landing", (True, False, False)), ("hot", (True, True, True))]
)
def test_what_is_seen_at_a_hop_has_passed_those_before_it(
    lag: Lag, mark: str, expected: tuple[bool, ...]
) -> None:
    plant(lag, 1, NOW)
    values = {
        "batch_id": 5,
        "hop": mark,
        "at": NOW + timedelta(seconds=3),
        "tracer_ids": [1],
        "committed": [NOW.replace(tzinfo=None)],
    }
    with transaction(lag.platform.postgres) as cursor:
        cursor.execute(read_sql("postgres/stream/mark_tracers.sql"), values)
    found = lag.tracers()[1]
    assert (
        tuple(found[name] == NOW + timedelta(seconds=3) for name in ("landed_at", "bronze_at", "hot_at"))
        == expected
    )
