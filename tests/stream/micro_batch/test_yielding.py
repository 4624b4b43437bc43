"""The stream waits for the night when a stage of tonight runs after its planned end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from lakehouse.stream.yielding import TonightLate
from testing.lakehouse.stream_platform import StreamPlatform

NIGHT = date(2027, 3, 28)
"""The clocks of Europe change in it; the plan is in UTC, so nothing else does."""


def at(hour: int, minute: int) -> datetime:
    return datetime(2027, 3, 28, hour, minute, tzinfo=UTC)


def receipt(platform: StreamPlatform, stage: str, run_id: str, state: str, started: datetime) -> None:
    connection = platform.postgres.get_conn()
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "insert into night_receipts (business_date, stage, run_id, task_id, map_index, state, attempts,"
            " started_at, emits_asset) values (%s, %s, %s, 'task', -1, %s, 1, %s, false)",
            (NIGHT, stage, run_id, state, started),
        )
    connection.close()


@pytest.fixture(autouse=True)
def no_receipts(platform: StreamPlatform) -> Iterator[None]:
    yield
    connection = platform.postgres.get_conn()
    with connection, connection.cursor() as cursor:
        cursor.execute("delete from night_receipts where business_date = %s", (NIGHT,))
    connection.close()


def test_a_late_stage_of_a_night_by_the_clock_holds_the_stream_up(platform: StreamPlatform) -> None:
    receipt(platform, "extract_postgres", "scheduled__2027-03-28", "success", at(1, 0))
    receipt(platform, "load_bronze", "asset_triggered__x", "running", at(2, 20))
    late = TonightLate(platform.postgres)

    assert late(at(2, 29)) is None
    assert late(at(2, 31)) == "stage load_bronze of tonight runs after its planned end, 02:30 UTC"


def test_a_stage_that_has_failed_or_ended_holds_nothing_up(platform: StreamPlatform) -> None:
    receipt(platform, "extract_postgres", "scheduled__2027-03-28", "success", at(1, 0))
    receipt(platform, "load_bronze", "asset_triggered__x", "failed", at(2, 20))

    assert TonightLate(platform.postgres)(at(3, 30)) is None


def test_a_replay_of_the_date_by_day_or_a_night_by_hand_holds_nothing_up(platform: StreamPlatform) -> None:
    receipt(platform, "extract_postgres", "manual__2027-03-28", "running", at(3, 0))

    assert TonightLate(platform.postgres)(at(4, 0)) is None


def test_a_night_that_never_ends_does_not_hold_the_stream_up_for_ever(platform: StreamPlatform) -> None:
    receipt(platform, "extract_postgres", "scheduled__2027-03-28", "running", at(1, 0))
    late = TonightLate(platform.postgres)

    assert late(at(6, 44)) is not None
    assert late(at(6, 46)) is None
