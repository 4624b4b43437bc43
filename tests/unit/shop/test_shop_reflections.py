"""The shop's reflections are those of the specification."""

from __future__ import annotations

from lakehouse.dremio.reflections import REFLECTIONS, load_reflections


def test_the_specifications_reflections_are_defined() -> None:
    specs = {spec.name: spec for spec in load_reflections()}
    assert list(specs) == ["raw_customers", "agg_daily_revenue", "common_metrics", "raw_daily_revenue"]
    raw = specs["raw_customers"].body("d")
    assert raw["type"] == "RAW"
    assert [each["name"] for each in raw["displayFields"]] == ["customer_id", "name", "email", "created_at"]
    daily = specs["agg_daily_revenue"].body("d")
    assert daily["type"] == "AGGREGATION"
    assert daily["measureFields"] == [{"name": "amount", "measureTypeList": ["SUM", "COUNT"]}]
    assert [each["name"] for each in specs["common_metrics"].body("d")["dimensionFields"]] == [
        "product_id",
        "order_date",
    ]


def test_they_are_the_shop_s_own_file() -> None:
    assert (REFLECTIONS / "shop.yaml").is_file()
