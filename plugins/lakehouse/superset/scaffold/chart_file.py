"""A chart's file: its settings, and the request that is made of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from lakehouse.superset.scaffold.asset_files import (
    ASSETS,
    ScaffoldError,
    as_text,
    read,
    title_of,
    uuid_of,
)
from lakehouse.superset.scaffold.chart_query import query_context
from lakehouse.superset.scaffold.chart_settings import Kind, Shown, settings_of
from lakehouse.superset.scaffold.dataset_file import dataset_path


@dataclass(frozen=True)
class PlannedChart:
    """A chart that is to be on a dashboard; `text` is None when its file exists and is left as it is."""

    path: Path
    uuid: str
    title: str
    kind: Kind
    text: str | None


def plan_chart(
    table: str, shown: Shown, title: str = "", assets: Path = ASSETS, pending: str | None = None
) -> PlannedChart:
    """The chart of a dataset. Writes nothing.

    Args:
        title: by default made of what is shown; the file is named after the table and the title.
        pending: text of the dataset's file, if it has not been written yet.

    Raises:
        ScaffoldError: the dataset is missing, or has no such column or metric.
    """
    dataset = _dataset(table, assets, pending)
    shown = _complete(shown, dataset)
    title = title or _title(shown, dataset)
    path = assets / "charts" / f"{_stem(table, title, shown.kind)}.yaml"
    if path.exists():
        held = read(path)
        return PlannedChart(path, held["uuid"], held["slice_name"], shown.kind, None)
    uuid = uuid_of(path.relative_to(assets).as_posix())
    settings = settings_of(shown)
    content = {
        "slice_name": title,
        "description": _description(shown, dataset),
        "certified_by": None,
        "certification_details": None,
        "viz_type": settings["viz_type"],
        "params": settings,
        "query_context": query_context(settings),
        "cache_timeout": None,
        "uuid": uuid,
        "version": "1.0.0",
        "dataset_uuid": dataset["uuid"],
    }
    return PlannedChart(path, uuid, title, shown.kind, as_text(content))


def _dataset(table: str, assets: Path, pending: str | None) -> dict[str, Any]:
    if pending is not None:
        return dict(yaml.safe_load(pending))
    path = dataset_path(table, assets)
    if not path.exists():
        raise ScaffoldError(
            f"gold.{table} has no dataset: write it first with `bin/dashboard add-dataset gold.{table}`"
        )
    return read(path)


def _complete(shown: Shown, dataset: dict[str, Any]) -> Shown:
    """With the columns and the number format that the dataset gives.

    Raises:
        ScaffoldError: something is not in the dataset, or the kind of chart lacks what it needs.
    """
    columns = [each["column_name"] for each in dataset["columns"]]
    metrics = {each["metric_name"]: each for each in dataset["metrics"]}
    times = [each["column_name"] for each in dataset["columns"] if each["is_dttm"]]
    name = dataset["table_name"]
    _refuse_unknown(f"the dataset {name}", "metric", shown.metrics, metrics)
    _refuse_unknown(f"the dataset {name}", "column", [*shown.by, *shown.columns], columns)
    if shown.time:
        _refuse_unknown(f"the dataset {name}", "date or time", [shown.time], times)
    if shown.kind is Kind.TABLE and not shown.metrics:
        return replace(shown, columns=shown.columns or tuple(columns))
    if not shown.metrics:
        raise ScaffoldError(f"a {shown.kind} needs a --metric; {name} has: {', '.join(metrics)}")
    if shown.kind is Kind.BIG_NUMBER and (len(shown.metrics) > 1 or shown.by):
        raise ScaffoldError("a big_number shows one --metric, without --by")
    if shown.kind is Kind.LINE and not shown.time:
        raise ScaffoldError(f"a line needs a --time; {name} has: {', '.join(times) or 'none'}")
    if shown.kind is Kind.BAR and not (shown.time or shown.by):
        raise ScaffoldError("a bar chart needs a --time, a --by, or both")
    return replace(shown, number_format=metrics[shown.metrics[0]].get("d3format") or ",d")


def _refuse_unknown(where: str, what: str, asked: Iterable[str], known: Iterable[str]) -> None:
    known = list(known)
    for each in asked:
        if each not in known:
            raise ScaffoldError(f"{where} has no {what} {each!r}; it has: {', '.join(known) or 'none'}")


def _title(shown: Shown, dataset: dict[str, Any]) -> str:
    names = {each["metric_name"]: each["verbose_name"] for each in dataset["metrics"]}
    table = title_of(dataset["table_name"])
    if not shown.metrics:
        return table
    measured = ", ".join(names[metric] or metric for metric in shown.metrics)
    parts = [f"{table}: {measured.lower()}"]
    if shown.by:
        parts.append("by " + " and ".join(title_of(each).lower() for each in shown.by))
    if shown.time and shown.kind in (Kind.LINE, Kind.BAR):
        parts.append(f"per {shown.grain.name.lower()}")
    return " ".join(parts)


def _description(shown: Shown, dataset: dict[str, Any]) -> str:
    described = {each["metric_name"]: each["description"] for each in dataset["metrics"]}
    return " ".join(described[each] for each in shown.metrics if described[each]) or dataset["description"]


def _stem(table: str, title: str, kind: Kind) -> str:
    words = "_".join(re.findall(r"[a-z0-9]+", title.lower()))
    return f"{words if words.startswith(table) else f'{table}_{words}'}_{kind}"
