"""The lineage is what the repository's own files declare."""

from __future__ import annotations

import pytest

from lakehouse.landing.operators import AirbyteExtractOperator
from lakehouse.observe.facts.lineage import Dashboard, Lineage, Model, StreamOrigin, read_lineage
from lakehouse.platform.repository import REPOSITORY


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
    return Lineage(boards, models, parents, streams)


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
        ("transform_marts", ["money", "shelf"]),
        ("crm_to_lake", ["money", "shelf"]),
        ("marts.fct_sales", ["money"]),
        ("gold.stock", ["shelf"]),
        ("sales", ["money", "shelf"]),
        ("erp_to_lake", []),
        ("unused", []),
        ("extract_postgres", []),
        ("warm_dashboards", ["money", "shelf"]),
        ("nothing at all", []),
    ],
)
def test_dashboards_of_a_stage_a_connection_a_stream_or_a_table(what: str, slugs: list[str]) -> None:
    assert [each.slug for each in a_lineage().dashboards_of(what)] == slugs


def test_the_shipped_files_lead_from_every_dashboard_to_a_sync() -> None:
    lineage = read_lineage()
    assert lineage.dashboards()
    for dashboard in lineage.dashboards():
        # It reads serving, which the stream fills: no stage of the night makes it late.
        assert dashboard.gold_tables or dashboard.slug == "live-orders"
        for gold in dashboard.gold_tables:
            upstream = lineage.upstream(gold)
            assert {model.layer for model in upstream.models} == {"gold", "marts", "intermediate", "staging"}
            assert upstream.streams
            assert all(stream.stage and stream.connection for stream in upstream.streams)


def test_every_stream_is_extracted_by_the_stage_whose_dag_syncs_its_connection() -> None:
    """The stage is read from the DAG's file; here it is compared with the DAG itself."""
    from airflow.dag_processing.dagbag import DagBag

    found = {}
    for name in {stream.stage for stream in read_lineage().streams()}:
        bag = DagBag(REPOSITORY / "dags" / f"{name}.py")
        assert not bag.import_errors
        for task in bag.dags[name].tasks:
            if isinstance(task, AirbyteExtractOperator):
                found[task.connection_name] = name
    assert found == {stream.connection: stream.stage for stream in read_lineage().streams()}
