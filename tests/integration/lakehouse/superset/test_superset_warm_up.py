"""A dashboard warmed on a real Superset and the embedded engine: proven hits, or a named failure."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lakehouse.superset.assets_bundle import AssetsBundle
from lakehouse.superset.chart_requests import browser_request, read_chart
from lakehouse.superset.client import SupersetClient
from lakehouse.superset.errors import BrokenChartsError, NothingDrawnError, SupersetNotFoundError
from lakehouse.superset.import_assets import import_assets
from lakehouse.superset.warm_up import warm_dashboard

BOOKS = {"filters": [{"col": "category", "op": "IN", "val": ["Books"]}]}


def request_of(
    client: SupersetClient, dashboard: str, name: str, *defaults: dict[str, Any]
) -> dict[str, Any]:
    """What a browser sends for that chart under those filter values."""
    charts = client.get(f"dashboard/{dashboard}/charts")["result"]
    number = next(each["id"] for each in charts if each["slice_name"] == name)
    return browser_request(read_chart(client.get(f"chart/{number}")["result"]), defaults)


def answer(client: SupersetClient, request: dict[str, Any]) -> dict[str, Any]:
    first: dict[str, Any] = client.post("chart/data", request)["result"][0]
    return first


def set_default(client: SupersetClient, dashboard: str, name: str, default: dict[str, Any]) -> None:
    found = client.get(f"dashboard/{dashboard}")["result"]
    metadata = json.loads(found["json_metadata"])
    chosen = next(each for each in metadata["native_filter_configuration"] if each["name"] == name)
    chosen["defaultDataMask"] = {"extraFormData": default, "filterState": {}, "ownState": {}}
    client.put(f"dashboard/{found['id']}", {"json_metadata": json.dumps(metadata)})


def test_every_chart_is_a_hit_dated_after_the_start(
    client: SupersetClient, dashboard: str, chart_names: set[str]
) -> None:
    start = datetime.now(UTC) - timedelta(seconds=1)
    warm = warm_dashboard(client, dashboard)
    assert {each.name for each in warm.charts} == chart_names
    assert all(each.cached_at >= start for each in warm.charts)
    assert all(each.rows > 0 for each in warm.charts)


def test_the_next_reader_is_answered_from_the_cache(
    client: SupersetClient, connect: Callable[..., SupersetClient], dashboard: str
) -> None:
    warm_dashboard(client, dashboard)
    with connect() as reader:
        found = answer(reader, request_of(reader, dashboard, "Revenue by category"))
    assert found["is_cached"] is True
    assert {row["category"] for row in found["data"]} == {"Books", "Toys"}


def test_the_warm_up_shows_what_gold_holds_now_and_not_what_was_cached(
    client: SupersetClient, dashboard: str, platform: Any
) -> None:
    warm_dashboard(client, dashboard)
    request = request_of(client, dashboard, "Completed orders")
    before = answer(client, request)["data"][0]["completed_orders"]
    platform.dremio.run("update gold.daily_revenue set orders_count = orders_count + 1")
    try:
        assert answer(client, request)["data"][0]["completed_orders"] == before
        warm_dashboard(client, dashboard)
        after = answer(client, request)
        assert after["is_cached"] is True
        assert after["data"][0]["completed_orders"] > before
    finally:
        platform.build_gold("daily_revenue")


def test_a_filters_default_is_warmed_where_it_reaches(client: SupersetClient, dashboard: str) -> None:
    """Superset's own warm-up forgets it: apache/superset#43024."""
    filtered = request_of(client, dashboard, "Revenue by category", BOOKS)
    set_default(client, dashboard, "Category", BOOKS)
    try:
        warm_dashboard(client, dashboard)
        found = answer(client, filtered)
        assert found["is_cached"] is True
        assert [row["category"] for row in found["data"]] == ["Books"]
    finally:
        set_default(client, dashboard, "Category", {})


def test_a_second_warm_up_computes_anew(client: SupersetClient, dashboard: str) -> None:
    first = warm_dashboard(client, dashboard)
    second = warm_dashboard(client, dashboard)
    assert max(each.cached_at for each in first.charts) <= min(each.cached_at for each in second.charts)


def test_importing_unchanged_files_leaves_the_dashboard_warm(
    client: SupersetClient, dashboard: str, bundle: AssetsBundle, lake_uri: str
) -> None:
    warm_dashboard(client, dashboard)
    import_assets(client, bundle, lake_uri)
    assert answer(client, request_of(client, dashboard, "Revenue"))["is_cached"] is True


def test_a_broken_chart_fails_the_warm_up_with_its_name_and_error(
    client: SupersetClient, dashboard: str, gold: Callable[[str], None]
) -> None:
    gold("customer_metrics")
    with pytest.raises(BrokenChartsError) as broken:
        warm_dashboard(client, dashboard)
    said = str(broken.value)
    assert "4 of 12 charts of 'Customer Analytics' cannot be drawn" in said
    for name in ("Active customers", "New customers", "Repeat customers", "Top customers"):
        assert f"'{name}': " in said
    assert "customer_metrics" in said
    assert "Revenue by category" not in said


def test_a_lake_that_is_away_is_retried_and_the_warm_up_after_it_is_back_succeeds(
    client: SupersetClient, dashboard: str, bundle: AssetsBundle, lake_uri: str
) -> None:
    away = "dremio+flight://lakehouse:old@127.0.0.1:1/?UseEncryption=false"
    import_assets(client, bundle, away, force=True)
    with pytest.raises(NothingDrawnError, match="12 of 12 charts"):
        warm_dashboard(client, dashboard)
    assert import_assets(client, bundle, lake_uri).databases_readdressed == 1
    assert len(warm_dashboard(client, dashboard).charts) == 12


def test_a_dashboard_that_is_not_there_is_named(client: SupersetClient) -> None:
    with pytest.raises(SupersetNotFoundError, match="dashboard/no-such-dashboard"):
        warm_dashboard(client, "no-such-dashboard")
