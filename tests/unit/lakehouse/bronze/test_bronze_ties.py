"""Rows of a key that nothing tells apart: counted apart from copies, named, treated as the contract says."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.contract import Contract
from lakehouse.bronze.contract_file import parse_contract
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.bronze.rejection import broken_contract, is_refused, told_ties
from lakehouse.landing.reader import LandedFile, LandingReader
from testing.lakehouse.landing_files import land

NOON = datetime(2025, 10, 16, 12)
FIELDS = [
    pa.field("day", pa.string()),
    pa.field("campaign", pa.string()),
    pa.field("spend", pa.decimal128(12, 2)),
    pa.field("at", pa.timestamp("us")),
]


def contract(**changes: Any) -> Contract:
    return parse_contract(
        {
            "stream": "spend",
            "source": "cafe_files",
            "grain": "One row per day and campaign.",
            "mode": "incremental",
            "key": ["day", "campaign"],
            "cursor": "at",
            "new_columns": "ignore",
            "quarantine": {"max_rows": 5, "max_share": 0.5},
            "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
            "columns": {
                "day": {"type": "varchar", "required": True},
                "campaign": {"type": "varchar", "required": True},
                "spend": {"type": "decimal(12,2)"},
                "at": {"type": "timestamp", "required": True},
            },
        }
        | changes,
        "spend.yaml",
    )


def line(day: str, spend: int | None, second: int = 0, campaign: str = "a") -> dict[str, Any]:
    return {"day": day, "campaign": campaign, "spend": spend, "at": NOON + timedelta(seconds=second)}


def file(folder: Path, name: str, *rows: dict[str, Any], sync: int = 1) -> LandedFile:
    return land(folder, name, list(rows), FIELDS, sync, NOON + timedelta(hours=sync))


def build(folder: Path, *files: LandedFile, of: Contract | None = None) -> BuiltPartition:
    built = build_partition(of or contract(), LandingReader(files), folder)
    assert built.rows_in == built.rows_loaded + built.rows_deduplicated + built.rows_quarantined
    return built


def counts(built: BuiltPartition) -> tuple[int, int, int]:
    return built.rows_deduplicated, built.rows_identical, built.rows_tied


def loaded(built: BuiltPartition) -> dict[str, Any]:
    rows = [row for part in built.parts for row in pq.read_table(part.path).to_pylist()]
    return {row["day"]: row["spend"] for row in rows}


def test_rows_of_one_file_that_share_a_key_and_differ_are_told(tmp_path: Path) -> None:
    """Three of twelve were dropped as duplicates, and only the receipt had the number."""
    lines = [line(f"d{number:02}", number) for number in range(9)]
    lines += [line("d00", 100), line("d03", 103), line("d03", 203)]
    built = build(tmp_path, file(tmp_path, "a", *lines))
    assert (built.rows_loaded, *counts(built)) == (9, 3, 0, 3)
    assert built.tie_examples == ("day=d00, campaign=a", "day=d03, campaign=a")
    assert told_ties(contract(), built) == (
        "3 rows differ from another one of the same day, campaign, at and sync "
        "(day=d00, campaign=a; day=d03, campaign=a)"
    )
    assert not is_refused(contract(), built)
    assert loaded(built)["d00"] == 100, "Airbyte's id decides, as ever: the last of the file"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([line("d", 1), line("d", 1)], (1, 1, 0)),
        ([line("d", None), line("d", None)], (1, 1, 0)),
        ([line("d", None), line("d", 0)], (1, 0, 1)),
        ([line("d", 1), line("d", 2, second=1)], (1, 0, 0)),
        ([line("d", 1), line("d", 2), line("d", 3, second=1)], (2, 0, 0)),
        ([line("d", 1), line("d", 1), line("d", 2)], (2, 0, 2)),
        ([line("d", 2), line("d", 1), line("d", 2)], (2, 1, 1)),
        ([line("d", 1), line("d", 2, campaign="b")], (0, 0, 0)),
    ],
)
def test_copies_older_versions_and_ties_are_counted_apart(
    tmp_path: Path, rows: list[dict[str, Any]], expected: tuple[int, int, int]
) -> None:
    assert counts(build(tmp_path, file(tmp_path, "a", *rows))) == expected


def test_what_a_later_sync_brings_is_a_newer_version_and_no_tie(tmp_path: Path) -> None:
    """A source that changes a row without touching the cursor: the later extraction wins."""
    built = build(
        tmp_path,
        file(tmp_path, "a", line("d", 1), line("e", 1)),
        file(tmp_path, "b", line("d", 2), line("e", 1), sync=2),
    )
    assert counts(built) == (2, 1, 0)
    assert loaded(built) == {"d": 2, "e": 1}


def test_ties_go_to_quarantine_if_the_contract_says_so(tmp_path: Path) -> None:
    agreed = contract(ties="quarantine")
    landed = file(tmp_path, "a", line("c", 0), line("d", 1), line("d", 2), line("d", 2))
    built = build(tmp_path, landed, of=agreed)
    assert (built.rows_loaded, built.rows_deduplicated, built.rows_quarantined) == (2, 1, 1)
    [bad] = pq.read_table(built.quarantine.path).to_pylist()
    assert bad["reason"] == "day: another row of this sync has the same day, campaign, at, and differs"
    assert (bad["landing_row"], '"spend": "1.00"' in bad["raw"]) == (1, True)
    assert built.reasons == {"day": 1}
    again = build(tmp_path, landed, of=agreed)
    assert [part.sha256 for part in again.parts] == [part.sha256 for part in built.parts]


def test_ties_fail_the_load_if_the_contract_says_so(tmp_path: Path) -> None:
    agreed = contract(ties="refuse")
    built = build(tmp_path, file(tmp_path, "a", line("c", 0), line("d", 1), line("d", 2)), of=agreed)
    assert is_refused(agreed, built)
    words = str(broken_contract(agreed, built, "2025-10-16", "s3://lake/bad", "landing/"))
    assert (
        "1 row differs from another one of the same day, campaign, at and sync (day=d, campaign=a)" in words
    )
    assert "include/contracts/spend.yaml refuses (ties: refuse)" in words
    copies = build(tmp_path, file(tmp_path, "b", line("d", 1), line("d", 1)), of=agreed)
    assert not is_refused(agreed, copies)


def test_a_full_refresh_is_compared_within_its_newest_sync_only(tmp_path: Path) -> None:
    agreed = contract(mode="full_refresh", cursor=None)
    built = build(
        tmp_path,
        file(tmp_path, "a", line("d", 1), line("d", 2), sync=1),
        file(tmp_path, "b", line("d", 3), line("d", 4, second=1), sync=2),
        of=agreed,
    )
    assert counts(built) == (3, 0, 1)
    assert loaded(built) == {"d": 4}


def test_the_order_of_delivery_decides_nothing(tmp_path: Path) -> None:
    rows = [line("d", number) for number in range(5)]
    table = pq.read_table(file(tmp_path, "a", *rows).path)
    found = []
    for name, order in (("x", [0, 1, 2, 3, 4]), ("y", [4, 2, 0, 3, 1])):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(table.take(order), path)
        built = build(tmp_path, LandedFile(f"landing/{name}", path))
        found.append((counts(built), [part.sha256 for part in built.parts]))
    assert found[0] == found[1]
