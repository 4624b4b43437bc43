"""Row groups come out whole and in order, however their rows come in."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pytest

from lakehouse.bronze import row_groups
from lakehouse.bronze.row_groups import MOST_GAPS, RowGroupAssembler

ROWS, GROUP, BATCH = 2_000, 300, 250
SCHEMA = pa.schema([("value", pa.int64()), ("text", pa.string())])


def two_readers(stretch: int) -> list[int]:
    """Positions as two readers deliver them that take turns at stretches of a table."""
    stretches = [list(range(start, min(start + stretch, ROWS))) for start in range(0, ROWS, stretch)]
    one, other = stretches[::2], stretches[1::2]
    return [position for part in (*other[:2], *one, *other[2:]) for position in part]


def assembled(positions: list[int], folder: Path) -> list[pa.Table]:
    written: list[pa.Table] = []
    with RowGroupAssembler(len(positions), SCHEMA, folder, written.append, GROUP) as assembler:
        for start in range(0, len(positions), BATCH):
            part = positions[start : start + BATCH]
            columns = [pa.array(part), pa.array([f"row {position}" for position in part])]
            assembler.add(pa.RecordBatch.from_arrays(columns, schema=SCHEMA), pa.array(part))
    return written


@pytest.mark.parametrize("spill_bytes", [1 << 30, 1_000])
@pytest.mark.parametrize("stretch", [1, 2, 3, 70, 250, ROWS])
def test_rows_in_stretches_come_out_in_order(
    stretch: int, spill_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stretches shorter than BATCH / MOST_GAPS rows are sorted, longer ones are put in order as they are."""
    assert 3 < BATCH / MOST_GAPS < 70
    monkeypatch.setattr(row_groups, "SPILL_BYTES", spill_bytes)
    groups = assembled(two_readers(stretch), tmp_path)
    assert [len(group) for group in groups] == [GROUP] * 6 + [200]
    rows = pa.concat_tables(groups)
    assert rows["value"].to_pylist() == list(range(ROWS))
    assert rows["text"].to_pylist() == [f"row {position}" for position in range(ROWS)]
    assert all(column.num_chunks == 1 for group in groups for column in group.columns)
    assert list(tmp_path.iterdir()) == []


def test_rows_in_any_order_come_out_in_order(tmp_path: Path) -> None:
    positions = random.sample(range(ROWS), ROWS)
    rows = pa.concat_tables(assembled(positions, tmp_path))
    assert rows["value"].to_pylist() == list(range(ROWS))
