"""Charts as `bin/dashboard` writes them, in a real Superset: imported, warmed, and with gold's figures."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from lakehouse.superset.assets_bundle import AssetsBundle, read_bundle
from lakehouse.superset.chart_requests import browser_request, read_chart
from lakehouse.superset.client import SupersetClient
from lakehouse.superset.import_assets import import_assets
from lakehouse.superset.scaffold.__main__ import main
from lakehouse.superset.scaffold.asset_files import ASSETS
from lakehouse.superset.warm_up import warm_dashboard

STAYS = """
models:
  - name: inn_stays
    description: One row per stay.
    columns:
      - {name: inn_stays_key, data_type: varchar, description: Key., data_tests: [unique, not_null]}
      - {name: room, data_type: varchar, description: Room.}
      - {name: "year", data_type: integer, description: A column with a reserved word for a name.}
      - {name: arrived_on, data_type: date, description: Day of arrival.}
      - {name: price, data_type: "decimal(12, 2)", description: Price.}
"""
CHARTS = (
    "--type big_number --metric sum_price --time arrived_on",
    "--type line --metric row_count --time arrived_on --by room",
    "--type bar --metric sum_price --by room",
    "--type bar --metric row_count --by year",
    "--type table --metric row_count --metric sum_price --by room",
    "--type table",
)


@pytest.fixture
def inn(client: SupersetClient, platform: Any, tmp_path: Path, bundle: AssetsBundle) -> Any:
    """A gold table of its own, and a folder with its dashboard; the folder's bundle. Both are gone later."""
    platform.dremio.run("drop table if exists gold.inn_stays")
    platform.dremio.run(
        "create table gold.inn_stays as select cast(order_id as varchar) as inn_stays_key, category as room, "
        'cast(2025 as int) as "year", order_date as arrived_on, amount as price from gold.orders'
    )
    models = tmp_path / "gold"
    models.mkdir()
    (models / "inn_stays.yml").write_text(STAYS)
    assets = tmp_path / "superset"
    shutil.copytree(ASSETS / "databases", assets / "databases")
    shutil.copy(ASSETS / "metadata.yaml", assets)
    assert main(["add-dataset", "gold.inn_stays"], assets, models) == 0
    for chart in CHARTS:
        words = ["add-chart", "--dataset", "gold.inn_stays", "--dashboard", "inn", *chart.split()]
        assert main(words, assets, models) == 0
    yield read_bundle(assets)
    found = client.get("dashboard/inn/charts")["result"]
    for path in [f"dashboard/{client.get('dashboard/inn')['result']['id']}"] + [
        f"chart/{each['id']}" for each in found
    ]:
        client._call("DELETE", path)
    platform.dremio.run("drop table gold.inn_stays")


def test_scaffolded_charts_are_imported_warmed_and_show_gold(
    client: SupersetClient, platform: Any, inn: AssetsBundle
) -> None:
    assert import_assets(client, inn, platform.lake_uri).charts == len(CHARTS)
    warm = warm_dashboard(client, "inn")
    assert len(warm.charts) == len(CHARTS)
    assert all(each.rows > 0 for each in warm.charts)
    data = {}
    for each in client.get("dashboard/inn/charts")["result"]:
        chart = read_chart(client.get(f"chart/{each['id']}")["result"])
        answer = client.post("chart/data", browser_request(chart, []))["result"][0]
        assert answer["is_cached"] is True, chart.name
        data[chart.name, str(each["form_data"]["viz_type"])] = answer["data"]
    (number,) = platform.dremio.query("select sum(price) as total, count(*) as stays from gold.inn_stays")
    (shown,) = data["Inn stays: price", "big_number_total"]
    assert float(shown["sum_price"]) == float(number["total"])
    by_room = data["Inn stays: rows, price by room", "table"]
    assert sum(row["row_count"] for row in by_room) == number["stays"]
    assert {row["room"] for row in by_room} == {"Books", "Toys"}
    assert data["Inn stays: rows by year", "echarts_timeseries_bar"] == [
        {"year": 2025, "row_count": number["stays"]}
    ]
