"""The replay contract: partitions in any order, any number of times, and gold comes out the same."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

FIRST, SECOND, THIRD = date(2025, 10, 14), date(2025, 10, 15), date(2025, 10, 16)
STAGING = (
    "stg_customers",
    "stg_orders",
    "stg_products",
    "stg_shipments",
    "stg_marketing_spend",
    "stg_stock_levels",
)
CORRECTED_SPEND = {"2025-10-14/email": "5.00", "2025-10-14/search": "12.50", "2025-10-15/search": "7.00"}


def newest(bronze: dict[date, dict[str, list[Any]]], stream: str, key: str) -> dict[int, dict[str, Any]]:
    """The newest version of each key by updated_at, then by partition: written without SQL."""
    held: dict[int, tuple[Any, dict[str, Any]]] = {}
    for night, streams in bronze.items():
        for row in streams[stream]:
            version = (row["updated_at"], night)
            if row[key] not in held or version > held[row[key]][0]:
                held[row[key]] = (version, row)
    return {each: row for each, (_, row) in held.items()}


def test_gold_orders_are_the_newest_versions_that_are_not_deleted(lake: Any, built: Any, bronze: Any) -> None:
    assert built.gold["orders"]
    known = newest(bronze, "customers", "customer_id")
    expected = {
        key: (row["customer_id"], row["amount"], row["status"])
        for key, row in newest(bronze, "orders", "order_id").items()
        if row["deleted_at"] is None and row["customer_id"] in known
    }
    found = {
        row["order_id"]: (row["customer_id"], Decimal(str(row["amount"])), row["status"])
        for row in lake.rows("select * from gold.orders")
    }
    assert found == expected


def test_gold_daily_revenue_is_the_sum_of_completed_orders(lake: Any, built: Any, bronze: Any) -> None:
    assert built.gold["daily_revenue"]
    expected: dict[str, tuple[int, Decimal]] = defaultdict(lambda: (0, Decimal("0.00")))
    for row in newest(bronze, "orders", "order_id").values():
        count, total = expected[str(row["order_date"])]
        counts = row["status"] == "completed" and row["deleted_at"] is None
        expected[str(row["order_date"])] = (count + counts, total + (row["amount"] if counts else 0))
    found = {
        str(row["order_date"])[:10]: (row["orders_count"], Decimal(str(row["daily_revenue"])))
        for row in lake.rows("select * from gold.daily_revenue")
    }
    assert found == dict(expected)
    assert found["2025-09-25"] == (0, Decimal("0"))


def test_gold_customer_metrics_hold_every_customer(lake: Any, built: Any, bronze: Any) -> None:
    assert built.gold["customer_metrics"]
    completed: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in newest(bronze, "orders", "order_id").values():
        if row["status"] == "completed" and row["deleted_at"] is None:
            completed[row["customer_id"]].append(row)
    rows = {row["customer_id"]: row for row in lake.rows("select * from gold.customer_metrics")}
    assert set(rows) == set(newest(bronze, "customers", "customer_id"))
    for key, row in rows.items():
        mine = completed[key]
        days = [each["order_date"] for each in mine]
        assert row["total_orders"] == len(mine)
        assert Decimal(str(row["lifetime_value"])) == sum((each["amount"] for each in mine), Decimal(0))
        assert row["customer_lifespan_days"] == ((max(days) - min(days)).days if mine else None)
        assert str(row["snapshot"])[:10] == str(THIRD)
        if mine:
            average = sum(each["amount"] for each in mine) / len(mine)
            assert abs(Decimal(str(row["average_order_value"])) - average) <= Decimal("0.005")
        else:
            assert row["average_order_value"] is None
    assert rows[5]["total_orders"] == 0


def marketing_spend(lake: Any) -> dict[str, str]:
    rows = lake.rows("select spend_key, amount from staging.stg_marketing_spend")
    return {row["spend_key"]: f"{Decimal(str(row['amount'])):.2f}" for row in rows}


def test_a_csv_batch_dropped_again_corrects_its_lines_and_an_older_one_does_not(
    lake: Any, built: Any
) -> None:
    """The second night brings the correction, the third a version that is older than it."""
    assert built.gold
    assert marketing_spend(lake) == CORRECTED_SPEND


def test_soft_delete_takes_an_order_out_of_gold(lake: Any, built: Any) -> None:
    """Orders 7 and 61 are deleted on the third night; order 80 only ever existed deleted."""

    def orders(gold: dict[str, list[str]]) -> set[int]:
        return {json.loads(row)["order_id"] for row in gold["orders"]}

    def revenue(gold: dict[str, list[str]], day: str) -> Decimal:
        rows = map(json.loads, gold["daily_revenue"])
        return next(Decimal(str(row["daily_revenue"])) for row in rows if row["order_date"].startswith(day))

    before, after = built.published_on_second_night, built.gold
    assert orders(before) >= {7, 61}
    assert orders(after).isdisjoint({7, 61, 80})
    assert lake.rows("select order_id from gold.orders where status = 'deleted'") == []
    assert lake.rows("select status from staging.stg_orders where order_id = 61") == [{"status": "deleted"}]
    # Order 61 was completed, over 14.27.
    assert revenue(before, "2025-10-15") - revenue(after, "2025-10-15") == Decimal("14.27")


def test_late_version_older_than_the_one_held_never_wins(lake: Any, built: Any) -> None:
    """Partition 2025-10-16 holds a version of order 12 that is older than the one of 2025-10-15."""
    rows = lake.rows("select amount, status from gold.orders where order_id = 12")
    assert [(Decimal(str(row["amount"])), row["status"]) for row in rows] == [(Decimal("77.77"), "completed")]


def test_order_appears_when_its_customer_does(lake: Any, built: Any) -> None:
    assert lake.rows("select customer_name from intermediate.int_customer_orders where order_id = 70") == [
        {"customer_name": "CUSTOMER 10"}
    ]


def test_orders_keep_the_name_of_a_product_the_shop_deleted(lake: Any, built: Any) -> None:
    names = lake.rows("select distinct product_name from gold.orders where product_id = 3")
    assert names == [{"product_name": "Product 3"}]


@pytest.mark.parametrize("night", [FIRST, SECOND, THIRD])
def test_stock_is_the_change_with_the_highest_lsn_and_deletions_stay_as_status(
    built: Any, bronze: Any, night: date
) -> None:
    """By itself or with the whole table: a truncation deletes what earlier partitions brought."""
    landed = [row for each in (FIRST, SECOND, THIRD) if each <= night for row in bronze[each]["stock_levels"]]
    emptied = max((row["_ab_cdc_lsn"] for row in landed if row["product_id"] is None), default=0)
    expected = {}
    for row in sorted(landed, key=lambda row: row["_ab_cdc_lsn"]):
        if row["product_id"] is not None:
            gone = row["_ab_cdc_deleted_at"] is not None or row["_ab_cdc_lsn"] < emptied
            status = ("deleted", None, None) if gone else ("stocked", row["units_on_hand"], 3)
            expected[f"{row['product_id']} Dallas"] = (*status, row["_ab_cdc_lsn"])
    found = {
        row["stock_level_key"]: tuple(
            row[name] for name in ("status", "units_on_hand", "reorder_point", "change_lsn")
        )
        for row in map(json.loads, built.stock[night])
    }
    assert len(found) == len(built.stock[night]) > 0
    assert found == expected
    statuses = {status for status, *_ in found.values()}
    assert statuses == ({"stocked"} if night == FIRST else {"stocked", "deleted"})


def test_replay_in_any_order_gives_identical_gold_and_stock(lake: Any, built: Any) -> None:
    nights = [THIRD, SECOND, FIRST, SECOND]
    lake.empty()
    # A first build takes all of bronze: leave it only what the first of these nights brings.
    lake.run("staging", night=nights[0])
    for table in STAGING:
        lake.client.run(f"delete from staging.{table} where bronze_date <> date '{nights[0]}'")
    for night in nights:
        lake.run(night=night)
    assert lake.gold() == built.gold
    assert marketing_spend(lake) == CORRECTED_SPEND
    assert lake.text_of("staging.stg_stock_levels") == built.stock[THIRD]


def test_replay_of_unchanged_input_writes_nothing(lake: Any, built: Any) -> None:
    written = {result.name: result.rows for result in lake.run(night=SECOND).of_kind("model")}
    assert len(written) == 10 + len(STAGING)
    assert {name: rows for name, rows in written.items() if rows} == {}
    assert lake.gold() == built.gold


def test_full_refresh_gives_identical_gold_without_rebuilding_it(lake: Any, built: Any) -> None:
    results = lake.run(night=SECOND, full_refresh=True)
    written = {result.name: result.rows for result in results.results}
    assert {name: written[name] for name in ("orders", "customers", "daily_revenue", "customer_metrics")} == {
        "orders": 0,
        "customers": 0,
        "daily_revenue": 0,
        "customer_metrics": 0,
    }
    assert written["stg_orders"]
    assert lake.gold() == built.gold
    assert lake.text_of("staging.stg_stock_levels") == built.stock[THIRD]
