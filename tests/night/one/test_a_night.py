"""Two nights and a replay: what the README promises, seen as its reader sees it."""

from __future__ import annotations

from typing import Any

import pytest

from testing.checkout_platform import CheckoutPlatform, CommandResult
from testing.night_in_the_ui import NightInTheUi
from testing.shop_figures import CUSTOMER_METRICS_OF_THE_SHOP, DAILY_REVENUE_OF_THE_SHOP

pytestmark = pytest.mark.night

STAGES = (
    "extract_postgres",
    "extract_apis",
    "load_bronze",
    "transform_staging",
    "transform_intermediate",
    "transform_marts",
    "test_data_quality",
    "refresh_reflections",
    "warm_dashboards",
)


def test_first_night_runs_all_nine_stages_and_leaves_a_receipt(
    platform: CheckoutPlatform, first_night: CommandResult
) -> None:
    receipt = platform.receipt("2025-10-16")
    assert receipt["state"] == "success"
    assert tuple(receipt["stages"]) == STAGES
    for name, stage in receipt["stages"].items():
        assert stage["state"] == "success", name
        assert stage["started_at"] < stage["ended_at"], name
        assert stage["attempts"] >= 1, name
    extracted = receipt["stages"]["extract_postgres"]
    assert len(extracted["external_jobs"]) == 2, "the job ids of both syncs are in the receipt"
    assert extracted["rows_out"] == sum(
        task["report"]["rows_out"] for task in extracted["tasks"] if task["task"].startswith("sync_")
    )
    bronze = receipt["stages"]["load_bronze"]
    assert bronze["rows_in"] > 20_000
    for name in STAGES:
        assert name in first_night.output
    for service in ("AIRFLOW", "SUPERSET"):
        promised = f"http://127.0.0.1:{platform.ports[service]}"
        assert promised in first_night.output, "the summary says where Airflow and Superset are"


def test_second_date_reuses_the_platform(platform: CheckoutPlatform, second_night: CommandResult) -> None:
    receipt = platform.receipt("2025-10-18")
    assert receipt["state"] == "success"
    changed = receipt["stages"]["load_bronze"]["rows_in"]
    everything = platform.receipt("2025-10-16")["stages"]["load_bronze"]["rows_in"]
    assert 0 < changed < everything / 5, "the second date extracts the day's changes, not the shop again"


def test_daily_revenue_over_flight_equals_the_shop(
    platform: CheckoutPlatform, second_night: CommandResult
) -> None:
    table = platform.over_flight(
        "select order_date, orders_count, daily_revenue from gold.daily_revenue order by order_date"
    )
    gold = [_plain(row.values()) for row in table.to_pylist()]
    _same_rows(gold, [_plain(row) for row in platform.shop(DAILY_REVENUE_OF_THE_SHOP)])


def test_daily_revenue_over_rest_equals_the_shop(
    platform: CheckoutPlatform, second_night: CommandResult
) -> None:
    rows = platform.over_rest("select order_date, orders_count, daily_revenue from gold.daily_revenue")
    gold = sorted((row["order_date"][:10], int(row["orders_count"]), row["daily_revenue"]) for row in rows)
    shop = [
        (day.isoformat(), count, revenue) for day, count, revenue in platform.shop(DAILY_REVENUE_OF_THE_SHOP)
    ]
    _same_rows(gold, shop)


def test_customer_metrics_over_flight_equal_the_shop(
    platform: CheckoutPlatform, second_night: CommandResult
) -> None:
    table = platform.over_flight(
        "select customer_id, total_orders, lifetime_value, first_order_date, last_order_date"
        " from gold.customer_metrics order by customer_id"
    )
    gold = [_plain(row.values()) for row in table.to_pylist()]
    _same_rows(gold, [_plain(row) for row in platform.shop(CUSTOMER_METRICS_OF_THE_SHOP)])


def test_customer_metrics_over_rest_equal_the_shop(
    platform: CheckoutPlatform, second_night: CommandResult
) -> None:
    rows = platform.over_rest("select customer_id, total_orders, lifetime_value from gold.customer_metrics")
    gold = sorted((int(r["customer_id"]), int(r["total_orders"]), r["lifetime_value"]) for r in rows)
    _same_rows(gold, [row[:3] for row in platform.shop(CUSTOMER_METRICS_OF_THE_SHOP)])


def test_marketing_spend_in_staging_is_what_was_dropped_as_files(
    platform: CheckoutPlatform, second_night: CommandResult
) -> None:
    table = platform.over_flight(
        "select spend_date, channel, amount from staging.stg_marketing_spend order by spend_date, channel"
    )
    _same_rows([_plain(row.values()) for row in table.to_pylist()], platform.dropped_marketing_spend())


@pytest.mark.parametrize(
    "table",
    [
        'bronze.stock_levels where "_ab_cdc_deleted_at" is null',
        "staging.stg_stock_levels where status = 'stocked'",
    ],
)
def test_stock_read_from_the_log_equals_the_shop(
    platform: CheckoutPlatform, second_night: CommandResult, table: str
) -> None:
    """The shop has no timestamps for its stock, and deletes some rows for good every day."""
    columns = "product_id, warehouse, units_on_hand, reorder_point"
    lake = [tuple(row.values()) for row in platform.over_flight(f"select {columns} from {table}").to_pylist()]
    _same_rows(sorted(lake), sorted(platform.shop(f"select {columns} from stock_levels")))
    [gone] = platform.over_flight(
        "select count(*) as deleted from staging.stg_stock_levels where status = 'deleted'"
    ).to_pylist()
    assert gone["deleted"] > 0


def test_a_replay_leaves_gold_as_it_was(platform: CheckoutPlatform, second_night: CommandResult) -> None:
    """Started from the web UI: the run's note says what became of it."""
    before = platform.gold_checksums()
    with NightInTheUi(platform) as web_ui:
        replay = web_ui.run(date="2025-10-16", full_refresh=True)
    assert replay.state == "success", replay.note
    assert set(replay.tasks.values()) == {"success"}
    assert replay.note.startswith("#### The night of 2025-10-16 is served\n")
    assert "| gold.orders | 0 |" in replay.note
    assert "[Pipeline health of 2025-10-16](/lakehouse/health?date=2025-10-16)" in replay.note
    assert platform.gold_checksums() == before
    stages = platform.receipt("2025-10-16")["stages"]
    rebuilt = stages["transform_staging"]["rows_out"]
    assert rebuilt > 20_000, "full_refresh has travelled from the extracts to the layers"
    assert stages["load_bronze"]["rows_in"] > 20_000, "nothing was synced again"


def test_a_stage_without_inputs_for_the_date_is_refused_with_the_one_to_choose(
    platform: CheckoutPlatform, second_night: CommandResult
) -> None:
    with NightInTheUi(platform) as web_ui:
        refused = web_ui.run(date="2025-10-15", from_stage="transform_marts")
    assert refused.state == "failed"
    assert refused.tasks["choose_the_night"] == "failed", "and not tried again"
    assert refused.tasks["start_or_join_the_night"] == "upstream_failed"


def _plain(row: Any) -> tuple[Any, ...]:
    """A row with its dates as ISO days, so that date64 and datetime.date compare equal."""
    return tuple(str(value)[:10] if hasattr(value, "year") else value for value in row)


def _same_rows(actual: list[Any], expected: list[Any]) -> None:
    assert expected, "the shop has rows"
    different = [pair for pair in zip(actual, expected, strict=False) if pair[0] != pair[1]]
    assert not different, f"{len(different)} rows differ, first: {different[:3]}"
    assert len(actual) == len(expected)
