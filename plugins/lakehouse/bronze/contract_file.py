"""Reading contract files (`include/contracts/*.yaml`): their form, checked field by field.

The form needs pydantic, half a second to import: what Airflow parses does without this module.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from lakehouse.bronze.contract import (
    CDC_COLUMNS,
    CDC_LSN,
    Column,
    Contract,
    ContractError,
    Mode,
    NewColumns,
    Nulled,
    OnTies,
    SourceForm,
    ZeroRows,
)
from lakehouse.bronze.declared import CONTRACTS

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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ColumnRules(_Part):
    type: str
    required: bool = False
    min: Any = None
    max: Any = None
    above: Any = None
    one_of: Annotated[tuple[str, ...] | None, Field(min_length=1)] = None
    nulled: Nulled = Nulled.REFUSE
    description: str = ""

    @model_validator(mode="after")
    def _rules_fit_the_type(self) -> _ColumnRules:
        data_type = _data_type(self.type)
        if self.one_of is not None and not pa.types.is_string(data_type):
            raise ValueError(f"one_of is for varchar, not for {self.type}")
        for name in ("min", "max", "above"):
            value = getattr(self, name)
            if isinstance(value, float) and math.isnan(value):
                raise ValueError(f"{name}: a bound of NaN would refuse nothing")
            try:
                pa.scalar(_bound(value, data_type), data_type)
            except (pa.ArrowException, TypeError, ValueError, ArithmeticError) as error:
                raise ValueError(f"{name}: {value!r} is not of type {self.type}") from error
        return self


class _Quarantine(_Part):
    max_rows: Annotated[int, Field(ge=0)]
    max_share: Annotated[float, Field(ge=0, le=1)]


class _ExpectedVolume(_Part):
    min_rows: Annotated[int, Field(ge=0)]
    zero_rows: ZeroRows


class _ContractFile(_Part):
    stream: str
    source: str
    grain: str
    mode: Mode
    key: tuple[str, ...]
    cursor: str | None = None
    new_columns: NewColumns
    quarantine: _Quarantine
    expected_volume: _ExpectedVolume
    also_as: SourceForm | None = None
    ties: OnTies = OnTies.ALLOW
    newest_view: bool = False
    columns: dict[str, _ColumnRules]

    @model_validator(mode="after")
    def _key_and_cursor_decide(self) -> _ContractFile:
        problems = []
        for name in [*self.key, *([self.cursor] if self.cursor else [])]:
            if name not in self.columns:
                problems.append(f"{name} is not among the columns")
            elif not self.columns[name].required:
                problems.append(f"{name} decides which row survives and must be required")
        if not self.key and self.mode is not Mode.FULL_REFRESH:
            problems.append(
                f"key: [] is for mode full_refresh; the rows of {self.mode} streams are told apart by a key"
            )
        if self.mode is Mode.INCREMENTAL and not self.cursor:
            problems.append("an incremental stream needs a cursor")
        if self.newest_view and not self.key:
            problems.append("newest_view needs a key: without one no row is a version of another")
        if self.mode is Mode.CDC and self.newest_view:
            problems.append("every cdc stream has a view of the newest versions: leave newest_view out")
        if self.mode is Mode.CDC and self.cursor:
            problems.append(f"the cursor of a cdc stream is {CDC_LSN}: leave it out")
        if reserved := sorted(name for name in self.columns if name.startswith(("_airbyte_", "_ab_cdc_"))):
            problems.append(f"{', '.join(reserved)}: Airbyte's own columns are added by themselves")
        if problems:
            raise ValueError("; ".join(problems))
        return self


def load_contract(stream: str, folder: Path = CONTRACTS) -> Contract:
    """The contract of a stream.

    Raises:
        ContractError: there is none, or it is wrong; the message names file and field.
    """
    path = folder / f"{stream}.yaml"
    if not path.exists():
        raise ContractError(f"stream {stream} has no contract: write {shown_path(path)}")
    try:
        text = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ContractError(f"{shown_path(path)} is not YAML: {error}") from error
    return parse_contract(text, path.name, shown_path(path))


def load_contracts(folder: Path = CONTRACTS) -> tuple[Contract, ...]:
    """Every contract, ordered by stream."""
    return tuple(load_contract(path.stem, folder) for path in sorted(folder.glob("*.yaml")))


def parse_contract(text: Mapping[str, Any], file_name: str, shown: str | None = None) -> Contract:
    """A contract from the mapping its file holds.

    Args:
        text: the mapping.
        file_name: the file must be named after its stream.
        shown: how errors name the file; None: as one of the night's.

    Raises:
        ContractError: naming the file and every wrong field.
    """
    shown = shown or f"include/contracts/{file_name}"
    try:
        parsed = _ContractFile.model_validate(text)
    except ValidationError as error:
        raise ContractError(f"{shown}: {_one_line(error)}") from error
    if f"{parsed.stream}.yaml" != file_name:
        raise ContractError(f"{shown}: stream: the file must be called {parsed.stream}.yaml")
    is_cdc = parsed.mode is Mode.CDC
    columns = tuple(
        _column(name, rules, in_deletions=not is_cdc or name in parsed.key)
        for name, rules in parsed.columns.items()
    )
    return Contract(
        stream=parsed.stream,
        source=parsed.source,
        grain=parsed.grain,
        mode=parsed.mode,
        key=parsed.key,
        cursor=CDC_LSN if is_cdc else parsed.cursor,
        new_columns=parsed.new_columns,
        max_bad_rows=parsed.quarantine.max_rows,
        max_bad_share=parsed.quarantine.max_share,
        min_rows=parsed.expected_volume.min_rows,
        zero_rows=parsed.expected_volume.zero_rows,
        source_form=parsed.also_as,
        newest_view=is_cdc or parsed.newest_view,
        columns=(*columns, *(CDC_COLUMNS if is_cdc else ())),
        ties=parsed.ties,
    )


def shown_path(path: Path) -> str:
    """The file as errors name it: `include/contracts/orders.yaml`."""
    below = path.relative_to(CONTRACTS) if path.is_relative_to(CONTRACTS) else Path(path.name)
    return f"include/contracts/{below.as_posix()}"


def _one_line(error: ValidationError) -> str:
    """`columns.amount.type: ...`, one after the other."""
    return "; ".join(
        ": ".join(
            [
                *([".".join(str(part) for part in each["loc"])] if each["loc"] else []),
                each["msg"].removeprefix("Value error, "),
            ]
        )
        for each in error.errors()
    )


def _column(name: str, rules: _ColumnRules, in_deletions: bool) -> Column:
    data_type = _data_type(rules.type)
    return Column(
        name=name,
        type=data_type,
        required=rules.required,
        minimum=_bound(rules.min, data_type),
        maximum=_bound(rules.max, data_type),
        above=_bound(rules.above, data_type),
        one_of=rules.one_of,
        in_deletions=in_deletions,
        may_be_nulled=rules.nulled is Nulled.ALLOW,
    )


def _data_type(text: str) -> pa.DataType:
    if match := _DECIMAL.match(text):
        return pa.decimal128(int(match[1]), int(match[2]))
    try:
        return _SIMPLE_TYPES[text]
    except KeyError:
        known = ", ".join([*_SIMPLE_TYPES, "decimal(p,s)"])
        raise ValueError(f"unknown type {text}; there are: {known}") from None


def _bound(value: Any, data_type: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_decimal(data_type):
        return Decimal(str(value))
    if pa.types.is_timestamp(data_type) and isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # naive UTC, as in bronze
    return value
