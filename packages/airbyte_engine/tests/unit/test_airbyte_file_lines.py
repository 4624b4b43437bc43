"""Bytes to lines, lines to records: values arrive exactly, and what cannot be read is named with its line."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from airbyte_engine.worker.files.file_columns import ADDED, LAST_MODIFIED, URL
from airbyte_engine.worker.files.parsers import UnreadableLineError, records, typed
from airbyte_engine.worker.files.schema import inferred
from airbyte_engine.worker.files.text import lines_of
from airbyte_engine.worker.rows import RecordFile

CSV, JSON_LINES = {"filetype": "csv"}, {"filetype": "jsonl"}
ROWS = "id,note\n" + "1,x\n" * 98
"""99 lines."""


def lines(content: bytes, name: str = "a.csv", encoding: str = "utf8") -> list[str]:
    return list(lines_of(io.BufferedReader(io.BytesIO(content)), name, encoding))


def read(
    content: str | bytes, form: dict[str, Any] = CSV, name: str = "a", encoding: str = "utf8"
) -> list[dict[str, Any]]:
    data = content.encode() if isinstance(content, str) else content
    return list(records(lines_of(io.BufferedReader(io.BytesIO(data)), name, encoding), form))


@pytest.mark.parametrize("size", [1, 2, 65_535, 65_536, 65_537, 200_000])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf8", "utf-16", "utf-16-be", "cp1252"])
def test_lines_are_those_of_pythons_own_text_files(size: int, end: str, encoding: str) -> None:
    for last in ("last", "last" + end):
        content = ("é" * size + end + end + "b\x0bc" + end + last).encode(encoding)
        expected = list(io.TextIOWrapper(io.BytesIO(content), encoding=encoding, newline=""))
        assert lines(content, encoding=encoding) == expected
        assert lines(gzip.compress(content, 1), "a.csv.gz", encoding) == expected
    assert lines(b"", encoding=encoding) == []


@pytest.mark.parametrize("form", [CSV, JSON_LINES], ids=["csv", "json-lines"])
@pytest.mark.parametrize("encoding", ["utf8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_a_byte_order_mark_is_no_part_of_a_record(form: dict[str, Any], encoding: str) -> None:
    content = "id\n1\n" if form is CSV else '{"id": "1"}\n'
    for mark in ("", "\ufeff"):
        assert read((mark + content).encode(encoding), form, encoding=encoding) == [{"id": "1"}]


def test_byte_order_marks_of_joined_json_lines_are_skipped() -> None:
    assert read('\ufeff{"id": 1}\n\ufeff{"id": 2}\n', JSON_LINES) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(
    ("content", "encoding", "named"),
    [
        (ROWS.encode() + b"2,caf\xe9\n", "utf8", "line 100: 'utf-8' codec can't decode byte 0xe9"),
        (ROWS.replace("\n", "\r").encode() + b"2,caf\xe9\r", "utf8", "line 100: 'utf-8' codec"),
        (ROWS.replace("\n", "\r\n").encode() + b"\xe9", "utf8", "line 100: 'utf-8' codec"),
        (ROWS.encode() + b"2,\xe2\x82", "utf8", "line 100: 'utf-8' codec can't decode byte 0xe2"),
        ((ROWS * 900).encode() + b"\xff\n", "utf8", "line 89101: 'utf-8' codec"),
        (ROWS.encode("utf-16") + b"\x00\xd8\x00\x00", "utf-16", "line 100: 'utf-16-le' codec"),
        (ROWS.encode() + b"2,\x81\n", "cp1252", "line 100: 'charmap' codec"),
        (ROWS.encode("utf-16-le"), "utf8", "line 1: a NUL character, .* UTF-16"),
        (ROWS.encode("utf-16-be"), "utf8", "line 1: a NUL character, .* UTF-16"),
        (ROWS.encode("utf-16-le"), "utf-16", "line 1: UTF-16 stream does not start with BOM"),
        (ROWS.encode("utf-32-le"), "utf-32", "line 1: UTF-32 stream does not start with BOM"),
        (ROWS.encode() + b"\0" * 4096, "utf8", "line 100: a NUL character, as in a damaged file"),
    ],
)
def test_what_is_not_text_is_named_with_its_own_line(content: bytes, encoding: str, named: str) -> None:
    """A decoder reads many lines at a time: each error was said to be in the first of them."""
    with pytest.raises(UnreadableLineError, match=named):
        read(content, encoding=encoding)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (ROWS.encode(), "line 1: the file is not gzip, or is damaged: Not a gzipped file"),
        (b"", "line 1: the gzip file is empty"),
        (gzip.compress(ROWS.encode())[:-9], "the gzip file is cut off"),
        (gzip.compress(ROWS.encode())[:-8] + b"\0" * 8, "line 100: the file is not gzip, or is damaged: CRC"),
        (gzip.compress(ROWS.encode())[:10] + b"\xff" * 40, "line 1: the file is not gzip, or is damaged"),
        (gzip.compress(b"id\n\xff\n")[:-8] + b"\0" * 8, "line 2: the file is not gzip, or is damaged: CRC"),
        (gzip.compress(b"id\n\xff\n"), "line 2: 'utf-8' codec can't decode byte 0xff"),
        (gzip.compress(ROWS.encode()) + b"rubbish", "line 100: the file is not gzip, or is damaged"),
    ],
    ids=[
        "plain-text",
        "empty",
        "cut-off",
        "checksum",
        "corrupt",
        "text-and-checksum",
        "text-alone",
        "rubbish",
    ],
)
def test_a_damaged_gzip_file_is_named(content: bytes, named: str) -> None:
    with pytest.raises(UnreadableLineError, match=named):
        read(content, name="a.csv.gz")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        (r'{"a": "\ud800"}', r"\\ud800 is half a surrogate pair"),
        (r'{"a": {"b": ["\uDFFF x"]}}', r"\\udfff is half a surrogate pair"),
        (r'{"\udc00": 1}', r"\\udc00 is half a surrogate pair"),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "nested more than 500 deep"),
        ('{"a": ' + '{"a":' * 600 + "1" + "}" * 601, "nested more than 500 deep"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": [-Infinity]}', "-Infinity is not JSON"),
        ('{"a": 1, "a": 2}', "an object names a twice"),
        ('{"a": {"b": 1, "b": 2}}', "an object names b twice"),
        ('{"a": 1,}', "at character 9"),
        ('{"a": "\t"}', "Invalid control character at character 8"),
        ('{"a": ' + "1" * 5000 + "}", "Exceeds the limit"),
        ('{"a": 1} {"a": 2}', "Extra data at character 10"),
        ('{"Id": 1}', "the columns id and Id differ only in case"),
        ('{"": 1}', "a column has no name"),
        (r'{"a\u0000": 1}', "the column name .* has a NUL character"),
        ('{"_airbyte_meta": 1}', "the column _airbyte_meta has the name of one that Airbyte adds"),
        ('{"_ab_source_file_url": 1}', "the column _ab_source_file_url has the name"),
    ],
)
def test_a_json_line_that_cannot_land_is_named(line: str, named: str) -> None:
    with pytest.raises(UnreadableLineError, match=f"^line 3: .*{named}"):
        read('{"id": 1}\n\n' + line + "\n", JSON_LINES)


def test_json_lines_keep_what_only_looks_wrong() -> None:
    deep = "[" * 400 + "]" * 400
    texts = {"emoji": "\U0001f600", "nul": "\0", "brackets": "[" * 2000, "slashes": "\\ud800"}
    content = json.dumps({"deep": json.loads(deep)} | texts)
    (record,) = read(content + "\n", JSON_LINES)
    assert {name: record[name] for name in texts} == texts
    assert json.dumps(record["deep"]) == deep


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("1e400", "1e400"),
        ("-1E400", "-1E400"),
        ("1e-400", "1e-400"),
        ("0e-400", 0.0),
        ("0.1", 0.1),
        ("1.5e3", 1500.0),
        ("0.30000000000000004", 0.30000000000000004),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("9007199254740993.0", "9007199254740993.0"),
        ("9007199254740993", 2**53 + 1),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", 2**63),
    ],
)
def test_a_json_number_is_itself_or_its_text(number: str, value: Any) -> None:
    (record,) = read(f'{{"a": {number}}}\n', JSON_LINES)
    assert record == {"a": value}
    assert type(record["a"]) is type(value)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 0.5], "number"),
        ([2**53, 0.5], "number"),
        ([2**53 + 1, 0.5], "string"),
        ([0.5, 1, 2**53 + 1], "string"),
        ([1, 2**53 + 1, 0.5], "string"),
        ([0.5, None, -(2**53) - 1], "string"),
        ([1, 2**53 + 1], "integer"),
        ([None, 2**63 - 1], "integer"),
        ([1, 2**63], "string"),
    ],
)
def test_an_integer_is_never_rounded_for_a_fraction_beside_it(values: list[Any], kind: str) -> None:
    assert inferred(({"a": value} for value in values), numbers=True) == {"a": {"type": kind}}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "5", 5),
        ("integer", " -007 ", -7),
        ("integer", "0x10", "0x10"),
        ("integer", "1_000", "1_000"),
        ("integer", "1,000", "1,000"),
        ("integer", "٣", "٣"),
        ("integer", "1.0", "1.0"),
        ("integer", "9" * 5000, "9" * 5000),
        ("number", "1.50", 1.5),
        ("number", "-.5", -0.5),
        ("number", "1e3", 1000.0),
        ("number", "1,234.56", "1,234.56"),
        ("number", "1e400", "1e400"),
        ("number", "1e-400", "1e-400"),
        ("number", "NaN", "NaN"),
        ("number", "-inf", "-inf"),
        ("number", "0x10", "0x10"),
        ("number", "1_0.5", "1_0.5"),
        ("number", "9007199254740993", "9007199254740993"),
        ("number", "0.1234567890123456789", "0.1234567890123456789"),
    ],
)
def test_a_csv_text_becomes_the_number_it_is_or_stays_a_text(kind: str, text: str, value: Any) -> None:
    read_as = typed({"a": text}, {"a": kind}, {})["a"]
    assert read_as == value
    assert type(read_as) is type(value)


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ("a,,b,", "columns 2 and 4 of the header have no name: add the names"),
        (" ,a", "column 1 of the header has no name"),
        ("a,b,a,b", "the header names a, b twice"),
        ("a, ,b, ", "columns 2 and 4 of the header have no name"),
        ("id,Id", "the header: the columns id and Id differ only in case"),
        (
            "id,_airbyte_raw_id",
            "the header: the column _airbyte_raw_id has the name of one that Airbyte adds",
        ),
        ("id,_AIRBYTE_META", "the header: the column _AIRBYTE_META has the name"),
        ("id,_ab_source_file_last_modified", "the column _ab_source_file_last_modified has the name"),
    ],
)
def test_a_header_that_would_lose_a_column_is_named(header: str, named: str) -> None:
    with pytest.raises(UnreadableLineError, match=f"^line 1: .*{named}"):
        read(header + "\n1,2,3,4\n")


def test_columns_that_are_empty_down_to_their_name_are_left_out() -> None:
    """As spreadsheets export them, and as Airbyte reads them."""
    assert read("a,b,,\n1,2,,\n3,4\n5,6, \n") == [
        {"a": "1", "b": "2"},
        {"a": "3", "b": "4"},
        {"a": "5", "b": "6"},
    ]
    with pytest.raises(
        UnreadableLineError, match=r"line 1: columns 3 and 4 .* no name, and line 3 has values"
    ):
        read("a,b,,\n1,2,,\n1,2,3,4\n")


@pytest.mark.parametrize("name", [" id", "the id", 'the "id"', "a/b", "a.b", "id'", "ä", "a\nb", "-", "1"])
def test_column_names_arrive_as_they_are(name: str) -> None:
    quoted = name.replace('"', '""')
    assert read(f'"{quoted}",x\n1,2\n') == [{name: "1", "x": "2"}]
    assert read(json.dumps({name: 1}), JSON_LINES) == [{name: 1}]


@pytest.mark.parametrize(
    ("form", "text", "named"),
    [
        ({}, '"i\nd",note\n1,"two\nlines"\n3\n', "line 5: 1 fields under a header of 2"),
        ({"skip_rows_before_header": 2}, 'a "note\n\nid,note\n1,x\n3\n', "line 5: 1 fields"),
        ({"skip_rows_after_header": 1}, 'id,note\n"units\n1,x\n3\n', "line 4: 1 fields"),
        ({"header_definition": {"header_definition_type": "Autogenerated"}}, "1,x\n3\n", "line 2: 1 fields"),
        ({"quote_char": "'"}, "id,note\n1,x\n2,'y\n", "line 3: unexpected end of data"),
    ],
)
def test_lines_are_counted_as_an_editor_does(form: dict[str, Any], text: str, named: str) -> None:
    with pytest.raises(UnreadableLineError, match=named):
        read(text, CSV | form)


def test_lines_that_are_skipped_are_lines_of_the_file() -> None:
    """A quotation mark in a title took the header with it."""
    form = CSV | {"skip_rows_before_header": 1, "skip_rows_after_header": 1}
    assert read('Spend 12" displays\nid\n"unit\n1\n', form) == [{"id": "1"}]
    numbered = form | {"header_definition": {"header_definition_type": "Autogenerated"}}
    assert read("title\nunit\n\n1,2\n3,4\n", numbered) == [{"f0": "1", "f1": "2"}, {"f0": "3", "f1": "4"}]


def test_the_names_that_airbyte_adds_are_those_that_are_refused(tmp_path: Path) -> None:
    file = RecordFile(tmp_path / "x.parquet", {}, "none", 1, 1, dt.datetime.now(dt.UTC))
    file.close()
    assert {*pq.read_schema(tmp_path / "x.parquet").names, LAST_MODIFIED, URL} == ADDED
