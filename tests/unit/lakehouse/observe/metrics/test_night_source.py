"""Which night runs by the clock, and how late its stages are."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lakehouse.night.plan import NIGHT, stage
from lakehouse.observe.metrics.sources.night import is_night_expected, seconds_late

TONIGHT = date(2025, 10, 16)
YESTERDAY = date(2025, 10, 15)
AT_ONE = datetime(2025, 10, 16, 1, tzinfo=UTC)
AT_NOON = datetime(2025, 10, 16, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ({}, False),
        ({(TONIGHT, "extract_postgres"): (AT_ONE, False)}, True),
        ({(TONIGHT, "extract_postgres"): (AT_NOON, False)}, False),
        ({(YESTERDAY, "extract_postgres"): (AT_ONE - timedelta(days=1), True)}, True),
        ({(YESTERDAY, "extract_postgres"): (AT_NOON - timedelta(days=1), True)}, False),
        (
            {
                (YESTERDAY, "extract_postgres"): (AT_ONE - timedelta(days=1), True),
                (TONIGHT, "extract_postgres"): (AT_NOON, False),
            },
            False,
        ),
        (
            {
                (TONIGHT, "extract_postgres"): (AT_NOON, True),
                (TONIGHT, "extract_apis"): (AT_ONE + timedelta(minutes=30), False),
            },
            True,
        ),
    ],
    ids=[
        "a platform's first day",
        "began at one",
        "began by hand at noon",
        "never began, after a night that did",
        "never began, after a night by hand",
        "by hand at noon, after a night by the clock",
        "one extract by the clock",
    ],
)
def test_a_night_is_expected_when_it_runs_by_the_clock(
    starts: dict[tuple[date, str], tuple[datetime | None, bool]], expected: bool
) -> None:
    assert is_night_expected(TONIGHT, starts) is expected


@pytest.mark.parametrize(
    ("now", "run", "late"),
    [
        (datetime(2025, 10, 16, 2, 30, tzinfo=UTC), None, 0.0),
        (datetime(2025, 10, 16, 2, 31, tzinfo=UTC), None, 60.0),
        (datetime(2025, 10, 16, 2, 31, tzinfo=UTC), (AT_ONE, False), 60.0),
        (datetime(2025, 10, 16, 9, 0, tzinfo=UTC), (AT_ONE, True), 0.0),
    ],
    ids=["at its planned end", "not started", "started and not done", "done"],
)
def test_a_stage_is_late_from_its_planned_end_until_it_has_succeeded(
    now: datetime, run: tuple[datetime | None, bool] | None, late: float
) -> None:
    assert stage("load_bronze").ends_at(TONIGHT) == datetime(2025, 10, 16, 2, 30, tzinfo=UTC)
    assert seconds_late(stage("load_bronze"), TONIGHT, now, run) == late


def test_every_stage_that_writes_a_layer_is_a_stage_of_the_plan() -> None:
    from lakehouse.night_run.summary import LAYERS as SHOWN
    from lakehouse.observe.metrics.sources.night import LAYERS

    assert set(LAYERS) < {each.name for each in NIGHT}
    assert {name: layer for layer, names in SHOWN.items() for name in names} == LAYERS
