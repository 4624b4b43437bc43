"""A dataset: the columns of a gold table, a count of its rows, and the sum of each number."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from lakehouse.superset.scaffold.asset_files import (
    ASSETS,
    ScaffoldError,
    as_text,
    changed_text,
    read,
    title_of,
    uuid_of,
)
from lakehouse.superset.scaffold.gold_table import SCHEMA, Column, GoldTable

COUNT: Final = "row_count"


def dataset_path(table: str, assets: Path = ASSETS) -> Path:
    """Where the dataset of `gold.<table>` is."""
    return assets / "datasets" / "Lakehouse" / f"{table}.yaml"


def plan_dataset(table: GoldTable, assets: Path = ASSETS) -> dict[Path, str]:
    """The dataset's file and its text; nothing if it has all columns already. Writes nothing.

    A file that exists keeps all that it says; columns that it lacks are added at the end.

    Raises:
        ScaffoldError: the file is another table's dataset, or cannot be written again as it is.
    """
    path = dataset_path(table.name, assets)
    if not path.exists():
        head = f"# {SCHEMA}.{table.name}, built by the dbt model of the same name.\n"
        return {path: as_text(_dataset(table, path, assets), head)}
    content = read(path)
    if (content.get("schema"), content.get("table_name")) != (SCHEMA, table.name):
        raise ScaffoldError(f"{path.name} is a dataset of another table: rename it first")
    held = {column["column_name"] for column in content["columns"]}
    new = [column for column in table.columns if column.name not in held]
    if not new:
        return {}
    content["columns"] += [_column(column) for column in new]
    held = {metric["metric_name"] for metric in content.get("metrics") or []}
    sums = [_sum(column) for column in new if column.is_measure and _sum_name(column) not in held]
    content["metrics"] = [*(content.get("metrics") or []), *sums]
    return {path: changed_text(path, content)}


def gone_columns(table: GoldTable, assets: Path = ASSETS) -> list[str]:
    """Columns of the dataset's file that the table does not have; calculated ones are not counted."""
    path = dataset_path(table.name, assets)
    if not path.exists():
        return []
    known = {column.name for column in table.columns}
    columns = read(path)["columns"]
    return [
        each["column_name"]
        for each in columns
        if each["column_name"] not in known and not each.get("expression")
    ]


def _dataset(table: GoldTable, path: Path, assets: Path) -> dict[str, Any]:
    return {
        "table_name": table.name,
        "main_dttm_col": table.main_time,
        "description": table.description,
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "catalog": None,
        "schema": SCHEMA,
        "sql": None,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "normalize_columns": False,
        "always_filter_main_dttm": False,
        "uuid": uuid_of(path.relative_to(assets).as_posix()),
        "metrics": [
            _metric(COUNT, "Rows", "COUNT(*)", f"Number of rows of {SCHEMA}.{table.name}.", ",d"),
            *(_sum(column) for column in table.columns if column.is_measure),
        ],
        "columns": [_column(column) for column in table.columns],
        "version": "1.0.0",
        "database_uuid": _database_uuid(assets),
    }


def _column(column: Column) -> dict[str, Any]:
    return {
        "column_name": column.name,
        "verbose_name": title_of(column.name),
        "type": column.type,
        "is_dttm": column.is_time,
        "is_active": True,
        "groupby": not column.is_measure,
        "filterable": True,
        "expression": None,
        "description": column.description,
        "python_date_format": None,
        "extra": {},
    }


def _sum_name(column: Column) -> str:
    return f"sum_{column.name}"


def _sum(column: Column) -> dict[str, Any]:
    whole = column.type in ("BIGINT", "INTEGER", "INT")
    return _metric(
        _sum_name(column),
        title_of(column.name),
        # Quoted, because a column may be named with a reserved word.
        f'SUM("{column.name}")',
        f"Sum of {column.name}. {column.description}".strip(),
        ",d" if whole else ",.2f",
    )


def _metric(name: str, shown: str, expression: str, description: str, number_format: str) -> dict[str, Any]:
    return {
        "metric_name": name,
        "verbose_name": shown,
        "metric_type": None,
        "expression": expression,
        "description": description,
        "d3format": number_format,
        "extra": {},
        "warning_text": None,
    }


def _database_uuid(assets: Path) -> str:
    databases = sorted((assets / "databases").glob("*.yaml"))
    if len(databases) != 1:
        raise ScaffoldError(f"{assets / 'databases'} has {len(databases)} files: there must be one database")
    return str(read(databases[0])["uuid"])
