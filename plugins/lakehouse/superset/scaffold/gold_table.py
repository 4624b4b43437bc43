"""A gold table as its dbt model describes it: what a dataset is made of, whether or not the table exists."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.platform.repository import INCLUDE
from lakehouse.superset.scaffold.asset_files import ScaffoldError

SCHEMA: Final = "gold"
MODELS: Final = INCLUDE / "dbt" / "models" / SCHEMA
_NUMBERS: Final = frozenset({"BIGINT", "INTEGER", "INT", "DECIMAL", "DOUBLE", "FLOAT"})
_TIMES: Final = frozenset({"DATE", "TIMESTAMP"})
_PARTS_OF_A_DATE: Final = frozenset({"year", "month", "day"})


@dataclass(frozen=True)
class Column:
    """A column; `type` is Dremio's word without precision, such as DECIMAL."""

    name: str
    type: str
    description: str
    is_key: bool = False

    @property
    def is_time(self) -> bool:
        return self.type in _TIMES

    @property
    def is_measure(self) -> bool:
        """Is it a number that makes sense as a sum? A key, a reference or a part of a date is not."""
        named_as_key = re.search(r"(^|_)(id|key|lsn)$", self.name) is not None
        return (
            self.type in _NUMBERS
            and not self.is_key
            and not named_as_key
            and self.name not in _PARTS_OF_A_DATE
        )


@dataclass(frozen=True)
class GoldTable:
    """A table of gold and its columns, in order."""

    name: str
    description: str
    columns: tuple[Column, ...]

    @property
    def main_time(self) -> str | None:
        """The first column that is a date or a time."""
        return next((column.name for column in self.columns if column.is_time), None)


def read_gold_table(name: str, models: Path = MODELS) -> GoldTable:
    """The table `gold.<name>` from the .yml of its model.

    Raises:
        ScaffoldError: no such model, or a column without its data_type.
    """
    schema, _, table = name.rpartition(".")
    if schema not in ("", SCHEMA):
        raise ScaffoldError(
            f"{name} is not a table of gold: only these have a dbt model to read columns from"
        )
    found = sorted(models.rglob(f"{table}.yml"))
    if len(found) != 1:
        known = ", ".join(sorted(f"{SCHEMA}.{file.stem}" for file in models.rglob("*.yml")))
        raise ScaffoldError(f"{SCHEMA}.{table} has no .yml below {models}; there are: {known}")
    described = yaml.safe_load(found[0].read_text(encoding="utf-8"))["models"]
    model = next((each for each in described if each["name"] == table), None)
    if model is None:
        raise ScaffoldError(f"{found[0]} does not describe the model {table}")
    return gold_table(model)


def gold_table(model: dict[str, Any]) -> GoldTable:
    """The table of a model, given as in its .yml.

    Raises:
        ScaffoldError: no columns, or one without its data_type.
    """
    columns = []
    for column in model.get("columns") or []:
        if not column.get("data_type"):
            raise ScaffoldError(
                f"the column {column['name']} of {model['name']} has no data_type in its .yml"
            )
        kind = re.sub(r"\(.*", "", str(column["data_type"])).strip().upper()
        is_key = "unique" in (column.get("data_tests") or [])
        columns.append(Column(column["name"], kind, _one_line(column.get("description")), is_key))
    if not columns:
        raise ScaffoldError(f"the .yml of {model['name']} lists no columns")
    return GoldTable(model["name"], _one_line(model.get("description")), tuple(columns))


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())
