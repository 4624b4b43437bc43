"""The night's clock: dates of a backfill, and no night started at noon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest
from airflow.timetables.base import DagRunInfo, TimeRestriction

from lakehouse.night import timetable as night_timetable
from lakehouse.night.timetable import NightTimetable

FREE = TimeRestriction(earliest=None, latest=None, catchup=False)


@pytest.fixture
def timetable() -> NightTimetable:
    return NightTimetable("0 1 * * *", timezone="UTC", key_format="%Y-%m-%d")


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Let the clock stand still, for Airflow's part and for ours."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return moment

    monkeypatch.setattr(night_timetable, "datetime", Clock)
    monkeypatch.setattr("airflow.timetables.trigger.utcnow", lambda: pendulum.instance(moment))


def backfilled(night: str) -> DagRunInfo:
    start = pendulum.parse(f"{night}T01:00:00Z")
    return DagRunInfo(run_after=start, data_interval=None, partition_date=start, partition_key=night)


def test_a_backfill_covers_both_of_its_dates(timetable: NightTimetable) -> None:
    """`--from-date 2025-10-16 --to-date 2025-10-17` gave one run: midnight came before that night's start."""
    nights = timetable.iter_partition_dagrun_infos(
        earliest=datetime(2025, 10, 16, tzinfo=UTC), latest=datetime(2025, 10, 17, tzinfo=UTC)
    )
    assert [info.partition_key for info in nights] == ["2025-10-16", "2025-10-17"]


def test_the_partition_date_is_the_dates_midnight_whatever_the_start() -> None:
    for cron in ("0 1 * * *", "30 1 * * *"):
        later = NightTimetable(cron, timezone="UTC", key_format="%Y-%m-%d")
        day = datetime(2025, 10, 16, tzinfo=UTC)
        infos = list(later.iter_partition_dagrun_infos(earliest=day, latest=day))
        assert [info.partition_date for info in infos] == [day]


def test_a_backfill_at_noon_does_not_start_todays_night(
    timetable: NightTimetable, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, datetime(2026, 11, 20, 12, tzinfo=UTC))
    info = timetable.next_dagrun_info_v2(last_dagrun_info=backfilled("2025-10-18"), restriction=FREE)
    assert info is not None
    assert info.partition_key == "2026-11-21"
    assert info.run_after == datetime(2026, 11, 21, 1, tzinfo=UTC)


def test_a_night_missed_by_an_hour_is_made_up_for(
    timetable: NightTimetable, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, datetime(2026, 11, 20, 2, tzinfo=UTC))
    info = timetable.next_dagrun_info_v2(last_dagrun_info=backfilled("2026-11-19"), restriction=FREE)
    assert info is not None
    assert info.partition_key == "2026-11-20"


def test_after_a_night_comes_the_next(timetable: NightTimetable, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, datetime(2026, 11, 20, 1, 0, 5, tzinfo=UTC))
    info = timetable.next_dagrun_info_v2(last_dagrun_info=backfilled("2026-11-20"), restriction=FREE)
    assert info is not None
    assert info.partition_key == "2026-11-21"


def test_a_dag_unpaused_for_the_first_time_waits_for_its_hour(
    timetable: NightTimetable, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, datetime(2026, 11, 20, 12, tzinfo=UTC))
    info = timetable.next_dagrun_info_v2(last_dagrun_info=None, restriction=FREE)
    assert info is not None
    assert info.partition_key == "2026-11-21"


def test_it_survives_serialization(timetable: NightTimetable) -> None:
    again = NightTimetable.deserialize(timetable.serialize())
    assert isinstance(again, NightTimetable)
    assert again.serialize() == timetable.serialize()
