"""Syncs by day: as often as the class says, never all at once, never into the night."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from croniter import croniter

from lakehouse.airbyte.cadence import Cadence, by_the_clock, cron_of, in_the_night
from lakehouse.airbyte.connection_file import (
    ConnectionFile,
    ConnectionFileError,
    read_all_connection_files,
    read_connection_file,
)
from lakehouse.night.plan import NIGHT, night_window

DAY = datetime(2025, 10, 16, tzinfo=UTC)
CLASSES = [each for each in Cadence if each is not Cadence.STREAM]


pytestmark = pytest.mark.usefixtures("cafe")


def connections(cadence: Cadence, number: int) -> list[ConnectionFile]:
    model = read_connection_file("cafe_api_to_lake")
    return [replace(model, name=f"c{i:02}", cadence=cadence.value) for i in range(number)]


def starts(cron: str) -> list[datetime]:
    """Every start of one day."""
    clock = croniter(cron, DAY - timedelta(seconds=1))
    found = [clock.get_next(datetime) for _ in range(100)]
    return [moment for moment in found if moment < DAY + timedelta(days=1)]


@pytest.mark.parametrize(
    ("cadence", "pause"),
    [(Cadence.SMALL_TABLE, timedelta(minutes=15)), (Cadence.LARGE_TABLE, timedelta(hours=6))],
)
def test_outside_the_night_a_connection_starts_as_often_as_its_class_says(
    cadence: Cadence, pause: timedelta
) -> None:
    [declared] = connections(cadence, 1)
    moments = starts(cron_of(declared, [declared]))
    assert len(moments) >= 4
    assert {later - earlier for earlier, later in pairwise(moments)} == {pause}


def test_a_dimension_is_synced_once_a_day() -> None:
    [declared] = connections(Cadence.DIMENSION_TABLE, 1)
    assert len(starts(cron_of(declared, [declared]))) == 1


@pytest.mark.parametrize("cadence", CLASSES)
@pytest.mark.parametrize("number", [1, 2, 7, 15])
def test_no_two_connections_start_in_the_same_minute(cadence: Cadence, number: int) -> None:
    declared = connections(cadence, number)
    every = [moment for each in declared for moment in starts(cron_of(each, declared))]
    assert len(every) == len(set(every)) >= number


def test_forty_connections_are_spread_evenly_over_the_quarter() -> None:
    declared = connections(Cadence.SMALL_TABLE, 40)
    first_minutes = [starts(cron_of(each, declared))[0].minute for each in declared]
    assert {first_minutes.count(minute) for minute in range(15)} <= {2, 3}


@pytest.mark.parametrize("cadence", CLASSES)
def test_no_sync_starts_in_the_night_or_can_run_into_it(cadence: Cadence) -> None:
    for each in (declared := connections(cadence, 15)):
        for start in starts(cron_of(each, declared)):
            assert not in_the_night(start)
            opens, closes = night_window(start.date())
            next_night = opens + timedelta(days=1) if start > closes else opens
            assert start + each.timeout <= next_night


def test_a_timeout_that_reaches_into_the_night_is_refused_by_name() -> None:
    declared = read_connection_file("cafe_api_to_lake")
    long = replace(declared, tuning={**declared.tuning, "timeout_minutes": 120})
    with pytest.raises(ConnectionFileError, match=r"cafe_api_to_lake.yaml: .*lower timeout_minutes"):
        cron_of(long, [long])


def test_an_unknown_class_is_refused_by_name() -> None:
    declared = replace(read_connection_file("cafe_api_to_lake"), cadence="hourly")
    with pytest.raises(ConnectionFileError, match="'hourly' is not one of: small_table"):
        cron_of(declared, [declared])


def test_a_stream_moves_no_other_connection_s_minute_and_has_no_cron_line() -> None:
    every = read_all_connection_files()
    streamed = replace(read_connection_file("cafe_postgres_to_lake"), cadence="stream")
    with pytest.raises(ConnectionFileError, match=r"cafe_postgres_to_lake.yaml: .*has no clock"):
        cron_of(streamed, every)


def test_a_misspelt_class_is_not_taken_for_a_stream() -> None:
    declared = replace(read_connection_file("cafe_api_to_lake"), cadence="streams")
    with pytest.raises(ConnectionFileError, match="'streams' is not one of: small_table"):
        by_the_clock([declared])


@pytest.mark.parametrize(
    ("moment", "expected"), [("00:59", False), ("01:00", True), ("04:45", True), ("04:46", False)]
)
def test_the_night_is_the_plan_s(moment: str, expected: bool) -> None:
    assert NIGHT
    assert in_the_night(datetime.fromisoformat(f"2025-10-16T{moment}:00+00:00")) is expected
