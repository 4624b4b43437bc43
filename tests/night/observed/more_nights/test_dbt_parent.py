"""The process that dbt is forked from is killed in the middle of a night: the night is green all the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from testing.checkout_platform import NIGHT_TIMEOUT_SECONDS, CheckoutPlatform, CommandResult
from testing.dbt_parents import gone, kill_a_busy_parent

pytestmark = pytest.mark.night

NIGHT = "2025-10-16"
NAMED = "(exit code 75)"


def test_a_killed_dbt_parent_costs_a_retry_and_nothing_else(
    platform: CheckoutPlatform, first_night: CommandResult
) -> None:
    before = platform.gold_checksums()
    with ThreadPoolExecutor(1) as beside:
        killing = beside.submit(kill_a_busy_parent, platform.home, NIGHT_TIMEOUT_SECONDS)
        night = platform.night_on_what_is_up(NIGHT)
    runs = killing.result()
    assert runs, "it was killed while dbt ran"
    assert night.exit_code == 0, night.output[-6000:]
    assert all(gone(run) for run in runs)
    assert platform.gold_checksums() == before

    receipt = platform.receipt(NIGHT)
    assert receipt["state"] == "success"
    tasks = [task for stage in receipt["stages"].values() for task in stage["tasks"]]
    again = [task for task in tasks if task["attempts"] > 1]
    assert 1 <= len(again) <= len(runs), f"killed: {runs}"
    logs = platform.home / ".local" / "state" / "airflow" / "logs"
    named = [log for log in logs.rglob("attempt=1.log") if NAMED in log.read_text()]
    assert len(named) == len(again), "each says in its log what happened"
