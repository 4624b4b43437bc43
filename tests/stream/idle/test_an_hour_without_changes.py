"""An hour in which nobody changes a row: the clock is moved, the services are real."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.stream.assembly import stream_loop
from lakehouse.stream.hot import HotTables
from lakehouse.stream.ledger import StreamLedger
from lakehouse.stream.surroundings import Pace, Surroundings
from testing.lakehouse.stream_platform import StreamPlatform
from tests.stream.reckoning import reckon

HEARTBEAT_SECONDS = 600.0
PACE = Pace(heartbeat_seconds=HEARTBEAT_SECONDS, look_seconds=10.0)
NOISE_BYTES = 8 * 2**20


class MovedClock(Surroundings):
    """To sleep is to move the clock."""

    slept = 0.0

    def __init__(self, **given: object) -> None:
        super().__init__(**(given | {"now": lambda: datetime.now(UTC) + timedelta(seconds=self.slept)}))

    def sleep(self, seconds: float) -> None:
        """No wait."""
        self.slept += seconds


@pytest.fixture
def moved_clock() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lakehouse.stream.assembly.Surroundings", MovedClock)
        yield


def test_an_idle_hour_moves_the_slot_on_and_leaves_nothing_behind(
    platform: StreamPlatform, moved_clock: None
) -> None:
    stream_loop(pace=PACE).run("idle: before", timedelta(seconds=1))
    hot, ledger = HotTables(platform.dremio, platform.postgres), StreamLedger(platform.postgres)
    files, rows = hot.file_count("orders"), reckon(platform).unified_rows
    merged = ledger.last_merged()
    assert merged is not None
    with platform.shop() as shop:
        # Log of tables that are not streamed: a slot that stands still would keep it.
        shop.execute("select pg_logical_emit_message(false, 'noise', repeat('x', %s))", (NOISE_BYTES,))
    began = platform.rows("select clock_timestamp()")[0][0]

    ended = stream_loop(pace=PACE).run("idle: the hour", timedelta(hours=1))

    assert ended.why == "its time is over"
    assert 6 <= ended.batches <= 12, "a heartbeat every ten minutes, and tracers"
    landed = platform.rows(
        "select stream, sum(rows) from stream_landing_files join stream_batches using (batch_id)"
        f" where started_at >= '{began}' group by stream"
    )
    assert {stream for stream, _ in landed} <= {"stream_tracer"}
    assert hot.file_count("orders") == files
    assert reckon(platform).unified_rows == rows
    [(kept,)] = platform.shop_rows(
        "select (pg_current_wal_lsn() - confirmed_flush_lsn)::bigint from pg_replication_slots"
        " where slot_name = 'airbyte_stream_slot'"
    )
    assert kept < NOISE_BYTES, f"the slot holds {kept} bytes of log after an idle hour"
