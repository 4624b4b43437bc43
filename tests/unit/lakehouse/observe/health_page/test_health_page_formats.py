"""How the page writes figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lakehouse.observe.health_page import formats

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min"), (250, "4 min 10 s"), (3599.7, "1 h"),
     (11_100, "3 h 5 min"), (187_200, "2 d 4 h"), (-90, "-1 min 30 s"), (None, "\N{EN DASH}"),
     (timedelta(minutes=2), "2 min")],
)  # fmt: skip
def test_durations(seconds: float | timedelta | None, text: str) -> None:
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1024**2 - 1, "1.0 MiB"), (5 * 1024**3, "5.0 GiB"),
     (200 * 1024**2, "200 MiB"), (-2048, "-2.0 KiB"), (9e20, "799361 PiB")],
)  # fmt: skip
def test_sizes(count: float, text: str) -> None:
    assert formats.size(count) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.994, "99.4 %"), (0.9999, "> 99.9 %"), (0.0001, "< 0.1 %"), (0.5, "50 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(share: float, text: str) -> None:
    assert formats.percent(share) == text


@pytest.mark.parametrize(
    ("before", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(minutes=119), "119 min ago"),
        (timedelta(hours=30), "30 h ago"),
        (timedelta(days=9), "9 d ago"),
        (timedelta(minutes=-7), "in 7 min"),
    ],
)
def test_ages(before: timedelta, text: str) -> None:
    assert formats.ago(NOW - before, NOW) == text


def test_a_time_names_its_day_unless_that_is_the_night_s() -> None:
    elsewhere = datetime.fromisoformat("2026-11-29T05:21:00+02:00")
    assert formats.clock(elsewhere, date(2026, 11, 29)) == "03:21"
    assert formats.clock(elsewhere, date(2026, 11, 28)) == "2026-11-29 03:21"


def test_whatever_a_section_holds_becomes_json() -> None:
    @dataclass
    class Part:
        day: date
        at: datetime
        age: timedelta
        rest: Any

    part = Part(date(2026, 11, 29), NOW, timedelta(minutes=1), [Decimal("1.5"), {1: (True, None)}])
    assert formats.plain(part) == {
        "day": "2026-11-29", "at": NOW.isoformat(), "age": 60.0, "rest": [1.5, {"1": [True, None]}],
    }  # fmt: skip
