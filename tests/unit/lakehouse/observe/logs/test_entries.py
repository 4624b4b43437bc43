"""What the lines of this platform's services say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from lakehouse.observe.logs.entries import entry_of
from lakehouse.observe.logs.moments import moment_of
from lakehouse.observe.logs.text import readable

AT = datetime(2026, 11, 29, 2, 51, 8, 876000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("2026-11-29 02:51:08,876 INFO dremio_engine REST", "INFO"),
        ("2026-11-29T02:51:08.876000Z [warning  ] section not found [airflow] loc=parser.py:1455", "WARN"),
        ("2026-11-29T02:51:08.876Z [error    ] gone [x]", "ERROR"),
        ("2026-11-29T02:51:08.876Z [critical ] gone [x]", "ERROR"),
        ("2026-11-29 02:51:08.876 UTC [6426] airflow@airflow ERROR:  relation does not exist", "ERROR"),
        ("2026-11-29 02:51:08.876 UTC [6426] FATAL:  password authentication failed", "ERROR"),
        ("2026-11-29 02:51:08.876 UTC [6209] LOG:  starting PostgreSQL", "INFO"),
        ("2026-11-29 02:51:08,876:ERROR:superset.app:Pending", "ERROR"),
        ("2026-11-29 02:51:08.876 +00:00 DEBUG x", "DEBUG"),
        ("2026-11-29 02:51:08,876 x COMPLETED 9 ms SELECT 'ERROR_CODE' FROM t", "INFO"),
        ("2026-11-29 03:51:08,876+0100 WARN x", "WARN"),
    ],
)
def test_text_lines(text: str, level: str) -> None:
    entry = entry_of(text)
    assert (entry.moment, entry.level, entry.message) == (AT, level, text)


@pytest.mark.parametrize(
    "text", ["2026-13-45 02:51:08 INFO impossible", "no moment at all", "99:99:99 x", "2026-11-29 25:00:00 x"]
)
def test_an_impossible_or_absent_moment_is_none(text: str) -> None:
    assert entry_of(text).moment is None


def test_a_moment_without_a_zone_is_of_the_sources_zone() -> None:
    entry = entry_of("2026-07-01 12:00:00 INFO x", ZoneInfo("Europe/Berlin"))
    assert entry.moment == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_traceback_is_an_error_and_names_its_class() -> None:
    entry = entry_of("Traceback (most recent call last):\n  File x\nlakehouse.errors.GoneError: no")
    assert entry.level == "ERROR"
    assert entry.fields["error_type"] == "lakehouse.errors.GoneError"


def task_line(**more: object) -> str:
    line = {"timestamp": "2026-11-29T02:51:08.876Z", "level": "info", "event": "hello", "logger": "task"}
    return json.dumps(
        {**line, "dag_id": "extract_apis", "task_id": "announce", "try_number": 2, "map_index": -1, **more}
    )


def test_a_line_of_a_task() -> None:
    entry = entry_of(task_line())
    assert (entry.moment, entry.level, entry.message, entry.service) == (AT, "INFO", "hello", None)
    assert entry.fields == {"stage": "extract_apis", "task": "announce", "attempt": 2, "logger": "task"}


def test_an_exception_of_a_task_is_shown_as_python_does_and_is_an_error() -> None:
    frames = [{"filename": "a.py", "lineno": 7, "name": "run"}]
    detail = [
        {"exc_type": "TaskError", "exc_value": "it failed", "frames": frames},
        {"exc_type": "ValueError", "exc_value": "the cause", "frames": frames, "is_cause": True},
    ]
    entry = entry_of(task_line(event="Task failed with exception", error_detail=detail))
    assert entry.level == "ERROR"
    assert entry.fields["error_type"] == "TaskError"
    lines = entry.message.splitlines()
    assert lines[0] == "Task failed with exception"
    assert lines[-1] == "TaskError: it failed"
    assert "ValueError: the cause" in lines
    assert '  File "a.py", line 7, in run' in lines


@pytest.mark.parametrize(
    ("printed", "level", "goes_on"),
    [
        (
            "04:56:49  1 of 1 OK created sql incremental model marts.fct_daily_revenue [77 in 5.18s]",
            "INFO",
            False,
        ),
        ("04:56:49  1 of 3 ERROR creating sql table model marts.fct_orders [ERROR in 0.31s]", "ERROR", False),
        ("04:56:49  3 of 9 FAIL 2 assert_positive_amounts [FAIL 2 in 0.31s]", "ERROR", False),
        ("04:56:49  Database Error in model fct_orders (models/marts/fct_orders.sql)", "ERROR", False),
        ("04:56:49    Runtime Error in model x", "ERROR", False),
        ("04:56:49  Failure in test not_null_orders", "ERROR", False),
        ("04:56:49  Completed with 1 error, 0 partial successes, and 0 warnings:", "ERROR", False),
        ("04:56:49  Done. PASS=1 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=1", "INFO", False),
        ("04:56:49  1 of 2 WARN 3 freshness [WARN 3 in 0.1s]", "WARN", False),
        ("04:56:49  Completed successfully", "INFO", False),
        ("  column 'x' is unknown", "INFO", True),
        ("Command exited with return code 1", "INFO", False),
    ],
)
def test_what_dbt_prints_has_dbts_level(printed: str, level: str, goes_on: bool) -> None:
    entry = entry_of(task_line(event=printed, logger="cosmos.hooks.subprocess"))
    assert (entry.service, entry.level, entry.goes_on) == ("dbt", level, goes_on)


@pytest.mark.parametrize(
    "text",
    [
        '{"event": "half',
        "{not json}",
        '{"event": {"a": 1}}',
        '{"a": 1}',
        "{" * 5000,
        '{"timestamp": "x", "event": null}',
    ],
)
def test_odd_json_is_still_an_entry(text: str) -> None:
    assert entry_of(text).message


def test_fields_have_their_types_or_are_left_out() -> None:
    entry = entry_of(
        json.dumps(
            {"message": "m", "records_synced": "12", "bytes_synced": 2**70, "job_id": 7, "user": ["a"],
             "attempt": "x", "stream": True, "connection_id": "c" * 5000, "time": 1795920668.876}
        )
    )  # fmt: skip
    assert entry.fields["records_synced"] == 12
    assert entry.fields["job_id"] == "7"
    assert len(entry.fields["connection_id"]) == 1024
    assert entry.fields.keys() == {"records_synced", "job_id", "connection_id"}
    assert entry.moment is not None


def test_more_records_than_an_integer_holds_are_left_out() -> None:
    assert "records_synced" not in entry_of('{"message":"m","records_synced":3000000000}').fields
    assert entry_of('{"message":"m","bytes_synced":3000000000}').fields == {"bytes_synced": 3000000000}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b[31mred\x1b[0m and \x1b]0;title\x07plain", "red and plain"),
        (b"nul\x00 bell\x07 tab\t cr\r", "nul bell tab\t cr"),
        ("grüße €".encode(), "grüße €"),
        (b"latin \xe9t\xe9 in a longer line", "latin \ufffdt\ufffd in a longer line"),
        (bytes(range(128, 256)) * 4, "binary data, 512 bytes"),
        (b"zero\xe2\x80\x8bwidth", "zerowidth"),
    ],
)
def test_readable(raw: bytes, text: str) -> None:
    assert readable(raw) == text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-29T02:51:08.876000123Z", AT),
        ("2026-11-29T04:21:08.876+01:30", AT),
        ("2026-11-29 02:51:08.876", AT),
        ("2026-11-29", None),
        ("yesterday", None),
        ("9999-12-31T23:59:59-12:00", None),
    ],
)
def test_moments(text: str, moment: datetime | None) -> None:
    assert moment_of(text) == moment
