"""Parquet files of a folder to what lands, without a store."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airbyte_engine.worker.files.errors import UnreadableFileError
from airbyte_engine.worker.files.parquet_files import parquet_records

NOON = dt.datetime(2025, 10, 16, 12, 30, 0, 250_000)


def _file(table: pa.Table) -> io.BytesIO:
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=2)
    file.seek(0)
    return file


def _read(
    table: pa.Table, url: str = "a.parquet", **form: Any
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    with parquet_records(_file(table), url, {"filetype": "parquet"} | form) as found:
        return found.schema, list(found)


@pytest.mark.parametrize(
    ("values", "schema", "landed"),
    [
        (pa.array([1, None], pa.int16()), {"type": "integer"}, [1, None]),
        (pa.array([1.5, None], pa.float32()), {"type": "number"}, [1.5, None]),
        (pa.array([True, None]), {"type": "boolean"}, [True, None]),
        (pa.array(["a", None], pa.large_string()), {"type": "string"}, ["a", None]),
        (pa.array([b"a", None]), {"type": "string"}, ["a", None]),
        (
            pa.array([Decimal("1.10"), None], pa.decimal128(20, 2)),
            {"type": "string"},
            ["1.10", None],
        ),
        (
            pa.array([NOON, None], pa.timestamp("ns")),
            {"type": "string", "format": "date-time"},
            ["2025-10-16 12:30:00.250000Z", None],
        ),
        (
            pa.array([NOON, None], pa.timestamp("ms", "Europe/Berlin")),
            {"type": "string", "format": "date-time"},
            ["2025-10-16 12:30:00.250000Z", None],
        ),
        (pa.array([NOON.date(), None]), {"type": "string", "format": "date"}, ["2025-10-16", None]),
        (pa.array([dt.time(7, 5), None], pa.time32("s")), {"type": "string"}, ["07:05:00", None]),
        (pa.array(["x", None]).dictionary_encode(), {"type": "string"}, ["x", None]),
        (
            pa.array([[NOON.date()], [], None], pa.list_(pa.date32())),
            {"type": "array"},
            [["2025-10-16"], [], None],
        ),
        (
            pa.array([{"a": 1, "b": [Decimal("1.5")]}, None]),
            {"type": "object"},
            [{"a": 1, "b": ["1.5"]}, None],
        ),
        (
            pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())),
            {"type": "object"},
            [{"k": 1}, None],
        ),
    ],
)
def test_each_type_lands_as_airbyte_gives_it(
    values: pa.Array, schema: dict[str, str], landed: list[Any]
) -> None:
    found, rows = _read(pa.table({"value": values}))
    assert found == {"value": schema}
    assert [row["value"] for row in rows] == landed


def test_decimals_may_be_numbers() -> None:
    table = pa.table({"price": pa.array([Decimal("1.10")], pa.decimal128(20, 2))})
    assert _read(table, decimal_as_float=True) == ({"price": {"type": "number"}}, [{"price": 1.1}])


def test_folders_that_name_a_value_are_columns() -> None:
    schema, rows = _read(pa.table({"id": [1]}), "sales/year=2025/area=a%20b/x.parquet")
    assert schema == {"id": {"type": "integer"}, "year": {"type": "string"}, "area": {"type": "string"}}
    assert rows == [{"id": 1, "year": "2025", "area": "a b"}]


def test_every_row_group_is_read_and_a_file_without_rows_has_its_schema() -> None:
    assert [row["id"] for row in _read(pa.table({"id": [1, 2, 3, 4, 5]}))[1]] == [1, 2, 3, 4, 5]
    assert _read(pa.table({"id": pa.array([], pa.int64())})) == ({"id": {"type": "integer"}}, [])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no parquet", "it is not Parquet"),
        (b"", "it is not Parquet"),
        (_file(pa.table({"id": [1]})).getvalue()[:-9], "it is not Parquet"),
        (_file(pa.table({"id": [1], "Id": [2]})).getvalue(), "differ only in case"),
        (_file(pa.table({"_airbyte_meta": [1]})).getvalue(), "has the name of one that Airbyte adds"),
    ],
)
def test_a_file_that_cannot_land_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    with (
        pytest.raises(UnreadableFileError, match=said),
        parquet_records(io.BytesIO(content), "a.parquet", {}) as found,
    ):
        list(found)
