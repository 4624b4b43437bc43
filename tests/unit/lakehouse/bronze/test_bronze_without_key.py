"""Tables without a key: all rows of the newest full refresh, equal ones too, however they were delivered."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.contract_file import parse_contract
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.landing.columns import RAW_ID
from lakehouse.landing.reader import LandedFile, LandingReader
from testing.lakehouse.landing_files import landing_table

FIELDS = [pa.field("colour", pa.string()), pa.field("size", pa.int64())]
CONTRACT = parse_contract(
    {
        "stream": "things",
        "source": "cafe_postgres",
        "grain": "One row per line of the list, which has no key.",
        "mode": "full_refresh",
        "key": [],
        "new_columns": "ignore",
        "quarantine": {"max_rows": 5, "max_share": 0},
        "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
        "columns": {"colour": {"type": "varchar"}, "size": {"type": "bigint", "min": 0}},
    },
    "things.yaml",
)
ROWS = [
    {"colour": "red", "size": 1},
    {"colour": "red", "size": 1},
    {"colour": None, "size": None},
    {"colour": None, "size": None},
    {"colour": "blue", "size": 2},
]


def listed(rows: list[dict[str, Any]], sync_id: int) -> pa.Table:
    return landing_table(rows, FIELDS, sync_id, datetime(2025, 10, 17, sync_id))


def build(folder: Path, *tables: pa.Table) -> BuiltPartition:
    folder.mkdir(exist_ok=True)
    files = []
    for number, table in enumerate(tables):
        path = folder / f"landed_{number}.parquet"
        pq.write_table(table, path)
        files.append(LandedFile(f"bronze/landing/source=cafe_postgres/things/{number}.parquet", path))
    built = build_partition(CONTRACT, LandingReader(files), folder)
    assert built.rows_in == built.rows_loaded + built.rows_deduplicated + built.rows_quarantined
    return built


def values(built: BuiltPartition) -> list[tuple[Any, Any]]:
    rows = [row for part in built.parts for row in pq.read_table(part.path).to_pylist()]
    return sorted(((row["colour"], row["size"]) for row in rows), key=str)


def expected(rows: list[dict[str, Any]]) -> list[tuple[Any, Any]]:
    return sorted(((row["colour"], row["size"]) for row in rows), key=str)


def test_equal_rows_are_all_kept(tmp_path: Path) -> None:
    built = build(tmp_path, listed(ROWS, 1))
    assert (built.rows_loaded, built.rows_deduplicated) == (5, 0)
    assert values(built) == expected(ROWS)


def test_only_the_newest_full_refresh_counts(tmp_path: Path) -> None:
    built = build(tmp_path, listed(ROWS, 2), listed([{"colour": "old", "size": 9}], 1))
    assert (built.rows_loaded, built.rows_deduplicated) == (5, 1)
    assert values(built) == expected(ROWS)


@pytest.mark.parametrize("seed", range(4))
def test_a_row_that_was_delivered_twice_is_there_once_and_the_bytes_are_the_same(
    tmp_path: Path, seed: int
) -> None:
    once = listed(ROWS * 7, 1)
    shuffle = random.Random(seed)
    order = [*range(once.num_rows), *shuffle.sample(range(once.num_rows), 9)]
    shuffle.shuffle(order)
    again = once.take(order)
    first = build(tmp_path / "once", once)
    second = build(tmp_path / "again", again.slice(0, 11), again.slice(11))
    assert second.rows_deduplicated == 9
    assert [part.sha256 for part in second.parts] == [part.sha256 for part in first.parts]


def test_bad_rows_go_to_quarantine_and_others_stay(tmp_path: Path) -> None:
    built = build(tmp_path, listed([*ROWS, {"colour": "bad", "size": -1}], 1))
    assert (built.rows_loaded, built.rows_quarantined) == (5, 1)
    assert values(built) == expected(ROWS)


def test_no_rows_and_rows_without_airbyte_s_id_are_fine(tmp_path: Path) -> None:
    assert build(tmp_path / "none").rows_loaded == 0
    bare = listed(ROWS, 1).drop_columns([RAW_ID])
    assert values(build(tmp_path / "bare", bare)) == expected(ROWS)
