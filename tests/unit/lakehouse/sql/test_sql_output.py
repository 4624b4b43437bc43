"""What bin/sql makes of a result: exact values, NULL apart from empty text, one batch at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyarrow.flight import FlightError, FlightInternalError, FlightServerError

from lakehouse.platform.connections import Connection
from lakehouse.sql.flight_query import Rows, _words, flight_address
from lakehouse.sql.formats import at_most, write_csv, write_json, write_table
from lakehouse.sql.values import as_cell, as_json

EXACT = Decimal("12345678901234567890.123456789")


def rows(*tables: pa.Table) -> Rows:
    batches = [batch for table in tables for batch in table.to_batches()]
    return Rows(tables[0].schema, iter(batches))


def mixed() -> pa.Table:
    return pa.table(
        {
            "n": pa.array([1, None], pa.int64()),
            "amount": pa.array([EXACT, None], pa.decimal128(38, 9)),
            "text": pa.array(['say "x", y', ""], pa.string()),
            "none": pa.array([None, None], pa.string()),
            "day": pa.array([date(2025, 10, 16), None]),
            "at": pa.array([datetime(2025, 10, 16, 1, 2, 3), None], pa.timestamp("ms")),
            "list": pa.array([[1, 2], []], pa.list_(pa.int64())),
            "bytes": pa.array([b"\xff", None], pa.binary()),
        }
    )


def written(write: Any, given: Rows) -> str:
    out = io.BytesIO()
    write(given, out)
    return out.getvalue().decode()


def test_csv_is_exact_and_tells_null_from_empty_text() -> None:
    heading, first, second = written(write_csv, rows(mixed())).splitlines()
    assert next(csv.reader([heading])) == mixed().column_names
    assert first == (f'1,{EXACT},"say ""x"", y",,2025-10-16,2025-10-16 01:02:03.000,"[1, 2]","/w=="')
    assert second == ',,"",,,,"[]",'


def test_json_lines_are_exact_and_tell_null_from_empty_text() -> None:
    first, second = written(write_json, rows(mixed())).splitlines()
    read = json.loads(first, parse_float=Decimal)
    assert read == {
        "n": 1, "amount": EXACT, "text": 'say "x", y', "none": None, "day": "2025-10-16",
        "at": "2025-10-16T01:02:03.000", "list": [1, 2], "bytes": "/w==",
    }  # fmt: skip
    assert json.loads(second) == {
        "n": None, "amount": None, "text": "", "none": None, "day": None, "at": None, "list": [],
        "bytes": None,
    }  # fmt: skip


def test_a_table_shows_null_and_all_digits(capsys: pytest.CaptureFixture[str]) -> None:
    given = rows(mixed().select(["n", "amount", "text", "none"]))
    assert write_table(given, io.BytesIO()) == 2
    heading, line, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["n", "amount", "text", "none"]
    assert set(line) == {"─"}
    assert str(EXACT) in first
    assert second.split() == ["NULL", "NULL", "NULL"], "and nothing for the empty text"


def test_an_empty_result_has_its_heading() -> None:
    empty = mixed().slice(0, 0).select(["n", "text"])
    assert written(write_csv, Rows(empty.schema, iter(()))) == '"n","text"\n'
    assert written(write_json, Rows(empty.schema, iter(()))) == ""


@pytest.mark.parametrize(
    ("limit", "shown", "more"), [(0, 5, False), (2, 2, True), (3, 3, True), (5, 5, False), (9, 5, False)]
)
def test_a_limit_counts_over_batches_and_knows_whether_there_was_more(
    limit: int, shown: int, more: bool
) -> None:
    part = pa.table({"n": [1, 2]}), pa.table({"n": [3, 4, 5]})
    cut, was_more = at_most(rows(*part), limit)
    lines = written(write_json, cut).splitlines()
    assert [json.loads(line)["n"] for line in lines] == [1, 2, 3, 4, 5][:shown]
    assert was_more() is more


def test_no_batch_is_asked_for_beyond_the_limit() -> None:
    asked = []

    def endless() -> Iterator[pa.RecordBatch]:
        while True:
            asked.append(1)
            yield pa.record_batch({"n": [1, 2, 3]})

    cut, _ = at_most(Rows(pa.schema([("n", pa.int64())]), endless()), 4)
    assert len(written(write_json, cut).splitlines()) == 4
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0.000000001"), "0.000000001"),
        (2**63 - 1, "9223372036854775807"),
        (float("nan"), '"nan"'),
        (time(1, 2, 3, 4000), '"01:02:03.004"'),
        (datetime(2025, 1, 1, 0, 0, 0, 1), '"2025-01-01T00:00:00.000001"'),
        (timedelta(days=1, hours=2), '"1 day, 2:00:00"'),
        ({"a": [Decimal("1.10"), None]}, '{"a": [1.10, null]}'),
        ("grün", '"grün"'),
    ],
)
def test_a_value_in_json_keeps_its_digits(value: Any, text: str) -> None:
    assert as_json(value) == text


def test_what_would_steer_a_terminal_is_shown_instead() -> None:
    assert as_cell("\x1b[31mred\nnext\tcell\x9b") == "\\x1b[31mred\\nnext\\tcell\\x9b"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            pa.ArrowInvalid("PARSE ERROR: no [job 1]. Detail: Python exception: Refused"),
            "PARSE ERROR: no [job 1]",
        ),
        (
            FlightServerError(
                "Flight returned invalid argument error, with message: VALIDATION ERROR: no column 'a'."
                " gRPC client debug context: UNKNOWN:Error received from peer {x}. Client context: OK"
            ),
            "VALIDATION ERROR: no column 'a'",
        ),
        (FlightInternalError(""), "FlightInternalError"),
    ],
)
def test_an_error_is_told_in_dremios_own_words(error: FlightError, words: str) -> None:
    assert _words(error) == words


@pytest.mark.parametrize(
    ("where", "address"),
    [
        (Connection(host="dremio", port=9047), "grpc://dremio:32010"),
        (Connection(host="dremio", schema="https", extra={"flight_port": 443}), "grpc+tls://dremio:443"),
        (Connection(host="https://dremio.example.com/"), "grpc+tls://dremio.example.com:32010"),
        (Connection(host="127.0.0.1", port=1, extra={"flight_port": "33410"}), "grpc://127.0.0.1:33410"),
    ],
)
def test_flights_address_follows_from_the_connection(where: Connection, address: str) -> None:
    assert flight_address(where) == address
