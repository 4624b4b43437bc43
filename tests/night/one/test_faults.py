"""A broken mart, a source that is down, a wrong date: each stops the night clearly, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult

if TYPE_CHECKING:
    from tests.night.one.conftest import FailedNight

pytestmark = pytest.mark.night


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("2999-01-01", "future"), ("16/10/2025", "YYYY-MM-DD"), ("2025-02-30", "2025-02-30")],
)
def test_a_wrong_date_is_refused_before_anything_starts(
    platform: CheckoutPlatform, wrong: str, said: str
) -> None:
    refused = platform.run("make", "--no-print-directory", "night", f"DATE={wrong}", timeout=240)
    assert refused.exit_code != 0
    assert said in refused.output
    assert "Traceback" not in refused.output


def test_a_source_that_is_down_fails_its_stage_and_is_named(night_without_its_source: FailedNight) -> None:
    failed = night_without_its_source
    assert failed.result.exit_code != 0
    note = failed.result.output
    assert note.startswith("#### The night of 2025-10-18 failed at ")
    for task in ("sync_shop_postgres", "sync_shop_postgres_cdc"):
        assert f"**extract_postgres.{task}**: " in note
    told = [task["error"] or "" for task in failed.receipt["stages"]["extract_postgres"]["tasks"]]
    assert sum('database "shop"' in error for error in told) == 2, "the errors name the source"
    assert "To do: `bin/stage clear extract_postgres 2025-10-18`" in note
    assert failed.receipt["stages"]["extract_postgres"]["state"] == "failed"
    assert failed.receipt["stages"]["load_bronze"]["state"] == "not_started"
    assert failed.gold_after == failed.gold_before


def test_a_broken_mart_never_reaches_gold(night_with_a_broken_mart: FailedNight) -> None:
    broken = night_with_a_broken_mart
    assert broken.result.exit_code != 0
    assert "test_data_quality" in broken.result.output
    assert "assert_positive_amounts" in broken.result.output
    assert broken.gold_after == broken.gold_before, "gold is yesterday's, untouched"
    stages = broken.receipt["stages"]
    assert broken.receipt["state"] == "failed"
    assert stages["transform_marts"]["state"] == "success"
    assert stages["test_data_quality"]["state"] == "failed"
    assert stages.get("refresh_reflections", {}).get("state") in (None, "not_started")


def test_what_failed_nights_held_back_is_in_gold_after_the_rerun(
    platform: CheckoutPlatform, second_night: CommandResult
) -> None:
    assert second_night.exit_code == 0
    gold = platform.over_flight("select count(*) as orders from gold.orders").to_pylist()[0]["orders"]
    assert gold == platform.shop("select count(*) from orders where deleted_at is null")[0][0]
