"""The lineage is what the repository's own files declare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakehouse.landing.operators import AirbyteExtractOperator
from lakehouse.observe.facts.lineage import Lineage, Model, StreamOrigin, read_lineage
from lakehouse.platform.repository import REPOSITORY
from lakehouse.superset.dashboards import Dashboard, tables_of_dataset


def a_lineage() -> Lineage:
    models = {
        "sales": Model("sales", "gold", "test_data_quality"),
        "stock": Model("stock", "gold", "test_data_quality"),
        "fct_sales": Model("fct_sales", "marts", "transform_marts"),
        "stg_sales": Model("stg_sales", "staging", "transform_staging"),
        "stg_unused": Model("stg_unused", "staging", "transform_staging"),
    }
    parents = {
        "sales": ("fct_sales",),
        "stock": ("stg_sales",),
        "fct_sales": ("stg_sales",),
        "stg_sales": ("raw_sales",),
        "stg_unused": ("raw_unused",),
    }
    streams = [
        StreamOrigin("sales", "crm", "crm_to_lake", "extract_apis"),
        StreamOrigin("unused", "erp", "erp_to_lake", "extract_postgres"),
    ]
    boards = [Dashboard("money", "Money", ("gold.sales",)), Dashboard("shelf", "Shelf", ("gold.stock",))]
    boards.append(Dashboard("live", "Live", (), ("serving.sales",)))
    boards.append(Dashboard("both", "Both", ("gold.stock",), ("serving.sales",)))
    streamed = [StreamOrigin("sales", "crm_stream", "crm_stream_to_lake", "stream_orders")]
    return Lineage(boards, models, parents, streams, streamed)


def test_upstream_goes_down_to_the_connections() -> None:
    upstream = a_lineage().upstream("gold.sales")
    assert [model.table for model in upstream.models] == [
        "gold.sales",
        "marts.fct_sales",
        "staging.stg_sales",
    ]
    assert [(each.table, each.connection) for each in upstream.streams] == [
        ("bronze.raw_sales", "crm_to_lake")
    ]
    assert a_lineage().upstream("sales") == upstream


def test_an_unknown_table_is_refused_with_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"gold\.sales, gold\.stock"):
        a_lineage().upstream("gold.salez")
    with pytest.raises(KeyError, match=r"no gold table 'marts\.fct_sales'"):
        a_lineage().upstream("marts.fct_sales")


@pytest.mark.parametrize(
    ("what", "slugs"),
    [
        ("transform_marts", ["both", "money", "shelf"]),
        ("crm_to_lake", ["both", "money", "shelf"]),
        ("marts.fct_sales", ["money"]),
        ("gold.stock", ["both", "shelf"]),
        ("sales", ["both", "money", "shelf"]),
        ("stream_orders", ["both", "live"]),
        ("crm_stream_to_lake", ["both", "live"]),
        ("hot.sales", ["both", "live"]),
        ("serving.sales", ["both", "live"]),
        ("serving.stock", []),
        ("live", ["live"]),
        ("erp_to_lake", []),
        ("unused", []),
        ("extract_postgres", []),
        ("warm_dashboards", ["both", "money", "shelf"]),
        ("nothing at all", []),
    ],
)
def test_dashboards_of_a_stage_a_connection_a_stream_or_a_table(what: str, slugs: list[str]) -> None:
    assert [each.slug for each in a_lineage().dashboards_of(what)] == slugs


def test_the_night_s_dashboards_and_those_that_show_changes_as_they_come_are_told_apart() -> None:
    lineage = a_lineage()
    assert [each.slug for each in lineage.dashboards()] == ["money", "shelf"]
    assert [each.slug for each in lineage.live_dashboards()] == ["both", "live"]


@pytest.mark.needs_shop
def test_what_is_streamed_does_not_stand_in_for_the_night_s_stream_of_that_name() -> None:
    """Both read `orders`: the night's gold tables hang on the night's connection."""
    lineage = a_lineage()
    assert [each.connection for each in lineage.upstream("gold.sales").streams] == ["crm_to_lake"]


@pytest.mark.parametrize(
    ("dataset", "tables"),
    [
        ({"schema": "gold", "table_name": "orders", "sql": None}, {"gold.orders"}),
        ({"schema": "serving", "table_name": "orders"}, {"serving.orders"}),
        (
            {
                "schema": "serving",
                "table_name": "minutes",
                "sql": "select 1 from serving.orders as o join GOLD.daily_revenue as d on d.x = o.y",
            },
            {"serving.orders", "gold.daily_revenue"},
        ),
    ],
)
def test_a_dataset_that_is_sql_reads_the_tables_that_its_sql_names(
    dataset: dict[str, Any], tables: set[str]
) -> None:
    assert tables_of_dataset(dataset) == tables


def test_the_declared_files_lead_from_every_dashboard_to_a_sync() -> None:
    lineage = read_lineage()
    for dashboard in lineage.dashboards():
        for gold in dashboard.gold_tables:
            upstream = lineage.upstream(gold)
            assert {model.layer for model in upstream.models} == {"gold", "marts", "intermediate", "staging"}
            assert upstream.streams
            assert all(stream.stage and stream.connection for stream in upstream.streams)


def test_a_stream_s_rows_are_called_as_the_lake_calls_them(cafe: Path) -> None:
    streams = {each.stream: each for each in Lineage.read().streams()}
    assert sorted(streams) == [
        "cafe_deliveries",
        "cafe_orders",
        "cafe_stock",
        "cafe_tables",
        "cafe_visits",
    ]
    orders = streams["cafe_orders"]
    assert (orders.table, orders.source) == ("bronze.raw_cafe_orders", "cafe_postgres")
    assert (orders.connection, orders.stage) == ("cafe_postgres_to_lake", "extract_postgres")
    assert streams["cafe_tables"].reads_all
    assert streams["cafe_visits"].stage == "extract_apis"


def test_every_stream_is_extracted_by_the_stage_whose_dag_syncs_its_connection() -> None:
    """The stage follows from the source's type; here it is compared with the DAGs themselves."""
    from airflow.dag_processing.dagbag import DagBag

    found = {}
    for name in {stream.stage for stream in read_lineage().streams()}:
        bag = DagBag(REPOSITORY / "dags" / f"{name}.py")
        assert not bag.import_errors
        for task in bag.dags[name].tasks:
            if isinstance(task, AirbyteExtractOperator):
                found[task.connection_name] = name
    assert found == {stream.connection: stream.stage for stream in read_lineage().streams()}
