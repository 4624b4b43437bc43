"""`bin/dashboard add-chart`: the request a browser makes, and a place on the dashboard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.superset.assets_bundle import read_bundle
from lakehouse.superset.dashboards import night_dashboards

RECORDED = json.loads((Path(__file__).parent / "browser_requests.json").read_text())
"""What Superset 6.1 asked for in Chromium, for the charts that CALLS had written, in their order."""

CALLS = (
    "--type big_number --metric row_count --time order_date",
    "--type big_number --metric sum_amount",
    "--type line --metric row_count --time order_date --by status",
    "--type line --metric row_count --metric sum_amount --time order_date --grain month",
    "--type bar --metric row_count --by category",
    "--type bar --metric row_count --time order_date --grain week --by status",
    "--type bar --metric sum_amount --by category --by status",
    "--type table --metric row_count --metric sum_amount --by category --time order_date",
    "--type table",
)
Dashboard = Callable[[str], int]


@pytest.fixture
def inn(dashboard: Dashboard) -> Dashboard:
    """Puts a chart of gold.orders on the dashboard `inn`."""
    assert dashboard("add-dataset gold.orders") == 0
    return lambda words: dashboard(f"add-chart --dataset gold.orders --dashboard inn {words}")


def charts(assets: Path) -> list[Any]:
    return [yaml.safe_load(file.read_text()) for file in sorted((assets / "charts").glob("*.yaml"))]


def layout(assets: Path) -> Any:
    return yaml.safe_load((assets / "dashboards" / "inn.yaml").read_text())["position"]


def rows(assets: Path) -> list[list[int]]:
    """The widths of the charts in each row."""
    position = layout(assets)
    return [
        [position[child]["meta"]["width"] for child in position[row]["children"]]
        for row in position["GRID_ID"]["children"]
    ]


@pytest.mark.parametrize(("call", "browser"), list(zip(CALLS, RECORDED, strict=True)))
def test_the_stored_request_is_the_one_a_browser_makes(
    call: str, browser: Any, inn: Dashboard, assets: Path
) -> None:
    assert inn(call) == 0
    (chart,) = charts(assets)
    stored = json.loads(chart["query_context"])
    assert chart["viz_type"] == chart["params"]["viz_type"] == browser["viz_type"]
    assert stored["queries"] == browser["queries"]
    assert stored["form_data"] == chart["params"]


def test_all_charts_together_can_be_imported_and_are_warmed_by_the_night(
    inn: Dashboard, assets: Path
) -> None:
    for call in CALLS:
        assert inn(call) == 0
    (board,) = read_bundle(assets).dashboards
    assert (board.slug, board.title) == ("inn", "Inn")
    assert board.chart_uuids == {each["uuid"] for each in charts(assets)}
    assert len(board.chart_uuids) == len(CALLS)
    assert night_dashboards(assets) == ("inn",)


def test_numbers_share_a_row_lines_and_bars_go_in_pairs_and_every_row_is_full(
    inn: Dashboard, assets: Path
) -> None:
    for call in CALLS:
        assert inn(call) == 0
    assert rows(assets) == [[12], [6, 6], [6, 6], [6, 6], [12], [12], [12]]
    position = layout(assets)
    placed = [each for each in position.values() if isinstance(each, dict) and each["type"] == "CHART"]
    assert sorted(each["meta"]["chartId"] for each in placed) == list(range(1, len(CALLS) + 1))


@pytest.mark.parametrize("number", [1, 3, 5, 6, 7])
def test_so_many_numbers_fill_their_rows(number: int, inn: Dashboard, assets: Path) -> None:
    for title in range(number):
        assert inn(f"--type big_number --metric row_count --title Number-{title}") == 0
    found = [row for row in rows(assets)[1:] if row]
    assert sum(map(len, found)) == number
    assert all(sum(row) == 12 for row in found)
    assert max(map(len, found)) <= 6


def test_a_second_call_changes_nothing(inn: Dashboard, assets: Path) -> None:
    assert inn(CALLS[2]) == 0
    before = {path: path.read_bytes() for path in assets.rglob("*.yaml")}
    assert inn(CALLS[2]) == 0
    assert {path: path.read_bytes() for path in assets.rglob("*.yaml")} == before


def test_the_same_calls_write_the_same_files_anywhere(
    inn: Dashboard, dashboard: Dashboard, assets: Path
) -> None:
    assert inn(CALLS[2]) == 0
    first = {path: path.read_bytes() for path in assets.rglob("*.yaml")}
    for name in ("charts", "dashboards", "datasets"):
        for file in (assets / name).rglob("*.yaml"):
            file.unlink()
    assert dashboard("add-dataset gold.orders") == 0
    assert inn(CALLS[2]) == 0
    assert {path: path.read_bytes() for path in assets.rglob("*.yaml")} == first


def test_a_chart_and_a_row_that_a_person_has_changed_stay(inn: Dashboard, assets: Path) -> None:
    assert inn(CALLS[0]) == 0
    assert inn(CALLS[1]) == 0
    (edited,) = (assets / "charts").glob("*_amount_*.yaml")
    edited.write_text(edited.read_text().replace("slice_name: 'Orders: amount'", "slice_name: Turnover"))
    file = assets / "dashboards" / "inn.yaml"
    text = file.read_text()
    file.write_text(
        "# By hand.\n" + text.replace("width: 6", "width: 4", 1).replace("width: 6", "width: 8", 1)
    )
    assert inn(CALLS[1]) == 0
    assert "slice_name: Turnover" in edited.read_text()
    assert inn("--type big_number --metric sum_quantity") == 0
    assert rows(assets) == [[12], [4, 8], [12]]
    assert file.read_text().startswith("# By hand.\n")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("--type line --metric nothing --time order_date", "has no metric 'nothing'; it has: row_count"),
        ("--type bar --metric row_count --by nothing", "has no column 'nothing'"),
        ("--type line --metric row_count --time status", "has no date or time 'status'; it has: order_date"),
        ("--type line --metric row_count", "a line needs a --time; orders has: order_date"),
        ("--type bar --metric row_count", "a bar chart needs a --time, a --by, or both"),
        ("--type big_number", "a big_number needs a --metric"),
        ("--type big_number --metric row_count --by status", "one --metric, without --by"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(
    call: str, said: str, inn: Dashboard, assets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inn(call) == 2
    assert said in capsys.readouterr().err
    assert not (assets / "charts").exists()
    assert not (assets / "dashboards").exists()


def test_a_chart_without_its_dataset_says_which_command_writes_it(
    dashboard: Dashboard, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dashboard("add-chart --dataset gold.orders --dashboard inn --type table") == 2
    assert "`bin/dashboard add-dataset gold.orders`" in capsys.readouterr().err


def test_a_dashboards_address_is_checked(
    inn: Dashboard, dashboard: Dashboard, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dashboard("add-chart --dataset gold.orders --dashboard ../inn --type table") == 2
    assert "'../inn' cannot be a dashboard's address" in capsys.readouterr().err
