"""The shop's models: those that the documents name, no other, and the tests that its marts must pass."""

from __future__ import annotations

import json
from typing import Any

from lakehouse.dbt.project import LAYERS, MANIFEST_FILE

MANIFEST = json.loads(MANIFEST_FILE.read_text(encoding="utf-8"))
MODELS: dict[str, dict[str, Any]] = {
    node["name"]: node
    for node in MANIFEST["nodes"].values()
    if node["resource_type"] == "model" and node["fqn"][2] == "shop"
}
TESTS = [node for node in MANIFEST["nodes"].values() if node["resource_type"] == "test"]

DOCUMENTED = {
    "staging": {
        "stg_customers",
        "stg_orders",
        "stg_products",
        "stg_shipments",
        "stg_marketing_spend",
        "stg_stock_levels",
    },
    "intermediate": {"int_customers", "int_customer_orders"},
    "marts": {"fct_orders", "fct_daily_revenue", "fct_customer_lifetime_value", "dim_customers"},
    "gold": {"orders", "customers", "daily_revenue", "customer_metrics"},
}


def test_every_documented_model_is_there_and_no_other() -> None:
    found = {layer: {name for name, each in MODELS.items() if each["fqn"][1] == layer} for layer in LAYERS}
    assert found == DOCUMENTED


def test_orders_follow_the_specified_incremental_model() -> None:
    config = MODELS["orders"]["config"]
    assert config["unique_key"] == "order_id"
    assert config["on_schema_change"] == "sync_all_columns"
    assert config["partition_by"] == ["month(order_date)"]


def test_the_shop_s_sources_are_its_streams() -> None:
    read = {parent for each in MODELS.values() for parent in each["depends_on"]["nodes"]}
    assert {each.rsplit(".", 1)[1] for each in read if each.startswith("source.")} == {
        "raw_customers",
        "raw_orders",
        "raw_products",
        "raw_shipments",
        "raw_marketing_spend",
        "raw_stock_levels",
    }


def test_marts_are_tested_for_positive_amounts_and_for_sums_that_agree() -> None:
    singular = {test["name"] for test in TESTS if test["original_file_path"].startswith("tests/shop/")}
    assert singular == {
        "assert_positive_amounts",
        "assert_daily_revenue_is_the_sum_of_completed_orders",
        "assert_lifetime_value_is_the_sum_of_completed_orders",
        "assert_customer_metrics_add_up",
    }
