"""A file that is compressed again holds the same values, of every type of bronze, or it is thrown away."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.parquet_writer import WRITE_SETTINGS
from lakehouse.observe.retention import recompression
from lakehouse.observe.retention.recompression import RowsDifferError, compressed_again, values_checksum

VALUES: dict[pa.DataType, list[Any]] = {
    pa.int64(): [1, None, -(2**63), 2**63 - 1],
    pa.int32(): [1, None, -(2**31), 7],
    pa.float64(): [0.0, -0.0, math.nan, None],
    pa.bool_(): [True, False, None, True],
    pa.string(): ["", None, "é\0🙂", "a" * 5000],
    pa.binary(): [b"", None, b"\0\1", b"x"],
    pa.date32(): [date(1970, 1, 1), None, date(9999, 12, 31), date(1, 1, 1)],
    pa.timestamp("ms"): [datetime(1970, 1, 1), None, datetime(2200, 1, 1), datetime(1960, 2, 3, 4)],
    pa.decimal128(12, 2): [Decimal("0.00"), None, Decimal("-9999999999.99"), Decimal("1.50")],
}
SCHEMA = pa.schema([pa.field(f"c{number}", kind) for number, kind in enumerate(VALUES)])


def table(rows: int = 4) -> pa.Table:
    arrays = [pa.array(values[:rows], kind) for kind, values in VALUES.items()]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def written(path: Path, *groups: pa.Table) -> Path:
    with pq.ParquetWriter(path, SCHEMA, **WRITE_SETTINGS) as writer:
        for group in groups:
            writer.write_table(group)
    return path


def test_values_schema_row_groups_and_order_stay_and_the_codec_is_zstd(tmp_path: Path) -> None:
    old = written(tmp_path / "old.parquet", table(), table(2), table(1))
    new = compressed_again(old, tmp_path / "new.parquet")
    before, after = pq.ParquetFile(old), pq.ParquetFile(new.path)
    assert after.schema_arrow == before.schema_arrow
    assert [after.metadata.row_group(n).num_rows for n in range(after.num_row_groups)] == [4, 2, 1]
    assert {after.metadata.row_group(0).column(n).compression for n in range(len(VALUES))} == {"ZSTD"}
    assert repr(after.read().to_pylist()) == repr(before.read().to_pylist())
    assert (new.rows, new.bytes) == (7, new.path.stat().st_size)


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    old = written(tmp_path / "old.parquet", table())
    assert compressed_again(old, tmp_path / "a").sha256 == compressed_again(old, tmp_path / "b").sha256


@pytest.mark.parametrize("rows", [0, 1, 2, 4])
def test_the_checksum_does_not_depend_on_how_the_rows_are_held(rows: int) -> None:
    whole = table(rows)
    sliced = pa.concat_tables([table(4), whole, table(3)]).slice(4, rows)
    chunked = pa.concat_tables([whole.slice(0, rows // 2), whole.slice(rows // 2)])
    assert values_checksum(sliced) == values_checksum(chunked) == values_checksum(whole)


@pytest.mark.parametrize("column", range(len(VALUES)))
@pytest.mark.parametrize("change", ["another value", "null", "not null", "order"])
def test_the_checksum_sees_every_change_of_every_type(column: int, change: str) -> None:
    whole = table()
    values = whole.column(column).to_pylist()
    kind = whole.schema.field(column).type
    if change == "another value":
        values[3] = values[0] if values[3] is not None and values[0] != values[3] else values[2]
        if kind == pa.bool_():
            values[3] = False
        if kind == pa.float64():
            values[0] = 1.0
    elif change == "null":
        values[0] = None
    elif change == "not null":
        values[values.index(None)] = values[0]
    else:
        values = [*values[1:], values[0]]
    other = whole.set_column(column, whole.schema.field(column), pa.array(values, kind))
    assert values_checksum(other) != values_checksum(whole)


def test_texts_that_are_cut_elsewhere_are_other_texts() -> None:
    one = pa.table({"a": ["ab", "c"]})
    other = pa.table({"a": ["a", "bc"]})
    assert values_checksum(one) != values_checksum(other)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: rows.slice(0, 3),
        lambda rows: rows.take([1, 0, 2, 3]),
        lambda rows: rows.set_column(0, SCHEMA.field(0), pa.array([2, None, 3, 4], pa.int64())),
    ],
    ids=["a row is missing", "two rows are swapped", "a value differs"],
)
def test_a_file_that_holds_other_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[pa.Table], pa.Table]
) -> None:
    old = written(tmp_path / "old.parquet", table())

    class Spoiling(pq.ParquetWriter):
        def write_table(self, rows: pa.Table, *args: Any, **kwargs: Any) -> None:
            super().write_table(spoil(rows), *args, **kwargs)

    monkeypatch.setattr(recompression.pq, "ParquetWriter", Spoiling)
    with pytest.raises(RowsDifferError, match="the partition is left as it is"):
        compressed_again(old, tmp_path / "new.parquet")
