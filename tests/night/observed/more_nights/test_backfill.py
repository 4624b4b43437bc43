"""A backfill of two days, started as the on-call engineer starts it; the process that dbt is forked from is
killed in the middle of it.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult
from testing.dbt_parents import gone, kill_a_busy_parent
from testing.shop_figures import DAILY_REVENUE_OF_THE_SHOP
from testing.waiting import wait_until

pytestmark = pytest.mark.night

DATES = ("2025-10-17", "2025-10-18")
TIMEOUT_SECONDS = 900
NAMED = "(exit code 75)"
"""What a task's log says when the process that its dbt was forked from is gone."""


@pytest.fixture(scope="module")
def killed(platform: CheckoutPlatform, first_night: CommandResult) -> list[psutil.Process]:
    """The dbt runs that were under way when their parent was killed; both dates have ended."""
    advanced = platform.run("bin/shop", "advance", "--to", DATES[-1])
    assert advanced.exit_code == 0, advanced.output
    with ThreadPoolExecutor(1) as beside:
        killing = beside.submit(kill_a_busy_parent, platform.home, TIMEOUT_SECONDS)
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
        return killing.result()


def test_both_days_run_down_to_warm_dashboards(
    platform: CheckoutPlatform, killed: list[psutil.Process]
) -> None:
    assert {day: _state_of_receipt(platform, day) for day in DATES} == dict.fromkeys(DATES, "success")
    for day in DATES:
        assert platform.receipt(day)["stages"]["warm_dashboards"]["state"] == "success"
    rows = platform.over_rest("select order_date, orders_count, daily_revenue from gold.daily_revenue")
    gold = {row["order_date"][:10]: (int(row["orders_count"]), row["daily_revenue"]) for row in rows}
    shop = platform.shop(DAILY_REVENUE_OF_THE_SHOP)
    assert gold == {day.isoformat(): (count, revenue) for day, count, revenue in shop}


def test_a_killed_dbt_parent_costs_a_retry_and_nothing_else(
    platform: CheckoutPlatform, killed: list[psutil.Process]
) -> None:
    assert killed, "it was killed while dbt ran"
    assert all(gone(run) for run in killed)
    tasks = [
        task for day in DATES for stage in platform.receipt(day)["stages"].values() for task in stage["tasks"]
    ]
    again = [task for task in tasks if task["attempts"] > 1]
    assert 1 <= len(again) <= len(killed), f"killed: {killed}"
    logs = platform.home / ".local" / "state" / "airflow" / "logs"
    named = [log for log in logs.rglob("attempt=1.log") if NAMED in log.read_text()]
    assert len(named) == len(again), "each says in its log what happened"


def _state_of_receipt(platform: CheckoutPlatform, day: str) -> str:
    try:
        state: str = platform.receipt(day)["state"]
    except FileNotFoundError:
        return "absent"
    return state
