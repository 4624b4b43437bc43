"""No tracer yet, no stream that ever ran, and doubles for what a test of the lag does not need whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from lakehouse.platform.connections import DirectPostgres, connection
from lakehouse.platform.database import transaction
from lakehouse.platform.errors import LakehouseError
from lakehouse.stream.follower import LagFollower, Pace
from lakehouse.stream.hops import Hop
from lakehouse.stream.newest_tracers import Listing
from lakehouse.stream.tracer import TracerMarks
from testing.lakehouse.stream_platform import StreamPlatform


@dataclass
class Chart:
    """Shows what a test tells it to show, or fails as Superset does."""

    shows: set[int] = field(default_factory=set)
    problem: LakehouseError | None = None
    asked: int = 0
    full: bool = False

    def read(self) -> Listing:
        self.asked += 1
        if self.problem is not None:
            raise self.problem
        return Listing(frozenset(self.shows), self.full)

    def close(self) -> None:
        pass


@dataclass
class HotTable:
    """Answers the query of a hot table: tracers by number, and whether they are deleted there."""

    rows: dict[int, bool] = field(default_factory=dict)
    platform: StreamPlatform | None = None

    def query(self, sql: str, timeout: float = 300.0) -> list[dict[str, Any]]:
        assert self.platform is not None
        asked = {int(number) for number in sql.split("(")[1].split(")")[0].split(",")}
        committed = dict(
            self.platform.rows("select tracer_id, source_committed_at::text from stream_tracers")
        )
        return [
            {"tracer_id": number, "committed_at": committed[number], "is_deleted": deleted}
            for number, deleted in self.rows.items()
            if number in asked
        ]


@dataclass
class Batch:
    id: int


@dataclass
class Lag:
    """A follower that a test turns by hand, at the moments that it chooses."""

    platform: StreamPlatform
    chart: Chart
    hot: HotTable
    follower: LagFollower
    marks: TracerMarks

    def tracers(self) -> dict[int, dict[str, Any]]:
        """What is known of each tracer."""
        with transaction(self.platform.postgres) as cursor:
            cursor.execute("select * from stream_tracers order by tracer_id")
            names = [column[0] for column in cursor.description]
            return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}

    def at_source(self) -> list[int]:
        """The tracers that the source still has."""
        found = self.platform.shop_rows("select tracer_id from stream_tracer order by tracer_id")
        return [number for (number,) in found]

    def merged(self, *numbers: int, batch: int = 1) -> None:
        """These tracers come to the hot table; the follower hears of it at its next turn."""
        self.hot.rows.update(dict.fromkeys(numbers, False))
        self.follower.queue.mark(Batch(batch), Hop.HOT, datetime.now(UTC))

    def marked_hot(self, *numbers: int) -> None:
        """These tracers are in the hot table, and marked so at once."""
        self.hot.rows.update(dict.fromkeys(numbers, False))
        self.marks.mark(Batch(1), Hop.HOT)

    def change_the_shop(self) -> None:
        """One order changes, and PostgreSQL's counters say so at once."""
        with self.platform.shop() as shop:
            shop.execute("update orders set quantity = quantity where order_id = 1")
            shop.execute("select pg_stat_force_next_flush()")


def pace(**changes: float) -> Pace:
    return Pace(**{"busy": 5, "idle": 60, "look": 1, "chart": 0.5, "away": 5, "busy_for": 15, **changes})  # type: ignore[arg-type]


@pytest.fixture
def source() -> DirectPostgres:
    """The shop's database, as the stream's own user finds it."""
    return DirectPostgres(connection("shop_postgres"), "test of the lag")


@pytest.fixture
def lag(platform: StreamPlatform, source: DirectPostgres) -> Iterator[Lag]:
    """Nothing measured yet."""
    with transaction(platform.postgres) as cursor:
        cursor.execute("truncate stream_tracers, stream_tracing, stream_lag_minutes")
    with platform.shop() as shop:
        shop.execute("delete from stream_tracer")
    chart, hot = Chart(), HotTable(platform=platform)
    marks = TracerMarks(platform.postgres, platform.storage, hot)
    follower = LagFollower(source, platform.postgres, chart, ["orders", "customers"], marks, pace())
    made = Lag(platform, chart, hot, follower, marks)
    yield made
    follower.stop()
    with platform.shop() as shop:
        shop.execute("delete from stream_tracer")
    with transaction(platform.postgres) as cursor:
        cursor.execute("truncate stream_tracers, stream_tracing, stream_lag_minutes")
