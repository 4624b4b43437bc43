"""A source whose clock is wrong: the lag is right all the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from lakehouse.platform.connections import DirectPostgres
from lakehouse.stream.follower import LagFollower
from lakehouse.stream.lag import read_lag
from testing.lakehouse.stream_platform import StreamPlatform
from tests.stream.lag.conftest import Lag, pace


def test_times_are_right_although_the_sources_clock_is_wrong(
    lag: Lag, platform: StreamPlatform, source: DirectPostgres
) -> None:
    """The source's clock is ninety seconds ahead: uncorrected, the tracer would land before its commit."""
    skewed = "clock_timestamp() + interval '90 s'"
    real = "(clock_timestamp() at time zone 'UTC')"
    with platform.shop() as shop:
        shop.execute("create schema if not exists skewed")
        shop.execute(
            "create or replace function skewed.clock_timestamp() returns timestamptz language sql volatile"
            " as $$ select pg_catalog.clock_timestamp() + interval '90 s' $$"
        )
        shop.execute(
            f"alter table stream_tracer alter committed_at set default (({skewed}) at time zone 'UTC')"
        )
    try:
        follower = LagFollower(Skewed(source), platform.postgres, lag.chart, ["orders"], lag.marks, pace())
        before = datetime.now(UTC)
        follower.turn(0)
        after = datetime.now(UTC)
        [found] = lag.tracers().values()
        assert found["clock_offset_seconds"] == pytest.approx(90, abs=1)
        assert found["source_committed_at"].replace(tzinfo=UTC) > after + timedelta(seconds=80)
        slack = timedelta(seconds=1)
        assert before - slack <= found["committed_at"] <= after + slack
        known = read_lag(platform.postgres)
        assert known.seconds is not None
        assert 0 <= known.seconds < 60
        assert known.clock_error is not None
        assert 0 < known.clock_error < 1
    finally:
        with platform.shop() as shop:
            shop.execute(f"alter table stream_tracer alter committed_at set default {real}")
            shop.execute("drop schema skewed cascade")


class Skewed:
    """Connections to the source on which its clock is another."""

    def __init__(self, source: DirectPostgres) -> None:
        self._source = source

    def get_conn(self) -> psycopg.Connection[tuple[object, ...]]:
        opened: psycopg.Connection[tuple[object, ...]] = self._source.get_conn()
        opened.execute("set search_path = skewed, pg_catalog, public")
        opened.commit()
        return opened
