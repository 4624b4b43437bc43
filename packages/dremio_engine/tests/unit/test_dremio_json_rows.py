"""Values of a result to JSON: whatever a column holds, the answer is JSON and says that value."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from dremio_engine.rest.json_rows import rows_json
from dremio_engine.sql.data_types.types import client_type, rest_type


def shown(values: Any) -> Any:
    """One column's values as a client reads them; a bare NaN or Infinity is an error."""

    def not_json(token: str) -> None:
        raise ValueError(f"{token} is not JSON")

    rows = json.loads(rows_json(pa.table({"a": values})), parse_constant=not_json, parse_float=Decimal)
    return [row["a"] for row in rows]


MILLISECONDS = 1000
DAY = 86_400_000


def test_numbers_for_which_json_has_no_number_are_texts() -> None:
    values = [float("nan"), float("inf"), float("-inf"), 0.5, None]
    for kind in (pa.float32(), pa.float64()):
        found = shown(pa.array(values, kind))
        assert found == ["NaN", "Infinity", "-Infinity", Decimal("0.5"), None]


def test_they_are_texts_inside_lists_structs_and_maps_too() -> None:
    nested = [[float("nan"), 1.0]]
    assert shown(pa.array(nested, pa.list_(pa.float64()))) == [["NaN", 1]]
    assert shown(pa.array([{"b": float("inf")}], pa.struct([("b", pa.float64())]))) == [{"b": "Infinity"}]
    of_texts = pa.map_(pa.string(), pa.float64())
    assert shown(pa.array([[("k", float("-inf"))]], of_texts)) == [{"k": "-Infinity"}]


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [
        (0, "1970-01-01 00:00:00.000"),
        (-1, "1969-12-31 23:59:59.999"),
        (253402300799999, "9999-12-31 23:59:59.999"),
        (253402300800000, "10000-01-01 00:00:00.000"),
        (9224318015999999, "294276-12-31 23:59:59.999"),
        (-62135596800001, "0000-12-31 23:59:59.999"),
        (-62167219200001, "-0001-12-31 23:59:59.999"),
        (-210866803200000, "-4713-11-24 00:00:00.000"),
    ],
)
def test_times_outside_pythons_years_are_written_out(milliseconds: int, expected: str) -> None:
    assert shown(pa.array([milliseconds, None], pa.timestamp("ms"))) == [expected, None]
    assert shown(pa.array([[milliseconds]], pa.list_(pa.timestamp("ms")))) == [[expected]]
    days = milliseconds // DAY
    assert shown(pa.array([days * DAY], pa.date64())) == [expected.split(" ")[0]]
    assert shown(pa.array([days], pa.date32())) == [expected.split(" ")[0]]


def test_the_last_number_of_a_column_of_times_is_a_time_as_well() -> None:
    """DuckDB's infinity, and Arrow's largest number."""
    assert shown(pa.array([2**63 - 1], pa.timestamp("us"))) == ["294247-01-10 04:00:54.775"]
    assert shown(pa.array([2**31 - 1], pa.date32())) == ["5881580-07-11"]


def test_other_values_keep_their_forms() -> None:
    assert shown(pa.array([Decimal("12345678901234567890.10")])) == [Decimal("12345678901234567890.10")]
    assert shown(pa.array([dt.time(1, 2, 3, 4567)], pa.time64("us"))) == ["01:02:03.004"]
    assert shown(pa.array([b"\x00\xff"], pa.binary())) == ["AP8="]
    assert shown(pa.array([True, None])) == [True, None]
    assert shown(pa.array([2**63 - 1])) == [2**63 - 1]
    assert shown(pa.array([[(1, "one")]], pa.map_(pa.int64(), pa.string()))) == [{"1": "one"}]
    assert rows_json(pa.table({})) == "[]"


@pytest.mark.parametrize(
    ("value", "kind", "written"),
    [
        ([("a", 1)], pa.map_(pa.string(), pa.int32()), {"a": 1}),
        ([], pa.map_(pa.string(), pa.int32()), {}),
        (None, pa.map_(pa.string(), pa.int32()), None),
        (
            [(1, [{"x": True}])],
            pa.map_(pa.int32(), pa.list_(pa.struct([("x", pa.bool_())]))),
            {"1": [{"x": True}]},
        ),
        ([(True, "a")], pa.map_(pa.bool_(), pa.string()), {"true": "a"}),
        ({"a": [1, None]}, pa.struct([("a", pa.list_(pa.int32()))]), {"a": [1, None]}),
    ],
)
def test_lists_structs_and_maps_are_json(value: object, kind: pa.DataType, written: object) -> None:
    assert json.loads(rows_json(pa.table([pa.array([value], kind)], ["c"]))) == [{"c": written}]


def test_a_map_is_described_by_its_entries() -> None:
    kind = client_type(pa.map_(pa.string(), pa.timestamp("us")))
    assert kind == pa.map_(pa.string(), pa.timestamp("ms"))
    entry = [{"name": "key", "type": {"name": "VARCHAR"}}, {"name": "value", "type": {"name": "TIMESTAMP"}}]
    assert rest_type(kind) == {
        "name": "MAP",
        "subSchema": [{"type": {"name": "STRUCT", "subSchema": entry}}],
    }
