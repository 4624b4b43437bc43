"""A two-day backfill, started as the on-call engineer starts it, runs down to warm dashboards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import CommandResult, Platform

pytestmark = pytest.mark.night

DATES = ("2025-10-18", "2025-10-19")
TIMEOUT_SECONDS = 900


def test_backfill_of_two_days_runs_down_to_warm_dashboards(
    platform: Platform, second_night: CommandResult
) -> None:
    advanced = platform.run("bin/shop", "advance", "--to", DATES[-1])
    assert advanced.exit_code == 0, advanced.output
    for dag_id in ("extract_postgres", "extract_apis"):
        started = platform.run(
            "bin/airflow", "backfill", "create", "--dag-id", dag_id,
            "--from-date", DATES[0], "--to-date", DATES[1],
        )  # fmt: skip
        assert started.exit_code == 0, started.output[-4000:]
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        states = {day: _state_of_receipt(platform, day) for day in DATES}
        assert "failed" not in states.values(), states
        if set(states.values()) == {"success"}:
            break
        time.sleep(5)
    assert states == dict.fromkeys(DATES, "success")
    for day in DATES:
        assert platform.receipt(day)["stages"]["warm_dashboards"]["state"] == "success"


def _state_of_receipt(platform: Platform, day: str) -> str:
    try:
        return platform.receipt(day)["state"]
    except FileNotFoundError:
        return "absent"
