"""Deadlines bind the nights that run by the clock, and wake nobody for a replay."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lakehouse.deadlines import planned_end
from lakehouse.night_plan import stage

BRONZE = stage("load_bronze")


@pytest.mark.parametrize("run_type", ["scheduled", "asset_triggered"])
def test_a_run_of_tonights_night_is_due_at_its_planned_end(run_type: str) -> None:
    queued = datetime(2025, 10, 16, 2, 10, tzinfo=UTC)
    assert planned_end(BRONZE, run_type, "2025-10-16", queued) == datetime(2025, 10, 16, 2, 30, tzinfo=UTC)


def test_a_run_that_comes_too_late_is_overdue_at_once() -> None:
    queued = datetime(2025, 10, 16, 4, 0, tzinfo=UTC)
    due = planned_end(BRONZE, "asset_triggered", "2025-10-16", queued)
    assert due is not None
    assert due < queued


@pytest.mark.parametrize(
    ("run_type", "key", "queued"),
    [
        pytest.param("manual", "2025-10-16", datetime(2025, 10, 16, 2, 0, tzinfo=UTC), id="by hand"),
        pytest.param("backfill", "2025-10-16", datetime(2025, 10, 16, 2, 0, tzinfo=UTC), id="backfill"),
        pytest.param("asset_triggered", "2025-10-15", datetime(2025, 10, 16, 2, 0, tzinfo=UTC), id="replay"),
        pytest.param("asset_triggered", "2025-10-16", datetime(2025, 10, 16, 11, 0, tzinfo=UTC), id="noon"),
        pytest.param("asset_triggered", None, datetime(2025, 10, 16, 2, 0, tzinfo=UTC), id="no date"),
    ],
)
def test_no_other_run_has_a_deadline(run_type: str, key: str | None, queued: datetime) -> None:
    assert planned_end(BRONZE, run_type, key, queued) is None
