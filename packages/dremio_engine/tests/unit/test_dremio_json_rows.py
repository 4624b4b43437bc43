"""Rows as Dremio's REST API writes them."""

import json

import pyarrow as pa
import pytest

from dremio_engine.rest.json_rows import rows_json
from dremio_engine.sql.types import client_type, rest_type


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
