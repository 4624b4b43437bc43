"""What is found out about dropped files from their names and their first rows."""

from __future__ import annotations

import gzip
import os
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from unittest.mock import Mock

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
import pytest

from lakehouse.onboarding.profiling import samples
from lakehouse.onboarding.profiling.drops import Drops, matches
from lakehouse.onboarding.profiling.files import CURSOR, parquet_type, profile_files
from lakehouse.onboarding.profiling.profile import ProfileError, TableProfile

SALES = """\
sale_id;day;zip;price;rate;paid;note
1;2025-10-16;01234;12.50;1e-3;true;
2;2025-10-17;99999;3;2.5;false;Tee
"""


def _types(table: TableProfile) -> dict[str, str]:
    return {column.name: column.contract_type for column in table.columns}


def test_types_delimiter_and_nulls_of_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "sales_20251016.csv").write_text(SALES, "utf-8")
    [table] = profile_files(f"{tmp_path}/*.csv").tables
    assert _types(table) == {
        "sale_id": "bigint", "day": "date", "zip": "varchar", "price": "decimal(20,2)", "rate": "double",
        "paid": "boolean", "note": "varchar",
    }  # fmt: skip
    assert [column.name for column in table.columns if column.nullable] == ["note"]
    assert table.files is not None
    assert table.files.globs == ("sales_*.csv",)
    assert table.files.folder == str(tmp_path)
    assert dict(table.files.format) == {
        "filetype": "csv", "encoding": "utf-8-sig", "delimiter": ";", "null_values": [""],
    }  # fmt: skip
    assert (table.name, table.mode, table.key, table.cursor, table.rows) == (
        "sales", "incremental", ("sale_id",), CURSOR, 2,
    )  # fmt: skip


def test_files_whose_names_differ_in_a_date_are_one_stream_and_others_their_own(tmp_path: Path) -> None:
    for name in ("sales_20251016.csv", "sales_20251017.csv", "stores.csv", "2025-10-16_stock.csv"):
        (tmp_path / name).write_text("id,n\n1,2\n")
    (tmp_path / ".hidden_1.csv").write_text("id,n\n1,2\n")
    found = profile_files(f"{tmp_path}/*.csv").tables
    assert {table.name: table.files.globs for table in found if table.files} == {
        "sales": ("sales_*.csv",), "stock": ("*_stock.csv",), "stores": ("stores.csv",),
    }  # fmt: skip


def test_a_pattern_with_a_word_of_its_own_is_one_stream(tmp_path: Path) -> None:
    for name in ("batch_north.csv", "batch_south.csv"):
        (tmp_path / name).write_text("id,n\n1,2\n")
    [table] = profile_files(f"{tmp_path}/batch_*.csv").tables
    assert (table.name, table.files and table.files.globs) == ("batch", ("batch_*.csv",))


def test_folders_below_are_in_the_glob(tmp_path: Path) -> None:
    folder = tmp_path / "2025" / "10"
    folder.mkdir(parents=True)
    (folder / "sales_1.csv").write_text("id,n\n1,2\n")
    [table] = profile_files(f"{tmp_path}/**/sales_*.csv").tables
    assert table.files is not None
    assert (table.files.globs, table.files.folder) == (("**/sales_*.csv",), str(tmp_path))


def test_a_key_of_two_columns_is_found_where_none_alone_will_do(tmp_path: Path) -> None:
    for day in ("16", "17"):
        lines = "".join(f"2025-10-{day},{channel},1.5\n" for channel in ("search", "social"))
        (tmp_path / f"batch_{day}.csv").write_text(f"day,channel,amount\n{lines}")
    [table] = profile_files(f"{tmp_path}/*.csv").tables
    assert table.key == ("day", "channel")
    assert table.why.endswith("day, channel tells the 4 rows looked at apart (a guess)")


def test_rows_that_nothing_tells_apart_are_read_whole(tmp_path: Path) -> None:
    (tmp_path / "words_1.csv").write_text("word,n\nso,1\nso,1\n")
    [table] = profile_files(f"{tmp_path}/*.csv").tables
    assert (table.mode, table.key, table.cursor) == ("full_refresh", (), None)


def test_another_encoding_and_packed_files_are_read(tmp_path: Path) -> None:
    text = "id,name\n" + "".join(f"{n},Käsekuchen mit Äpfeln und Nüssen für Größere\n" for n in range(9))
    (tmp_path / "cakes.csv.gz").write_bytes(gzip.compress(text.encode("latin-1")))
    [table] = profile_files(f"{tmp_path}/*.csv.gz").tables
    assert table.files is not None
    assert "utf" not in dict(table.files.format)["encoding"]
    assert _types(table) == {"id": "bigint", "name": "varchar"}


@pytest.mark.parametrize(
    ("texts", "written", "read"),
    [
        (["Élève à côté", "où êtes", "garçon"], "latin-1", "cp1252"),
        (["Señor Ñandú", "corazón", "Málaga"], "cp1252", "cp1252"),
        (["São João", "coração", "Índio"], "cp1252", "cp1252"),
        (["München", "Köln", "Grünstraße"], "latin-1", "cp1252"),
        (["Привет мир", "Москва город", "Иванов"], "cp1251", "cp1251"),
    ],
)
def test_the_encoding_keeps_every_letter_and_is_told_as_a_guess(
    tmp_path: Path, texts: list[str], written: str, read: str
) -> None:
    content = "id,name\n" + "".join(f"{n},{text}\n" for n, text in enumerate(texts))
    (tmp_path / "names.csv").write_bytes(content.encode(written))
    [table] = profile_files(f"{tmp_path}/names.csv").tables
    assert table.files is not None
    assert dict(table.files.format)["encoding"] == read
    assert content.encode(written).decode(read) == content
    assert table.why.endswith(f"their text is read as {read} (a guess)")


def test_json_lines_keep_their_types_and_objects_are_json_text(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_text(
        '{"id": 1, "at": "2025-10-16T10:00:00Z", "n": 1.5, "ok": true, "more": {"a": 1}}\n'
        '{"id": 2, "at": "2025-10-16T11:00:00Z", "n": 2, "ok": false, "mixed": "x"}\n'
        '{"id": 3, "at": "2025-10-16T12:00:00Z", "n": 2, "ok": false, "mixed": 5}\n'
    )
    [table] = profile_files(f"{tmp_path}/*.jsonl").tables
    assert _types(table) == {
        "id": "bigint", "at": "timestamp", "n": "double", "ok": "boolean", "more": "varchar",
        "mixed": "varchar",
    }  # fmt: skip
    assert [column.name for column in table.columns if column.nullable] == ["more", "mixed"]


def test_parquet_says_its_types_itself(tmp_path: Path) -> None:
    rows = pa.table({
        "id": pa.array([1, 2], pa.int32()),
        "price": pa.array([Decimal("1.50"), None], pa.decimal128(8, 2)),
        "day": pa.array([date(2025, 10, 16)] * 2),
        "at": pa.array([datetime(2025, 10, 16)] * 2, pa.timestamp("ns", "UTC")),
        "tags": pa.array([["a"], []], pa.list_(pa.string())),
        "raw": pa.array([b"x", b"y"]),
    })  # fmt: skip
    pq.write_table(rows, tmp_path / "items_1.parquet")
    [table] = profile_files(f"{tmp_path}/*.parquet").tables
    assert _types(table) == {
        "id": "int", "price": "decimal(8,2)", "day": "date", "at": "timestamp", "tags": "varchar",
        "raw": "varchar",
    }  # fmt: skip
    assert {column.name for column in table.columns if column.unsupported} == {"raw"}
    assert {column.name: column.note for column in table.columns if column.note} == {"tags": "as JSON text"}
    assert {column.name for column in table.columns if column.nullable} == {"price"}
    assert table.files is not None
    assert table.files.format == (("filetype", "parquet"),)
    assert (table.rows, table.key) == (2, ("id",))


def test_parquet_files_that_differ_keep_every_column_under_a_type_for_all(tmp_path: Path) -> None:
    """Only the newest file's columns were proposed: what older files had besides was lost without a word."""
    for day, amount, price, n in (
        ("16", pa.array([Decimal("1.25")], pa.decimal128(12, 2)), pa.decimal128(8, 2), pa.int32()),
        ("17", pa.array(["1.25 EUR"]), pa.decimal128(8, 4), pa.int64()),
    ):
        columns = {"id": pa.array([int(day)]), "amount": amount, "price": pa.array([Decimal(1)], price)}
        path = tmp_path / f"items_{day}.parquet"
        pq.write_table(pa.table({**columns, "n": pa.array([1], n), f"only_{day}": pa.array(["x"])}), path)
        os.utime(path, (int(day), int(day)))
    [table] = profile_files(f"{tmp_path}/*.parquet").tables
    assert _types(table) == {
        "id": "bigint", "amount": "varchar", "price": "decimal(10,4)", "n": "bigint", "only_16": "varchar",
        "only_17": "varchar",
    }  # fmt: skip
    assert [column.name for column in table.columns if column.nullable] == ["only_16", "only_17"]
    [amount] = [column for column in table.columns if column.name == "amount"]
    assert (amount.source_type, amount.note) == (
        "decimal128(12, 2) and string", "as text: the files have several types",
    )  # fmt: skip


def test_a_line_separator_within_a_json_text_ends_no_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "text": "a\u2028b"}\n{"id": 2, "text": "c"}\n', "utf-8")
    [table] = profile_files(f"{tmp_path}/*.jsonl").tables
    assert table.rows == 2


def test_folders_that_name_a_value_are_columns_of_parquet(tmp_path: Path) -> None:
    folder = tmp_path / "year=2025"
    folder.mkdir()
    pq.write_table(pa.table({"id": [1, 2]}), folder / "sales.parquet")
    [table] = profile_files(f"{tmp_path}/**/*.parquet").tables
    assert _types(table) == {"id": "bigint", "year": "varchar"}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (pa.int8(), "int"), (pa.uint16(), "int"), (pa.uint32(), "bigint"), (pa.int64(), "bigint"),
        (pa.uint64(), "bigint"), (pa.float32(), "double"), (pa.decimal128(38, 0), "decimal(38,0)"),
        (pa.decimal256(40, 2), "varchar"), (pa.date64(), "date"), (pa.large_string(), "varchar"),
        (pa.dictionary(pa.int8(), pa.int64()), "bigint"), (pa.time64("us"), "varchar"),
    ],
)  # fmt: skip
def test_every_parquet_type_has_its_contract_type(kind: pa.DataType, expected: str) -> None:
    assert parquet_type(kind) == (expected, "")


@pytest.mark.parametrize(
    ("files", "pattern", "said"),
    [
        ({"a.csv": "x"}, "*.tsv", "no file matches *.tsv in"),
        ({"a.xlsx": "x"}, "*.xlsx", "files are CSV"),
        ({"a.csv": ""}, "*.csv", "it is empty"),
        ({"a.csv": "id,id\n1,2\n"}, "*.csv", "its header has id twice"),
        ({"a.csv": "id,n\n1,2,3\n"}, "*.csv", "line 2 has another number of fields"),
        ({"a.jsonl": "[1]\n"}, "*.jsonl", "line 1 is not a JSON object"),
        ({"a.jsonl": '{"id":1}\n\n{"id":2,}\n'}, "*.jsonl", "line 3 is not JSON (Expecting property name"),
        ({"a.parquet": "no parquet"}, "*.parquet", "a.parquet in"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, files: dict[str, str], pattern: str, said: str) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ProfileError) as failure:
        profile_files(f"{tmp_path}/{pattern}")
    assert said in str(failure.value)


def test_a_column_of_a_spreadsheet_has_the_name_under_which_it_lands(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Order ID,Unit Price (\u20ac),2025\n1,2,x\n2,3,y\n", encoding="utf-8")
    [table] = profile_files(f"{tmp_path}/a.csv").tables
    assert [(column.name, column.source_name) for column in table.columns] == [
        ("Order_ID", "Order ID"),
        ("Unit_Price____", "Unit Price (\u20ac)"),
        ("_2025", "2025"),
    ]
    assert (table.key, table.problems) == (("Order_ID",), ())


def test_columns_that_would_land_under_one_name_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,unit price,unit-price\n1,2,3\n")
    [table] = profile_files(f"{tmp_path}/a.csv").tables
    assert table.problems == (
        "columns unit price, unit-price would all land as unit_price: rename them in the files",
    )


def test_texts_that_are_no_dates_are_not_tried_as_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[list[str]] = []
    cast = samples.cast_column

    def watched(values: pa.Array, kind: pa.DataType) -> tuple[pa.Array, pa.Array | None]:
        tried.append(values.to_pylist())
        return cast(values, kind)

    monkeypatch.setattr(samples, "cast_column", watched)
    # Trying costs two casts for each text that is none: minutes for a sample of long texts.
    assert samples.guessed_type(["2025-01-01", "tomorrow", "great coffee"])[0] == "varchar"
    assert tried == []
    assert samples.guessed_type(["2025-01-01", "2025-02-30"])[0] == "varchar"
    assert samples.guessed_type(["2025-01-01", "2025-02-28"])[0] == "date"
    assert tried[-1] == ["2025-01-01", "2025-02-28"]


@pytest.mark.parametrize("pattern", ["drops/*.csv", "sftp://host/out/*.csv"])
def test_a_place_that_cannot_be_looked_at_is_told(pattern: str) -> None:
    with pytest.raises(ProfileError, match=r"whole path|only a path or s3"):
        profile_files(pattern)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"there is no folder .*/nowhere: correct the pattern"):
        profile_files(f"{tmp_path}/nowhere/*.csv")


def test_a_bucket_that_cannot_be_looked_at_says_what_to_correct() -> None:
    files = Mock(spec=pafs.FileSystem)
    files.get_file_info.side_effect = OSError("AWS Error SIGNATURE_DOES_NOT_MATCH")
    with pytest.raises(ProfileError, match="SIGNATURE_DOES_NOT_MATCH: correct the bucket's name, or the key"):
        Drops("s3://drops", "*.csv", files).names()


def test_files_of_one_stream_in_several_ways_are_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a_1.csv").write_text("id,n\n1,2\n")
    (tmp_path / "a_2.csv").write_text("id;n\n1;2\n")
    [table] = profile_files(f"{tmp_path}/*.csv").tables
    assert any("in several ways" in problem for problem in table.problems)


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("a.csv", "*.csv", True), ("b/a.csv", "*.csv", False), ("b/a.csv", "**/*.csv", True),
        ("a.csv", "**/*.csv", True), (".a.csv", "*.csv", False), (".b/a.csv", "**/*.csv", False),
        ("b/c/a.csv", "b/**", True), ("b/.a.csv", "b/**", False), ("a1.csv", "a[0-9].csv", True),
    ],
)  # fmt: skip
def test_globs_are_airbytes(path: str, pattern: str, expected: bool) -> None:
    assert matches(path.split("/"), pattern.split("/")) is expected
