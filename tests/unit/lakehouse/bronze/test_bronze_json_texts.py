"""Lists and objects of a source enter `varchar` columns as JSON text, exactly and always in the same way."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.casting import cast_column
from lakehouse.bronze.contract_file import parse_contract
from lakehouse.bronze.partition_builder import build_partition
from lakehouse.landing.reader import LandingReader
from testing.lakehouse.landing_files import land

POINT = pa.struct([("x", pa.int64()), ('na"me', pa.string()), ("tags", pa.list_(pa.string()))])


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (pa.list_(pa.string()), [], "[]"),
        (pa.list_(pa.string()), ["a", 'b,"{c}', None, "ë"], '["a", "b,\\"{c}", null, "ë"]'),
        (pa.list_(pa.int64()), [2**63 - 1, None], f"[{2**63 - 1}, null]"),
        (pa.list_(pa.float64()), [1.5, float("inf"), float("nan")], '[1.5, "inf", "nan"]'),
        (pa.list_(pa.decimal128(38, 2)), [Decimal("0.10"), Decimal(10**35)], f"[0.10, {10**35}.00]"),
        (pa.list_(pa.bool_()), [True, False], "[true, false]"),
        (pa.list_(pa.date32()), [date(2025, 10, 16)], '["2025-10-16"]'),
        (pa.list_(pa.timestamp("us")), [datetime(2025, 10, 16, 1, 2)], '["2025-10-16T01:02:00.000000"]'),
        (
            pa.list_(pa.timestamp("us", "UTC")),
            [datetime(2025, 10, 16, 1, 2, tzinfo=UTC)],
            '["2025-10-16T01:02:00.000000Z"]',
        ),
        (pa.list_(pa.binary()), [b"\x00\xff"], '["AP8="]'),
        (pa.list_(pa.list_(pa.int32())), [[1, 2], [], None], "[[1, 2], [], null]"),
        (
            POINT,
            {"x": 1, 'na"me': None, "tags": ["t"]},
            '{"x": 1, "na\\"me": null, "tags": ["t"]}',
        ),
        (
            pa.list_(POINT),
            [{"x": None, 'na"me': "n", "tags": None}, None],
            '[{"x": null, "na\\"me": "n", "tags": null}, null]',
        ),
    ],
)
def test_a_list_or_object_becomes_its_json_text(kind: pa.DataType, value: Any, text: str) -> None:
    values = pa.array([None, value, None, value], kind)
    for array, expected in ((values, [None, text, None, text]), (values.slice(1, 2), [text, None])):
        casted, failed = cast_column(array, pa.string())
        assert (casted.to_pylist(), failed) == (expected, None)
    json.loads(text)


def test_what_has_no_json_is_refused_and_the_rest_is_not() -> None:
    """A map is not written by Airbyte; nothing may guess its form."""
    casted, failed = cast_column(pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), pa.string())
    assert (casted.to_pylist(), failed.to_pylist()) == ([None, None], [True, False])


def test_a_list_is_no_number() -> None:
    casted, failed = cast_column(pa.array([[1], None], pa.list_(pa.int64())), pa.int64())
    assert (casted.to_pylist(), failed.to_pylist()) == ([None, None], [True, False])


def test_a_column_of_lists_passes_its_contract(tmp_path: Path) -> None:
    """Whatever rules the column has, and if another file of the date brings it as text already."""
    contract = parse_contract(
        {
            "stream": "things",
            "source": "cafe_postgres",
            "grain": "One row per thing.",
            "mode": "full_refresh",
            "key": ["id"],
            "new_columns": "ignore",
            "quarantine": {"max_rows": 0, "max_share": 0},
            "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
            "columns": {
                "id": {"type": "bigint", "required": True},
                "tags": {"type": "varchar", "required": True},
            },
        },
        "things.yaml",
    )
    number = pa.field("id", pa.int64())
    lists = land(
        tmp_path, "a", [{"id": 1, "tags": ["a", "b"]}], [number, pa.field("tags", pa.list_(pa.string()))]
    )
    texts = land(tmp_path, "b", [{"id": 2, "tags": '["c"]'}], [number, pa.field("tags", pa.string())])
    built = build_partition(contract, LandingReader([lists, texts]), tmp_path)
    rows = pq.read_table(built.parts[0].path).to_pylist()
    assert [row["tags"] for row in rows] == ['["a", "b"]', '["c"]']
    assert built.rows_quarantined == 0
