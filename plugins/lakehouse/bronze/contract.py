"""Stream contracts: what a row of a stream must look like to enter bronze (`include/contracts/*.yaml`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import yaml

from lakehouse.errors import PermanentError
from lakehouse.repository import INCLUDE

CONTRACTS: Final = INCLUDE / "contracts"

EXTRACTED_AT: Final = "_airbyte_extracted_at"
SYNC_ID: Final = "_airbyte_sync_id"
LINEAGE: Final = (pa.field(EXTRACTED_AT, pa.timestamp("us")), pa.field(SYNC_ID, pa.int64()))
"""Columns every bronze table carries after those of its contract: when and by which job a row came."""

_SIMPLE_TYPES: Final[Mapping[str, pa.DataType]] = {
    "bigint": pa.int64(),
    "int": pa.int32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "varchar": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
_DECIMAL: Final = re.compile(r"^decimal\((\d+),\s*(\d+)\)$")


class ContractError(PermanentError):
    """A contract file is wrong, or there is none for the stream."""


class Mode(StrEnum):
    """How the stream arrives: changes only, or all rows each time."""

    INCREMENTAL = "incremental"
    FULL_REFRESH = "full_refresh"


class NewColumns(StrEnum):
    """What to do with landing columns the contract does not know."""

    IGNORE = "ignore"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Column:
    """One column's type and rules; a rule that is None does not apply."""

    name: str
    type: pa.DataType
    required: bool = False
    minimum: object = None
    maximum: object = None
    above: object = None
    one_of: tuple[str, ...] | None = None

    @property
    def has_rules(self) -> bool:
        """Can a value of the right type still be refused?"""
        return self.required or any(
            rule is not None for rule in (self.minimum, self.maximum, self.above, self.one_of)
        )


@dataclass(frozen=True)
class Contract:
    """What a stream's rows must look like, how they are told apart, and how many may be bad."""

    stream: str
    source: str
    grain: str
    mode: Mode
    key: tuple[str, ...]
    cursor: str | None
    new_columns: NewColumns
    max_bad_rows: int
    max_bad_share: float
    columns: tuple[Column, ...] = field(repr=False)

    @property
    def schema(self) -> pa.Schema:
        """The schema of the stream's bronze files."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns] + list(LINEAGE))

    def allowed_bad_rows(self, rows_in: int) -> int:
        """How many rows of so many may be quarantined before the stage fails."""
        return max(self.max_bad_rows, int(rows_in * self.max_bad_share))


def load_contract(stream: str, folder: Path = CONTRACTS) -> Contract:
    """The contract of a stream.

    Raises:
        ContractError: there is none, or it is wrong; the message names file and field.
    """
    path = folder / f"{stream}.yaml"
    if not path.exists():
        raise ContractError(f"stream {stream} has no contract: write include/contracts/{stream}.yaml")
    return parse_contract(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)


def load_contracts(folder: Path = CONTRACTS) -> tuple[Contract, ...]:
    """Every contract, ordered by stream."""
    return tuple(load_contract(path.stem, folder) for path in sorted(folder.glob("*.yaml")))


def parse_contract(text: Mapping[str, Any], file_name: str) -> Contract:
    """A contract from the mapping its file holds."""
    try:
        columns = tuple(_column(name, rules or {}) for name, rules in text["columns"].items())
        limit = text["quarantine"]
        contract = Contract(
            stream=text["stream"],
            source=text["source"],
            grain=text["grain"],
            mode=Mode(text["mode"]),
            key=tuple(text["key"]),
            cursor=text.get("cursor"),
            new_columns=NewColumns(text["new_columns"]),
            max_bad_rows=int(limit["max_rows"]),
            max_bad_share=float(limit["max_share"]),
            columns=columns,
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise ContractError(f"include/contracts/{file_name}: {type(error).__name__}: {error}") from error
    _check(contract, file_name)
    return contract


def _check(contract: Contract, file_name: str) -> None:
    by_name = {column.name: column for column in contract.columns}
    decisive = [*contract.key, *([contract.cursor] if contract.cursor else [])]
    problems = [f"{name} is not among the columns" for name in decisive if name not in by_name]
    problems += [
        f"{name} decides which row survives and must be required"
        for name in decisive
        if name in by_name and not by_name[name].required
    ]
    if not contract.key:
        problems.append("a contract needs a key")
    if contract.mode is Mode.INCREMENTAL and not contract.cursor:
        problems.append("an incremental stream needs a cursor")
    if f"{contract.stream}.yaml" != file_name:
        problems.append(f"the file must be called {contract.stream}.yaml")
    if problems:
        raise ContractError(f"include/contracts/{file_name}: {'; '.join(problems)}")


def _column(name: str, rules: Mapping[str, Any]) -> Column:
    if unknown := set(rules) - {"type", "required", "min", "max", "above", "one_of", "description"}:
        raise ValueError(f"column {name} has unknown rules: {', '.join(sorted(unknown))}")
    data_type = _data_type(rules["type"])
    return Column(
        name=name,
        type=data_type,
        required=bool(rules.get("required", False)),
        minimum=_bound(rules.get("min"), data_type),
        maximum=_bound(rules.get("max"), data_type),
        above=_bound(rules.get("above"), data_type),
        one_of=tuple(rules["one_of"]) if "one_of" in rules else None,
    )


def _data_type(text: str) -> pa.DataType:
    if match := _DECIMAL.match(text):
        return pa.decimal128(int(match[1]), int(match[2]))
    try:
        return _SIMPLE_TYPES[text]
    except KeyError:
        known = ", ".join([*_SIMPLE_TYPES, "decimal(p,s)"])
        raise ValueError(f"unknown type {text}; there are: {known}") from None


def _bound(value: Any, data_type: pa.DataType) -> object:
    if value is None:
        return None
    if pa.types.is_decimal(data_type):
        return Decimal(str(value))
    if pa.types.is_timestamp(data_type) and isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # naive UTC, as in bronze
    return value
