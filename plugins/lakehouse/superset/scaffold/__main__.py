"""`bin/dashboard add-dataset|add-chart`: datasets, charts and dashboards as code, without Superset.

    bin/dashboard add-dataset gold.inn_orders
    bin/dashboard add-chart --dataset gold.inn_orders --type bar --metric row_count --by room --dashboard inn

What exists keeps what it says: a second call changes nothing. Exit code: 0 done, 2 refused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.repository import REPOSITORY
from lakehouse.platform.whole_files import write_whole
from lakehouse.superset.assets_bundle import read_bundle
from lakehouse.superset.scaffold.asset_files import ASSETS
from lakehouse.superset.scaffold.chart_file import plan_chart
from lakehouse.superset.scaffold.chart_settings import Grain, Kind, Shown
from lakehouse.superset.scaffold.dashboard_file import plan_dashboard
from lakehouse.superset.scaffold.dataset_file import gone_columns, plan_dataset
from lakehouse.superset.scaffold.gold_table import MODELS, read_gold_table


def main(arguments: Sequence[str] | None = None, assets: Path = ASSETS, models: Path = MODELS) -> int:
    """Carry out one command on the files of `assets`."""
    options = _parser().parse_args(arguments)
    try:
        files = (
            _dataset(options, assets, models) if options.command == "add-dataset" else _chart(options, assets)
        )
        _write(files)
        read_bundle(assets)
    except LakehouseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _dataset(options: argparse.Namespace, assets: Path, models: Path) -> dict[Path, str]:
    table = read_gold_table(options.table, models)
    if gone := gone_columns(table, assets):
        print(f"note: the dataset has columns that gold.{table.name} lacks: {', '.join(gone)}")
    return plan_dataset(table, assets)


def _chart(options: argparse.Namespace, assets: Path) -> dict[Path, str]:
    shown = Shown(
        Kind(options.type),
        metrics=tuple(options.metric),
        time=options.time,
        grain=Grain[options.grain.upper()],
        by=tuple(options.by),
        columns=tuple(options.column),
    )
    chart = plan_chart(options.dataset.removeprefix("gold."), shown, options.title, assets)
    files = {} if chart.text is None else {chart.path: chart.text}
    if chart.text is None:
        print(f"{_shown(chart.path)} exists and is left as it is; delete it to have it written again")
    return files | plan_dashboard(options.dashboard, [chart], assets)


def _write(files: dict[Path, str]) -> None:
    for path, text in files.items():
        verb = "changed" if path.exists() else "wrote"
        write_whole(path, text)
        print(f"{verb} {_shown(path)}")
    if not files:
        print("nothing to do")


def _shown(path: Path) -> Path:
    return path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/dashboard", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    dataset = commands.add_parser("add-dataset", help="write the dataset of a gold table, or add new columns")
    dataset.add_argument("table", help="a gold table, such as gold.cafe_orders; its dbt model must exist")
    chart = commands.add_parser("add-chart", help="write a chart and put it on a dashboard")
    chart.add_argument("--dataset", required=True, help="the gold table that the chart is drawn from")
    chart.add_argument("--type", required=True, choices=[kind.value for kind in Kind])
    chart.add_argument(
        "--dashboard", required=True, help="the dashboard's address, such as cafe; it may be new"
    )
    chart.add_argument(
        "--metric", action="append", default=[], help="a metric of the dataset; may be repeated"
    )
    chart.add_argument("--time", help="the time axis: a date or timestamp column")
    chart.add_argument(
        "--grain", default="day", choices=[grain.name.lower() for grain in Grain], help="of the time axis"
    )
    chart.add_argument("--by", action="append", default=[], help="a column to group by; may be repeated")
    chart.add_argument(
        "--column", action="append", default=[], help="a column of a table without metrics; default: all"
    )
    chart.add_argument("--title", default="", help="default: made of what is shown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
