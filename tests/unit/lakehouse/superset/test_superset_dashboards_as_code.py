"""include/superset: everything binds, and each chart's stored query asks for what its settings show."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.superset.assets_bundle import read_bundle
from lakehouse.superset.dashboards import night_dashboards

REPOSITORY = Path(__file__).resolve().parents[4]
FOLDER = REPOSITORY / "include" / "superset"
BUNDLE = read_bundle(FOLDER)
CHARTS = BUNDLE.of_kind("charts")
DATASETS = BUNDLE.of_kind("datasets")
CHART_FILES = sorted(CHARTS)
SLUGS = sorted(each.slug for each in BUNDLE.dashboards)
AUDITED, LIVE = "customer-analytics", "live-orders"
GOLD = {"daily_revenue", "customer_metrics", "orders"}


def dataset_of(chart: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in DATASETS.values() if each["uuid"] == chart["dataset_uuid"])


def queries_of(chart: dict[str, Any]) -> list[dict[str, Any]]:
    queries = json.loads(chart["query_context"])["queries"]
    assert queries
    return queries


def simple_filters(params: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [
        {"col": each["subject"], "op": each["operator"], "val": each["comparator"]}
        for each in params.get(key, [])
    ]


def dashboard_file(slug: str) -> dict[str, Any]:
    return next(dict(each) for each in BUNDLE.of_kind("dashboards").values() if each["slug"] == slug)


def charts_of(slug: str) -> list[dict[str, Any]]:
    laid_out = next(each.chart_uuids for each in BUNDLE.dashboards if each.slug == slug)
    found = [dict(each) for each in CHARTS.values() if each["uuid"] in laid_out]
    assert found
    return found


def datasets_of(slug: str) -> list[dict[str, Any]]:
    return [dataset_of(each) for each in charts_of(slug)]


def text_of(slug: str) -> str:
    placed = [each for each in dashboard_file(slug)["position"].values() if isinstance(each, dict)]
    return " ".join(each["meta"]["code"] for each in placed if each["type"] == "MARKDOWN")


@pytest.mark.needs_shop
def test_customer_analytics_reads_the_three_gold_tables_and_nothing_else() -> None:
    read = datasets_of(AUDITED)
    assert {(each["schema"], each["table_name"]) for each in read} == {("gold", name) for name in GOLD}
    assert all(each["sql"] is None for each in read)


@pytest.mark.needs_shop
def test_live_orders_reads_serving_and_nothing_else() -> None:
    read = datasets_of(LIVE)
    assert {each["schema"] for each in read} == {"serving"}
    for each in read:
        # With tables of its own in its SQL, a dataset would go round the one view of hot and cold.
        named = re.findall(
            r"(?:from|join)\s+([a-z_]+\.[a-z_]+)", each["sql"] or f"from serving.{each['table_name']}"
        )
        assert named
        assert set(named) <= {"serving.orders", "serving.stream_tracer"}


@pytest.mark.needs_shop
def test_each_dashboard_says_whether_it_is_audited_and_leads_to_the_other() -> None:
    assert "**Live, not audited.**" in text_of(LIVE)
    assert "(/superset/dashboard/customer-analytics/)" in text_of(LIVE)
    assert "**Audited.**" in text_of(AUDITED)
    assert "(/superset/dashboard/live-orders/)" in text_of(AUDITED)
    audited = next(each for each in charts_of(AUDITED) if each["slice_name"] == "Data through")
    assert audited["params"]["subtitle"] == "audited through, UTC"
    for slug in (LIVE, AUDITED):
        assert "UTC" in text_of(slug)


@pytest.mark.needs_shop
def test_an_answer_of_the_live_dashboard_lives_as_long_as_a_micro_batch() -> None:
    live = [*charts_of(LIVE), *datasets_of(LIVE)]
    assert {each["cache_timeout"] for each in live} == {3}
    assert {each["cache_timeout"] for each in (*charts_of(AUDITED), *datasets_of(AUDITED))} == {None}


@pytest.mark.needs_shop
def test_the_live_dashboard_refreshes_itself_and_the_audited_one_does_not() -> None:
    live = dashboard_file(LIVE)["metadata"]
    assert live["refresh_frequency"] == 5
    assert live["timed_refresh_immune_slices"] == []
    assert dashboard_file(AUDITED)["metadata"]["refresh_frequency"] == 0


@pytest.mark.needs_shop
def test_tables_of_the_live_dashboard_have_an_order_and_an_end() -> None:
    for chart in charts_of(LIVE):
        for query in queries_of(chart):
            if chart["viz_type"] == "table":
                assert query["orderby"]
                assert 0 < query["row_limit"] <= 100


def test_uuids_are_unique_and_every_reference_is_in_the_bundle() -> None:
    uuids = [each["uuid"] for each in BUNDLE.files.values() if "uuid" in each]
    assert len(uuids) == len(set(uuids))
    databases = set(BUNDLE.database_uuids)
    datasets = {each["uuid"] for each in DATASETS.values()}
    assert {each["database_uuid"] for each in DATASETS.values()} <= databases
    assert {each["dataset_uuid"] for each in CHARTS.values()} == datasets


@pytest.mark.needs_shop
def test_the_shop_has_an_audited_dashboard_and_a_live_one() -> None:
    titles = {each.slug: each.title for each in BUNDLE.dashboards}
    assert titles.items() >= {AUDITED: "Customer Analytics", LIVE: "Live Orders"}.items()
    assert min(len(charts_of(slug)) for slug in (AUDITED, LIVE)) >= 4


def test_every_chart_is_laid_out_once() -> None:
    laid_out = [uuid for each in BUNDLE.dashboards for uuid in each.chart_uuids]
    assert sorted(laid_out) == sorted(each["uuid"] for each in CHARTS.values())
    names = {each["uuid"]: each["slice_name"] for each in CHARTS.values()}
    for slug in SLUGS:
        position = dashboard_file(slug)["position"]
        placed = [each for each in position.values() if isinstance(each, dict) and each["type"] == "CHART"]
        # The importer skips charts whose old id is missing or shared.
        ids = [each["meta"]["chartId"] for each in placed]
        assert len(ids) == len(set(ids)) == len(charts_of(slug))
        assert all(each["meta"]["sliceName"] == names[each["meta"]["uuid"]] for each in placed)


@pytest.mark.parametrize("slug", SLUGS)
def test_rows_of_the_layout_fill_the_twelve_columns(slug: str) -> None:
    position = dashboard_file(slug)["position"]
    rows = [each for each in position.values() if isinstance(each, dict) and each["type"] == "ROW"]
    assert rows
    for row in rows:
        assert sum(position[child]["meta"]["width"] for child in row["children"]) == 12, row["id"]


@pytest.mark.parametrize("path", CHART_FILES)
def test_the_stored_query_asks_only_for_what_the_dataset_has(path: str) -> None:
    dataset = dataset_of(CHARTS[path])
    columns = {each["column_name"] for each in dataset["columns"]}
    metrics = {each["metric_name"] for each in dataset["metrics"]}
    for query in queries_of(CHARTS[path]):
        for column in query.get("columns") or []:
            name = column["sqlExpression"] if isinstance(column, dict) else column
            assert name in columns
        for metric in query.get("metrics") or []:
            assert isinstance(metric, dict) or metric in metrics
        assert {each["col"] for each in query["filters"]} <= columns


@pytest.mark.parametrize("path", CHART_FILES)
def test_the_stored_query_is_what_the_chart_shows(path: str) -> None:
    """A chart edited in its settings alone would warm an entry the browser never asks for."""
    params = CHARTS[path]["params"]
    first, *others = queries_of(CHARTS[path])
    shown = params.get("metrics") or ([params["metric"]] if "metric" in params else [])
    assert (first.get("metrics") or []) == shown
    assert first["filters"] == simple_filters(params, "adhoc_filters")
    if "metrics_b" in params:
        assert others[0]["metrics"] == params["metrics_b"]
        assert others[0]["filters"] == simple_filters(params, "adhoc_filters_b")
    grouped = [
        each if isinstance(each, str) else each["sqlExpression"] for each in first.get("columns") or []
    ]
    axis = [params["x_axis"]] if "x_axis" in params else []
    assert grouped == axis + (params.get("all_columns") or params.get("groupby") or [])
    assert CHARTS[path]["viz_type"] == params["viz_type"]


@pytest.mark.needs_shop
def test_revenue_by_anything_counts_completed_orders_only() -> None:
    from_orders = [
        each
        for each in CHARTS.values()
        if dataset_of(each)["table_name"] == "orders"
        and "revenue" in (each["params"].get("metrics") or [each["params"].get("metric")])
    ]
    assert from_orders
    for chart in from_orders:
        assert {"col": "status", "op": "==", "val": "completed"} in queries_of(chart)[0]["filters"]


@pytest.mark.needs_shop
def test_the_audited_dashboard_has_filters() -> None:
    assert dashboard_file(AUDITED)["metadata"]["native_filter_configuration"]


@pytest.mark.parametrize("slug", SLUGS)
def test_native_filters_reach_only_charts_that_have_their_column(slug: str) -> None:
    content = dashboard_file(slug)
    placed = [each for each in content["position"].values() if isinstance(each, dict)]
    names = {each["meta"]["chartId"]: each["meta"]["uuid"] for each in placed if each["type"] == "CHART"}
    datasets = {each["uuid"]: dataset_of(each) for each in CHARTS.values()}
    for each in content["metadata"].get("native_filter_configuration") or []:
        for target in each["targets"]:
            if column := target.get("column"):
                reached = [uuid for number, uuid in names.items() if number not in each["scope"]["excluded"]]
                assert reached
                for uuid in reached:
                    assert column["name"] in {one["column_name"] for one in datasets[uuid]["columns"]}


def test_no_secret_and_no_real_address_is_in_the_files() -> None:
    (database,) = BUNDLE.of_kind("databases").values()
    assert re.fullmatch(r"dremio\+flight://user:X{10}@dremio\.invalid:32010/.*", database["sqlalchemy_uri"])
    assert "password" not in database
    assert database["allow_dml"] is False


def test_every_audited_dashboard_is_warmed_by_the_night_and_the_live_one_is_not() -> None:
    """Answers of the live one are gone after seconds: nothing can be warm for a reader in the morning."""
    assert set(night_dashboards()) == {each.slug for each in BUNDLE.dashboards} - {LIVE}


def test_yaml_is_read_the_same_by_superset() -> None:
    """Superset reads with yaml.safe_load too: no tag, no anchor that only our reader would know."""
    for path in FOLDER.rglob("*.yaml"):
        assert not re.search(r"^\s*\S+: [&*!]", path.read_text(), re.MULTILINE), path
        assert isinstance(yaml.safe_load(path.read_text()), dict)
