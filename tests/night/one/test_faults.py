"""A broken mart, a source that is down, a wrong date: each stops the night clearly, and nothing is lost."""

from __future__ import annotations

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult

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


def test_a_broken_mart_never_reaches_gold(platform: CheckoutPlatform, second_night: CommandResult) -> None:
    model = platform.home / "include/dbt/models/marts/fct_orders.sql"
    sound = model.read_text()
    before = platform.gold_checksums()
    model.write_text(_with_negative_amounts(sound))
    try:
        broken = platform.night("2025-10-20")
        assert broken.exit_code != 0
        assert "test_data_quality" in broken.output
        assert "assert_positive_amounts" in broken.output
        assert platform.gold_checksums() == before, "gold is yesterday's, untouched"
        stages = platform.receipt("2025-10-20")["stages"]
        assert platform.receipt("2025-10-20")["state"] == "failed"
        assert stages["transform_marts"]["state"] == "success"
        assert stages["test_data_quality"]["state"] == "failed"
        assert stages.get("refresh_reflections", {}).get("state") in (None, "not_started")
    finally:
        model.write_text(sound)


def test_a_source_that_is_down_fails_its_stage_and_the_rerun_succeeds(
    platform: CheckoutPlatform, second_night: CommandResult
) -> None:
    advanced = platform.run("bin/shop", "advance", "--to", "2025-10-21")
    assert advanced.exit_code == 0, advanced.output
    with platform.shop_connection() as owner:
        owner.execute("alter database shop with connection limit 0")
        try:
            failed = platform.night_on_what_is_up("2025-10-21")
        finally:
            owner.execute("alter database shop with connection limit -1")
    assert failed.exit_code != 0
    assert "extract_postgres" in failed.output
    assert 'database "shop"' in failed.output, "the error names the source"
    again = platform.night("2025-10-21")
    assert again.exit_code == 0, again.output[-6000:]
    gold = platform.over_flight("select count(*) as orders from gold.orders").to_pylist()[0]["orders"]
    assert gold == platform.shop("select count(*) from orders where deleted_at is null")[0][0], (
        "what failed nights held back is in gold too"
    )


def _with_negative_amounts(model: str) -> str:
    """The mart with one wrong line: its final select negates every amount."""
    lines = model.splitlines()
    at = max(number for number, line in enumerate(lines) if line.strip().rstrip(",").endswith("amount"))
    lines[at] = lines[at].replace(
        lines[at].strip().rstrip(","), "cast(-1 * amount as decimal(12, 2)) as amount"
    )
    return "\n".join(lines) + "\n"
