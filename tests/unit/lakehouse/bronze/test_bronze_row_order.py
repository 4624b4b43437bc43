"""Bytes that depend on what was landed, not on how it was delivered; versions told apart by cursor or log."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.bronze import parquet_writer, row_groups, survey
from lakehouse.bronze.contract import Contract
from lakehouse.bronze.contract_file import parse_contract
from lakehouse.bronze.footer_proof import unproven_columns
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.bronze.validation import columns_to_check
from lakehouse.landing.reader import LandedFile, LandingReader
from testing.lakehouse.landing_files import land, landing_table

NOON = datetime(2025, 10, 16, 12)
FIELDS = [
    pa.field("id", pa.int64()),
    pa.field("name", pa.string()),
    pa.field("amount", pa.decimal128(12, 2)),
    pa.field("updated_at", pa.timestamp("us")),
]
CDC_FIELDS = [
    *FIELDS,
    pa.field("_ab_cdc_lsn", pa.int64()),
    pa.field("_ab_cdc_updated_at", pa.timestamp("us", "UTC")),
    pa.field("_ab_cdc_deleted_at", pa.timestamp("us", "UTC")),
]


def contract(**changes: Any) -> Contract:
    text = {
        "stream": "things",
        "source": "postgres",
        "grain": "One row per thing.",
        "mode": "incremental",
        "key": ["id"],
        "cursor": "updated_at",
        "new_columns": "ignore",
        "quarantine": {"max_rows": 10, "max_share": 0.01},
        "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
        "columns": {
            "id": {"type": "bigint", "required": True, "min": 1},
            "name": {"type": "varchar", "required": True},
            "amount": {"type": "decimal(12,2)", "above": 0},
            "updated_at": {"type": "timestamp", "required": True},
        },
    }
    return parse_contract(text | changes, "things.yaml")


CDC = contract(mode="cdc", cursor=None)


def thing(number: int | None, name: str | None = "a", second: int = 0, **more: Any) -> dict[str, Any]:
    return {"id": number, "name": name, "amount": None, "updated_at": NOON + timedelta(seconds=second)} | more


def change(number: int | None, lsn: int, name: str | None = "a", deleted: bool = False) -> dict[str, Any]:
    row = thing(number, name) if not deleted else {"id": number}
    return row | {
        "_ab_cdc_lsn": lsn,
        "_ab_cdc_updated_at": NOON,
        "_ab_cdc_deleted_at": NOON if deleted else None,
    }


def build(
    folder: Path, *files: LandedFile, of: Contract | None = None, part_bytes: int = parquet_writer.PART_BYTES
) -> BuiltPartition:
    folder.mkdir(exist_ok=True)
    return build_partition(of or contract(), LandingReader(files), folder, part_bytes)


def rows(built: BuiltPartition) -> list[dict[str, Any]]:
    return [row for part in built.parts for row in pq.read_table(part.path).to_pylist()]


def land_in_batches(folder: Path, name: str, table: pa.Table, row_group_size: int) -> LandedFile:
    path = folder / f"{name}.parquet"
    pq.write_table(table, path, row_group_size=row_group_size)
    return LandedFile(f"bronze/landing/source=postgres/things/{name}.parquet", path)


@pytest.mark.parametrize("seed", range(8))
def test_duplicated_and_reordered_batches_give_the_same_bytes(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "ROW_GROUP_ROWS", 64)
    monkeypatch.setattr("lakehouse.landing.reader.BATCH_ROWS", 50)
    dice = random.Random(seed)
    versions = [
        thing(dice.randint(1, 300), str(dice.random()), dice.randint(0, 3))
        for _ in range(dice.randint(1, 600))
    ]
    table = landing_table(versions, FIELDS, 1, NOON)
    once = build(tmp_path / "once", land_in_batches(tmp_path, "a", table, 100))

    again = table.take(pa.array(dice.sample(range(len(table)), len(table)), pa.int64()))
    half = again.slice(0, len(again) // 2)
    delivered = [
        land_in_batches(tmp_path, "b", again, dice.randint(1, 200)),
        land_in_batches(tmp_path, "c", half, dice.randint(1, 200)),
    ]
    if dice.random() < 0.5:  # Row groups that wait on disk, not in memory
        monkeypatch.setattr(row_groups, "SPILL_BYTES", 0)
    twice = build(tmp_path / "twice", *delivered)
    assert [part.sha256 for part in twice.parts] == [part.sha256 for part in once.parts]
    assert twice.rows_in == len(table) + len(half)
    assert twice.rows_deduplicated - once.rows_deduplicated == len(half)
    assert [row["id"] for row in rows(once)] == sorted({version["id"] for version in versions})


def test_of_copies_that_differ_airbyte_s_id_decides_whatever_the_order(tmp_path: Path) -> None:
    table = landing_table([thing(1, "first"), thing(1, "second")], FIELDS, 1, NOON)
    forth = build(tmp_path / "forth", land_in_batches(tmp_path, "a", table, 10))
    back = build(tmp_path / "back", land_in_batches(tmp_path, "b", table.take([1, 0]), 10))
    assert [row["name"] for row in rows(forth)] == [row["name"] for row in rows(back)] == ["second"]


def test_a_composite_key_orders_and_deduplicates(tmp_path: Path) -> None:
    both = contract(key=["name", "id"])
    table = [thing(2, "b"), thing(1, "b"), thing(2, "a"), thing(1, "b", second=1)]
    built = build(tmp_path, land(tmp_path, "a", table, FIELDS), of=both)
    assert [(row["name"], row["id"]) for row in rows(built)] == [("a", 2), ("b", 1), ("b", 2)]
    assert built.rows_deduplicated == 1


def test_above_a_size_there_are_several_files_and_together_they_are_the_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "ROW_GROUP_ROWS", 10)
    monkeypatch.setattr(parquet_writer, "ROW_GROUP_ROWS", 10)
    file = land(tmp_path, "a", [thing(number) for number in range(35, 0, -1)], FIELDS)
    built = build(tmp_path, file, part_bytes=1)
    assert [part.rows for part in built.parts] == [10, 10, 10, 5]
    assert [row["id"] for row in rows(built)] == list(range(1, 36))
    for part in built.parts:
        assert pq.read_metadata(part.path).num_row_groups == 1
        assert pq.read_metadata(part.path).row_group(0).column(0).compression == "SNAPPY"


# Change data capture


def test_the_log_s_order_decides_not_the_time_of_the_change(tmp_path: Path) -> None:
    newer_time = change(1, 10, "old") | {"updated_at": NOON + timedelta(days=1)}
    built = build(tmp_path, land(tmp_path, "a", [change(1, 20, "new"), newer_time], CDC_FIELDS), of=CDC)
    assert [(row["name"], row["_ab_cdc_lsn"]) for row in rows(built)] == [("new", 20)]


def test_a_deletion_enters_as_a_row_that_needs_its_key_only(tmp_path: Path) -> None:
    changes = [change(1, 10), change(2, 11), change(1, 12, deleted=True)]
    built = build(tmp_path, land(tmp_path, "a", changes, CDC_FIELDS), of=CDC)
    found = [(row["id"], row["name"], row["_ab_cdc_deleted_at"]) for row in rows(built)]
    assert found == [(1, None, NOON), (2, "a", None)]
    assert (built.rows_deduplicated, built.rows_quarantined) == (1, 0)


def test_a_row_that_comes_back_after_its_deletion_lives(tmp_path: Path) -> None:
    changes = [change(1, 12, deleted=True), change(1, 13, "again")]
    built = build(tmp_path, land(tmp_path, "a", changes, CDC_FIELDS), of=CDC)
    assert [(row["name"], row["_ab_cdc_deleted_at"]) for row in rows(built)] == [("again", None)]


def test_a_truncation_takes_all_before_it_and_stays_as_a_row_without_key(tmp_path: Path) -> None:
    changes = [
        change(1, 10),
        change(None, 11, deleted=True),
        change(2, 12),
        change(None, 13, deleted=True),
        change(3, 14),
    ]
    files = [land(tmp_path, "a", changes, CDC_FIELDS), land(tmp_path, "b", changes[3:4], CDC_FIELDS)]
    built = build(tmp_path, *files, of=CDC)
    assert [(row["id"], row["_ab_cdc_lsn"]) for row in rows(built)] == [(3, 14), (None, 13)]
    assert (built.rows_in, built.rows_deduplicated, built.rows_quarantined) == (6, 4, 0)
    assert built.truncated_at == 13


def test_a_truncation_without_its_place_in_the_log_breaks_the_contract(tmp_path: Path) -> None:
    """Nobody could tell what it deletes."""
    nowhere = change(None, 11, deleted=True) | {"_ab_cdc_lsn": None}
    built = build(tmp_path, land(tmp_path, "a", [change(1, 10), nowhere], CDC_FIELDS), of=CDC)
    assert [row["id"] for row in rows(built)] == [1]
    assert (built.reasons, built.truncated_at) == ({"_ab_cdc_lsn": 1}, None)


def test_a_change_without_key_that_is_no_truncation_breaks_the_contract(tmp_path: Path) -> None:
    stray = change(None, 11, deleted=True) | {"name": "not all is NULL"}
    files = land(tmp_path, "a", [change(1, 10), change(None, 12), stray], CDC_FIELDS)
    built = build(tmp_path, files, of=CDC)
    assert [row["id"] for row in rows(built)] == [1]
    assert built.rows_quarantined == 2


# What the footers prove


def test_what_the_statistics_prove_is_not_read_twice_and_the_rest_is(tmp_path: Path) -> None:
    sound = LandingReader([land(tmp_path, "a", [thing(1), thing(2)], FIELDS)])
    [group] = sound.row_groups
    columns = columns_to_check(contract(), group.schema)
    assert unproven_columns(group, columns) == []
    doubtful = LandingReader([land(tmp_path, "b", [thing(0, name=None, amount=-1)], FIELDS)])
    [group] = doubtful.row_groups
    assert [column.name for column in unproven_columns(group, columns)] == ["id", "name", "amount"]


def test_statistics_that_lie_are_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer with wrong statistics must not smuggle a bad row into bronze or let it replace a good one."""
    file = land(tmp_path, "a", [thing(1), thing(1, name=None, second=5), thing(2)], FIELDS)
    monkeypatch.setattr(survey, "unproven_columns", lambda group, columns: [])
    built = build(tmp_path, file)
    assert [(row["id"], row["name"]) for row in rows(built)] == [(1, "a"), (2, "a")]
    assert (built.rows_deduplicated, built.rows_quarantined) == (0, 1)


# Times


def test_both_readings_of_the_hour_that_summer_time_repeats_are_kept_apart(tmp_path: Path) -> None:
    fields = [
        field if field.name != "updated_at" else pa.field("updated_at", pa.string()) for field in FIELDS
    ]
    texts = ["2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00", "2025-03-30T02:30:00"]
    landed = [thing(number) | {"updated_at": text} for number, text in enumerate(texts, start=1)]
    built = build(tmp_path, land(tmp_path, "a", landed, fields))
    assert [row["updated_at"] for row in rows(built)] == [
        datetime(2025, 10, 26, 0, 30),
        datetime(2025, 10, 26, 1, 30),
        datetime(2025, 3, 30, 2, 30),
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.float64(), 0.30000000000000004),
        (pa.float64(), float("nan")),
        (pa.int64(), 10**12),
        (pa.string(), ""),
    ],
)
def test_a_number_that_does_not_fit_is_quarantined_not_rounded(
    tmp_path: Path, kind: pa.DataType, value: Any
) -> None:
    fields = [*FIELDS[:2], pa.field("amount", kind), FIELDS[3]]
    built = build(tmp_path, land(tmp_path, "a", [thing(1, amount=value), thing(2)], fields))
    assert [row["id"] for row in rows(built)] == [2]
    assert built.reasons == {"amount": 1}
