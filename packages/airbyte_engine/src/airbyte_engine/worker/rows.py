"""JSON records to Parquet, with the columns Airbyte adds."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from airbyte_engine.worker.column_names import landed_name

Change: TypeAlias = dict[str, str]

_META_TYPE = pa.struct(
    [
        ("sync_id", pa.int64()),
        (
            "changes",
            pa.list_(pa.struct([("field", pa.string()), ("change", pa.string()), ("reason", pa.string())])),
        ),
    ]
)
_ADDED = [
    ("_airbyte_raw_id", pa.string()),
    ("_airbyte_extracted_at", pa.timestamp("us", "UTC")),
    ("_airbyte_generation_id", pa.int64()),
    ("_airbyte_meta", _META_TYPE),
]


def arrow_type(json_schema: Mapping[str, Any]) -> pa.DataType:
    """The natural Arrow type of a JSON schema property; objects and arrays become JSON text."""
    kinds = json_schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else next((k for k in kinds if k != "null"), "string")
    if kind == "string":
        form = json_schema.get("format")
        if form == "date":
            return pa.date32()
        if form == "date-time":
            naive = json_schema.get("airbyte_type") == "timestamp_without_timezone"
            return pa.timestamp("us") if naive else pa.timestamp("us", "UTC")
    simple = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
    return simple.get(kind, pa.string())


class RecordFile:
    """One growing local Parquet file of a stream's records."""

    def __init__(
        self,
        file: Path,
        json_schema: Mapping[str, Any],
        compression: str,
        job_id: int,
        generation_id: int,
        extracted_at: dt.datetime,
    ) -> None:
        self.file = file
        self.rows = 0
        self.nulled: dict[str, tuple[int, Any]] = {}
        """By column: how many values did not fit its type, and the first of them."""
        self._types = {name: arrow_type(part) for name, part in json_schema.get("properties", {}).items()}
        self._job_id = job_id
        self._generation_id = generation_id
        self._extracted_at = extracted_at
        fields = [(landed_name(name), type_) for name, type_ in self._types.items()]
        self._writer = pq.ParquetWriter(file, pa.schema(_ADDED + fields), compression=compression)

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Append records. A value that does not fit its type becomes null, and `_airbyte_meta` lists it."""
        changes: list[list[Change]] = [[] for _ in records]
        columns = {
            landed_name(name): _column([record.get(name) for record in records], type_, name, changes)
            for name, type_ in self._types.items()
        }
        count = len(records)
        added = {
            "_airbyte_raw_id": pa.array([str(uuid.uuid4()) for _ in range(count)], pa.string()),
            "_airbyte_extracted_at": pa.array([self._extracted_at] * count, pa.timestamp("us", "UTC")),
            "_airbyte_generation_id": pa.array([self._generation_id] * count, pa.int64()),
            "_airbyte_meta": pa.array(
                [{"sync_id": self._job_id, "changes": change} for change in changes], _META_TYPE
            ),
        }
        self._writer.write_table(pa.table(added | columns))
        self.rows += count
        for record, change in zip(records, changes, strict=True):
            for name in (one["field"] for one in change):
                earlier, first = self.nulled.get(name, (0, record[name]))
                self.nulled[name] = (earlier + 1, first)

    def close(self) -> None:
        self._writer.close()


def _column(values: list[Any], type_: pa.DataType, name: str, changes: list[list[Change]]) -> pa.Array:
    if pa.types.is_string(type_):
        return pa.array([_text(value) for value in values], pa.string())
    try:
        return _converted(values, type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        fitting = []
        for value, change in zip(values, changes, strict=True):
            try:
                _converted([value], type_)
                fitting.append(value)
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
                fitting.append(None)
                change.append(
                    {"field": name, "change": "NULLED", "reason": "DESTINATION_SERIALIZATION_ERROR"}
                )
        return _converted(fitting, type_)


def _converted(values: list[Any], type_: pa.DataType) -> pa.Array:
    if pa.types.is_temporal(type_):
        return pa.array(values, pa.string()).cast(type_)
    if pa.types.is_integer(type_) and any(isinstance(v, float) and not v.is_integer() for v in values):
        raise pa.ArrowInvalid("Arrow would cut the fraction off")
    if pa.types.is_floating(type_):
        if any(isinstance(value, bool) for value in values):
            raise pa.ArrowInvalid("Arrow would make true a 1")
        # Arrow refuses every integer above 2^53, also those that are doubles.
        values = [float(v) if isinstance(v, int) and int(float(v)) == v else v for v in values]
    return pa.array(values, type_)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
