"""A column that was renamed, dropped, respelled or retyped is told as that, and not as so many bad rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.contract import Column, Contract
from lakehouse.bronze.contract_file import parse_contract
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.bronze.rejection import broken_contract, is_refused
from lakehouse.landing.reader import LandingReader
from testing.lakehouse.landing_files import land

ID = pa.field("id", pa.int64())
COST = pa.field("cost", pa.decimal128(12, 2))
NOTE = pa.field("note", pa.string())


def contract(**columns: dict[str, Any]) -> Contract:
    return parse_contract(
        {
            "stream": "things",
            "source": "cafe_postgres",
            "grain": "One row per thing.",
            "mode": "full_refresh",
            "key": ["id"],
            "new_columns": "ignore",
            "quarantine": {"max_rows": 0, "max_share": 0},
            "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
            "columns": {"id": {"type": "bigint", "required": True}}
            | (columns or {"cost": {"type": "decimal(12,2)", "required": True}, "note": {"type": "varchar"}}),
        },
        "things.yaml",
    )


def build(
    folder: Path, *files: list[pa.Field], agreed: Contract | None = None, **values: Any
) -> BuiltPartition:
    """A partition of three rows for each list of columns."""
    landed = []
    for number, fields in enumerate(files):
        rows = [
            {
                field.name: number * 10 + row if field.name == "id" else values.get(field.name)
                for field in fields
            }
            for row in range(3)
        ]
        landed.append(land(folder, f"file_{number}", rows, fields))
    return build_partition(agreed or contract(), LandingReader(landed), folder)


def error(built: BuiltPartition) -> str:
    assert is_refused(contract(), built)
    return str(broken_contract(contract(), built, "2025-10-16", "s3://lake/bad", "landing/things/"))


def test_a_renamed_column_stands_at_the_head_of_the_error(tmp_path: Path) -> None:
    """It was told as "65 of 65 rows break"."""
    built = build(tmp_path, [ID, pa.field("unit_cost", pa.decimal128(12, 2)), NOTE])
    assert built.column_changes == ("cost is absent", "unit_cost is new")
    assert error(built).startswith(
        "stream things, 2025-10-16: cost is absent; unit_cost is new; "
        "3 of 3 rows break include/contracts/things.yaml"
    )
    [reason, *_] = pq.read_table(built.quarantine.path)["reason"].to_pylist()
    assert reason == "cost: the column is missing (new: unit_cost)"
    assert built.reasons == {"cost": 3}


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ([ID, COST, NOTE], ()),
        ([ID, NOTE], ("cost is absent",)),
        ([ID, COST], ("note is absent",)),
        ([ID, COST, pa.field("remark", pa.string())], ("note is absent", "remark is new")),
        ([ID, COST, NOTE, pa.field("more", pa.string())], ()),
        (
            [ID, pa.field("a", pa.string()), pa.field("b{}", pa.string())],
            ("cost is absent", "note is absent", "a, b{} are new"),
        ),
        ([ID, pa.field("Cost", COST.type), NOTE], ("cost is Cost now, in other letter case",)),
        (
            [ID, pa.field("COST", COST.type), pa.field("x", pa.string())],
            ("cost is COST now, in other letter case", "note is absent", "x is new"),
        ),
    ],
)
def test_what_has_become_of_the_columns(
    tmp_path: Path, fields: list[pa.Field], changes: tuple[str, ...]
) -> None:
    assert build(tmp_path, fields, cost=None).column_changes == changes


def test_a_column_that_some_objects_lack_says_so(tmp_path: Path) -> None:
    built = build(tmp_path, [ID, COST, NOTE], [ID, pa.field("unit_cost", COST.type), NOTE])
    assert built.column_changes == ("cost is absent from 1 of 2 landing objects", "unit_cost is new")


def test_objects_without_rows_tell_nothing(tmp_path: Path) -> None:
    empty = land(tmp_path, "a", [], [ID])
    assert build_partition(contract(), LandingReader([empty]), tmp_path).column_changes == ()
    assert build_partition(contract(), LandingReader([]), tmp_path).column_changes == ()


@pytest.mark.parametrize(
    ("kind", "value", "changes"),
    [
        (pa.string(), "n/a", ("cost is varchar now, the contract says decimal(12,2)",)),
        (pa.bool_(), True, ("cost is boolean now, the contract says decimal(12,2)",)),
        (pa.string(), "1.50", ()),
        (pa.string(), None, ()),
        (pa.int64(), 7, ()),
    ],
)
def test_a_retyped_column_is_told_if_none_of_its_values_can_be_cast(
    tmp_path: Path, kind: pa.DataType, value: Any, changes: tuple[str, ...]
) -> None:
    built = build(tmp_path, [ID, pa.field("cost", kind), NOTE], cost=value)
    assert built.column_changes == changes
    if changes:
        assert error(built).startswith(f"stream things, 2025-10-16: {changes[0]}; 3 of 3 rows break")


def test_some_bad_values_of_another_type_are_counted(tmp_path: Path) -> None:
    rows = [{"id": number, "cost": cost} for number, cost in enumerate(["1", "x", "2"])]
    file = land(tmp_path, "a", rows, [ID, pa.field("cost", pa.string())])
    agreed = contract(cost={"type": "decimal(12,2)"})
    built = build_partition(agreed, LandingReader([file]), tmp_path)
    assert built.rows_quarantined == 1
    assert built.column_changes == (
        "cost landed as varchar, and 1 of 3 values are not of the contract's decimal(12,2)",
    )


def test_a_new_column_that_enters_bronze_is_named_too(tmp_path: Path) -> None:
    extended = contract().with_columns([Column("unit_cost", pa.decimal128(12, 2))])
    built = build(tmp_path, [ID, pa.field("unit_cost", COST.type), NOTE], agreed=extended)
    assert built.column_changes == ("cost is absent", "unit_cost is new")
