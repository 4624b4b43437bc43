"""What reads only a business's streams is the business's; what reads two belongs to nobody alone."""

from __future__ import annotations

from typing import Any

from lakehouse.onboarding.removing.dbt_ownership import dbt_parts
from lakehouse.onboarding.removing.superset_ownership import superset_parts


def model(name: str, layer: str, *reads: str) -> tuple[str, dict[str, Any]]:
    return f"model.lakehouse.{name}", {
        "resource_type": "model",
        "name": name,
        "fqn": ["lakehouse", layer, "cafe", name],
        "original_file_path": f"models/{layer}/cafe/{name}.sql",
        "depends_on": {"nodes": list(reads)},
    }


def check(name: str, path: str, *reads: str) -> tuple[str, dict[str, Any]]:
    return f"test.lakehouse.{name}", {
        "resource_type": "test",
        "name": name,
        "fqn": ["lakehouse", name],
        "original_file_path": path,
        "depends_on": {"nodes": list(reads)},
    }


CUPS = "source.lakehouse.bronze.raw_cafe_orders"
ORDERS = "source.lakehouse.bronze.raw_orders"
MANIFEST = {
    "sources": {CUPS: {"name": "raw_cafe_orders"}, ORDERS: {"name": "raw_orders"}},
    "nodes": dict(
        [
            model("stg_cafe_orders", "staging", CUPS),
            model("cafe_daily", "gold", "model.lakehouse.stg_cafe_orders"),
            model("stg_orders", "staging", ORDERS),
            model("calendar", "gold"),
            check("cups_add_up", "tests/cafe/cups_add_up.sql", "model.lakehouse.cafe_daily"),
            check("unique_cafe_daily", "models/gold/cafe/cafe_daily.yml", "model.lakehouse.cafe_daily"),
            check("fresh", "models/staging/cafe/sources.yml", CUPS),
            check("orders_add_up", "tests/shop/orders_add_up.sql", "model.lakehouse.stg_orders"),
        ]
    ),
}


def with_nodes(*nodes: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {**MANIFEST, "nodes": {**MANIFEST["nodes"], **dict(nodes)}}


def test_models_and_singular_tests_down_to_gold_go_with_the_stream() -> None:
    parts = dbt_parts(MANIFEST, ["cafe_orders"])
    assert parts.models == ("cafe_daily", "stg_cafe_orders")
    assert parts.relations == {"gold.cafe_daily", "staging.stg_cafe_orders"}
    assert parts.sources == ("raw_cafe_orders",)
    assert parts.files == (
        "models/gold/cafe/cafe_daily.sql",
        "models/staging/cafe/stg_cafe_orders.sql",
        "tests/cafe/cups_add_up.sql",
    )
    assert parts.shared == ()


def test_a_business_of_another_name_owns_nothing_of_it() -> None:
    parts = dbt_parts(MANIFEST, ["tea_orders"])
    assert (parts.models, parts.files, parts.sources, parts.shared) == ((), (), (), ())


BOTH = model("all_orders", "gold", "model.lakehouse.stg_cafe_orders", "model.lakehouse.stg_orders")


def test_a_model_of_two_businesses_is_named_with_the_other_source_at_whatever_depth() -> None:
    above = model("every_day", "gold", BOTH[0])
    parts = dbt_parts(with_nodes(BOTH, above), ["cafe_orders"])
    assert [(each.kind, each.name, each.why) for each in parts.shared] == [
        ("model", "all_orders", "also reads raw_orders"),
        ("model", "every_day", "also reads raw_orders"),
    ]
    assert "all_orders" not in parts.models


def test_a_model_of_two_businesses_goes_when_it_is_named() -> None:
    parts = dbt_parts(with_nodes(BOTH), ["cafe_orders"], also=["all_orders"])
    assert parts.shared == ()
    assert "all_orders" in parts.models
    assert "models/gold/cafe/all_orders.sql" in parts.files


def test_tests_that_compare_two_businesses_are_named() -> None:
    singular = check("sums", "tests/sums.sql", "model.lakehouse.cafe_daily", "model.lakehouse.stg_orders")
    in_the_shop = check(
        "relationship",
        "models/staging/shop/stg_orders.yml",
        "model.lakehouse.cafe_daily",
        "model.lakehouse.stg_orders",
    )
    own = check(
        "own", "models/gold/cafe/cafe_daily.yml", "model.lakehouse.cafe_daily", "model.lakehouse.stg_orders"
    )
    parts = dbt_parts(with_nodes(singular, in_the_shop, own), ["cafe_orders"])
    assert {each.name for each in parts.shared} == {"sums", "relationship"}
    assert "tests/sums.sql" not in parts.files


def dataset(name: str, **more: Any) -> dict[str, Any]:
    return {"uuid": f"d-{name}", "table_name": name, "schema": "gold", "sql": None, **more}


def chart(name: str, of: str) -> dict[str, Any]:
    return {"uuid": f"c-{name}", "slice_name": name, "dataset_uuid": f"d-{of}"}


def board(slug: str, *charts: str, filters: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "slug": slug,
        "dashboard_title": slug.title(),
        "position": {
            "v": "v2",
            **{each: {"type": "CHART", "meta": {"uuid": f"c-{each}"}} for each in charts},
        },
        "metadata": {
            "native_filter_configuration": [{"targets": [{"datasetUuid": f"d-{each}"}]} for each in filters]
        },
    }


FILES = {
    "databases/Lakehouse.yaml": {"uuid": "db"},
    "datasets/Lakehouse/cafe_daily.yaml": dataset("cafe_daily"),
    "datasets/Lakehouse/cups.yaml": dataset("cups", sql="select * from gold.cafe_daily as d"),
    "datasets/Lakehouse/orders.yaml": dataset("orders"),
    "charts/cups.yaml": chart("cups", "cafe_daily"),
    "charts/loose.yaml": chart("loose", "cups"),
    "charts/orders.yaml": chart("orders", "orders"),
    "dashboards/cafe.yaml": board("cafe", "cups", filters=("cafe_daily",)),
    "dashboards/orders.yaml": board("orders", "orders"),
}


def is_gone(table: str) -> bool:
    return table == "gold.cafe_daily"


def test_dashboards_go_with_their_charts_and_datasets_virtual_ones_too() -> None:
    parts = superset_parts(FILES, is_gone)
    assert parts.files == (
        "datasets/Lakehouse/cafe_daily.yaml",
        "datasets/Lakehouse/cups.yaml",
        "charts/cups.yaml",
        "charts/loose.yaml",
        "dashboards/cafe.yaml",
    )
    assert parts.slugs == ("cafe",)
    assert parts.shared == ()


def test_a_dashboard_and_a_dataset_of_two_businesses_are_named() -> None:
    joined = dataset("joined", sql="select 1 from gold.cafe_daily join gold.orders using (day)")
    files = FILES | {
        "datasets/Lakehouse/joined.yaml": joined,
        "dashboards/both.yaml": board("both", "cups", "orders"),
        "dashboards/filtered.yaml": board("filtered", "cups", filters=("orders",)),
    }
    parts = superset_parts(files, is_gone)
    assert [(each.kind, each.name, each.why) for each in parts.shared] == [
        ("dataset", "joined", "also shows gold.orders"),
        ("dashboard", "both", "also shows orders"),
        ("dashboard", "filtered", "also shows orders"),
    ]
    named = superset_parts(files, is_gone, also=["joined", "both", "filtered"])
    assert named.shared == ()
    assert "dashboards/both.yaml" in named.files
    assert "datasets/Lakehouse/joined.yaml" in named.files
    assert "charts/orders.yaml" not in named.files
