"""After a night: a backfill of two days, started as the on-call engineer starts it, and a restart."""

from __future__ import annotations

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult
from testing.dbt_parents import dbt_parents
from testing.waiting import wait_until

pytestmark = pytest.mark.night

DATES = ("2025-10-17", "2025-10-18")
TIMEOUT_SECONDS = 900


def test_backfill_of_two_days_runs_down_to_warm_dashboards(
    platform: CheckoutPlatform, first_night: CommandResult
) -> None:
    advanced = platform.run("bin/shop", "advance", "--to", DATES[-1])
    assert advanced.exit_code == 0, advanced.output
    for dag_id in ("extract_postgres", "extract_apis"):
        started = platform.run(
            "bin/airflow", "backfill", "create", "--dag-id", dag_id,
            "--from-date", DATES[0], "--to-date", DATES[1],
        )  # fmt: skip
        assert started.exit_code == 0, started.output[-4000:]

    def is_decided() -> bool:
        states = {_state_of_receipt(platform, day) for day in DATES}
        return "failed" in states or states == {"success"}

    wait_until(is_decided, "both dates have a final receipt", TIMEOUT_SECONDS, look_every=1)
    assert {day: _state_of_receipt(platform, day) for day in DATES} == dict.fromkeys(DATES, "success")
    for day in DATES:
        assert platform.receipt(day)["stages"]["warm_dashboards"]["state"] == "success"


def test_down_and_up_lose_nothing(platform: CheckoutPlatform, first_night: CommandResult) -> None:
    before = platform.gold_checksums()
    for command in ("down", "up"):
        done = platform.run("make", "--no-print-directory", command)
        assert done.exit_code == 0, done.output[-4000:]
        assert dbt_parents(platform.home) == [], "what the last night's dbt was forked from has ended too"
    assert platform.gold_checksums() == before


def _state_of_receipt(platform: CheckoutPlatform, day: str) -> str:
    try:
        return platform.receipt(day)["state"]
    except FileNotFoundError:
        return "absent"
