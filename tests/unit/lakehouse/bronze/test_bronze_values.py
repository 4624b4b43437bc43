"""NaN, infinite times and what the connector left out: values that a rule could be thought to let through."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.contract import Contract
from lakehouse.bronze.contract_file import parse_contract
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.bronze.rejection import broken_contract
from lakehouse.landing.reader import LandingReader
from testing.lakehouse.landing_files import land

LAST_MICROSECOND = 2**63 - 1
YEAR_44_BC = -63_517_824_000_000_000
"""0044-03-15 BC in microseconds since 1970."""


def contract(mode: str = "incremental", **columns: dict[str, Any]) -> Contract:
    cdc = mode == "cdc"
    return parse_contract(
        {
            "stream": "things",
            "source": "postgres",
            "grain": "One row per thing.",
            "mode": mode,
            "key": ["id"],
            **({} if cdc else {"cursor": "id"}),
            "new_columns": "ignore",
            "quarantine": {"max_rows": 10, "max_share": 0.01},
            "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
            "columns": {"id": {"type": "bigint", "required": True}} | columns,
        },
        "things.yaml",
    )


def build(
    folder: Path, agreed: Contract, rows: list[dict[str, Any]], *fields: pa.Field
) -> tuple[BuiltPartition, list[dict[str, Any]]]:
    """The partition, and its quarantined rows."""
    file = land(folder, "a", rows, [pa.field("id", pa.int64()), *fields])
    built = build_partition(agreed, LandingReader([file]), folder)
    assert built.rows_in == built.rows_loaded + built.rows_deduplicated + built.rows_quarantined
    return built, pq.read_table(built.quarantine.path).to_pylist()


@pytest.mark.parametrize("rule", ["min", "max", "above"])
def test_nan_is_in_no_bounds(tmp_path: Path, rule: str) -> None:
    agreed = contract(share={"type": "double", rule: 0.5}, free={"type": "double"})
    good = 0.5 if rule != "above" else 0.75
    rows = [{"id": 1, "share": good, "free": math.nan}, {"id": 2, "share": math.nan}, {"id": 3}]
    fields = [pa.field(name, pa.float64()) for name in ("share", "free")]
    built, bad = build(tmp_path, agreed, rows, *fields)
    assert built.rows_loaded == 2
    assert [row["reason"] for row in bad] == ["share: 'nan' is within no bounds"]


def test_a_contract_cannot_bound_by_nan() -> None:
    with pytest.raises(Exception, match="a bound of NaN would refuse nothing"):
        contract(share={"type": "double", "min": math.nan})


def test_times_before_christ_are_exact_and_infinite_ones_are_quarantined(tmp_path: Path) -> None:
    """As PostgreSQL's arrive: `infinity` is the greatest number, which would be a time in the year 294247."""
    agreed = contract(at={"type": "timestamp"}, day={"type": "date"})
    moments = pa.array([YEAR_44_BC, LAST_MICROSECOND, -LAST_MICROSECOND, None], pa.int64())
    days = pa.array([-800_000, 0, 0, 2**31 - 1], pa.int32())
    file = land(tmp_path, "a", [{"id": number} for number in range(4)], [pa.field("id", pa.int64())])
    table = pq.read_table(file.path)
    table = table.append_column("at", moments.view(pa.timestamp("us")))
    pq.write_table(table.append_column("day", days.view(pa.date32())), file.path)
    built = build_partition(agreed, LandingReader([file]), tmp_path)
    rows = pq.read_table(built.parts[0].path)
    assert rows["at"].combine_chunks().view(pa.int64()).to_pylist() == [YEAR_44_BC]
    assert rows["day"].combine_chunks().view(pa.int32()).to_pylist() == [-800_000]
    bad = pq.read_table(built.quarantine.path).to_pylist()
    assert [row["reason"] for row in bad] == [
        "at: 'infinity' is not a point in time",
        "at: '-infinity' is not a point in time",
        "day: 'infinity' is not a point in time",
    ]
    assert [json.loads(row["raw"])["at"] for row in bad] == ["infinity", "-infinity", None]


def test_a_time_that_python_cannot_hold_is_named_when_a_rule_refuses_it(tmp_path: Path) -> None:
    agreed = contract(at={"type": "timestamp", "min": date(2000, 1, 1)})
    file = land(tmp_path, "a", [{"id": 1}], [pa.field("id", pa.int64())])
    at = pa.array([YEAR_44_BC], pa.int64()).view(pa.timestamp("us"))
    pq.write_table(pq.read_table(file.path).append_column("at", at), file.path)
    built = build_partition(agreed, LandingReader([file]), tmp_path)
    [bad] = pq.read_table(built.quarantine.path).to_pylist()
    assert bad["reason"] == "at: '-0043-03-15 00:00:00.000000' is below 2000-01-01 00:00:00"


def nulled(field: str, reason: str = "DESTINATION_SERIALIZATION_ERROR") -> dict[str, Any]:
    changes = [{"field": field, "change": "NULLED", "reason": reason}]
    return {"_airbyte_meta": {"sync_id": 1, "changes": changes}}


def test_a_field_that_the_connector_left_out_is_no_null_like_others(tmp_path: Path) -> None:
    agreed = contract(amount={"type": "double"}, note={"type": "varchar", "nulled": "allow"})
    rows = [
        {"id": 1},
        {"id": 2} | nulled("amount"),
        {"id": 3} | nulled("note"),
        {"id": 4} | nulled("unknown to the contract"),
    ]
    fields = [pa.field("amount", pa.float64()), pa.field("note", pa.string())]
    built, bad = build(tmp_path, agreed, rows, *fields)
    assert [row["reason"] for row in bad] == [
        "amount: the connector left its value out (DESTINATION_SERIALIZATION_ERROR)"
    ]
    assert json.loads(bad[0]["raw"])["id"] == 2
    assert built.reasons == {"amount": 1}
    assert built.nulled == {"note": 1}
    assert built.rows_loaded == 3
    assert built.left_out == ("amount",)
    error = str(broken_contract(agreed, built, "2025-10-16", "s3://lake/bad", "landing/"))
    assert "Airbyte has put NULL for values of amount that fit no file" in error
    assert "write nulled: allow for the column in the contract" in error


def test_a_field_that_was_left_out_is_known_by_the_source_s_name_of_it(tmp_path: Path) -> None:
    agreed = contract(Gro_e__cm_={"type": "double"})
    rows = [{"id": 1}, {"id": 2} | nulled("Gr\u00f6\u00dfe (cm)")]
    _, [bad] = build(tmp_path, agreed, rows, pa.field("Gro_e__cm_", pa.float64()))
    assert bad["reason"] == "Gro_e__cm_: the connector left its value out (DESTINATION_SERIALIZATION_ERROR)"


def test_a_value_that_was_gone_with_its_row_is_let_through_and_counted(tmp_path: Path) -> None:
    """The log told of a change; the row was deleted before its large value was read, and that follows."""
    log = {"_ab_cdc_updated_at": datetime(2025, 10, 16), "_ab_cdc_deleted_at": None}
    rows = [
        {"id": 1, "_ab_cdc_lsn": 1} | log | nulled("body", "SOURCE_RETRIEVAL_ERROR"),
        {"id": 2, "_ab_cdc_lsn": 2} | log | nulled("body"),
        {"id": 3, "_ab_cdc_lsn": 3} | log | {"_ab_cdc_deleted_at": datetime(2025, 10, 16)} | nulled("body"),
    ]
    fields = [
        pa.field("body", pa.string()),
        pa.field("_ab_cdc_lsn", pa.int64()),
        pa.field("_ab_cdc_updated_at", pa.timestamp("us")),
        pa.field("_ab_cdc_deleted_at", pa.timestamp("us")),
    ]
    built, bad = build(tmp_path, contract("cdc", body={"type": "varchar"}), rows, *fields)
    assert [json.loads(row["raw"])["id"] for row in bad] == [2]
    assert built.nulled == {"body": 1}
