"""What belongs together in a log file."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lakehouse.observe.logs import records as module
from lakehouse.observe.logs.records import Record, records

HEAD = b"2026-11-29 02:51:08,876 INFO engine "


def texts(data: bytes, *, settled: bool = True, final: bool = False) -> list[bytes]:
    return [data[each.start : each.end] for each in records(data, 0, settled=settled, final=final)]


@pytest.mark.parametrize(
    "first",
    [
        HEAD + b"one\n",
        b"2026-11-29T02:51:18.458608Z [warning  ] one [x] loc=a.py:1\n",
        b"[2026-11-29 02:51:22 +0000] [6450] [INFO] Starting\n",
        b"2026-11-29 02:51:10,964:INFO:alembic:Context\n",
        b"\x1b[32m2026-11-29 02:51:10,964 INFO green\n",
    ],
)
def test_a_line_with_a_moment_begins_a_record(first: bytes) -> None:
    data = first + b"goes on\n\n  indented\n" + HEAD + b"two\n"
    assert texts(data) == [first + b"goes on\n\n  indented\n", HEAD + b"two\n"]


def test_a_traceback_is_one_record_with_its_line() -> None:
    trace = HEAD + b'failed\nTraceback (most recent call last):\n  File "x", line 1, in f\nValueError: no\n'
    assert texts(trace + HEAD + b"next\n") == [trace, HEAD + b"next\n"]


def test_a_traceback_among_lines_without_moments_is_one_record() -> None:
    trace = (
        b'Traceback (most recent call last):\n  File "x", line 1\n    f()\nlakehouse.errors.GoneError: no\n'
    )
    assert texts(b"plain one\n" + trace + b"plain two\n") == [b"plain one\n", trace, b"plain two\n"]


def test_lines_without_moments_are_records_of_their_own() -> None:
    assert texts(b"one\ntwo\n  more of two\nthree\n") == [b"one\n", b"two\n  more of two\n", b"three\n"]


def test_every_line_of_json_is_a_record() -> None:
    assert texts(b'{"event":"a"}\n{"event":"b"}\n', settled=False) == [b'{"event":"a"}\n', b'{"event":"b"}\n']


def test_the_last_record_waits_until_it_is_settled() -> None:
    data = HEAD + b"one\n" + HEAD + b"two\n"
    assert texts(data, settled=False) == [HEAD + b"one\n"]
    assert len(texts(data, settled=True)) == 2


def test_a_line_without_an_end_waits_until_it_is_final() -> None:
    data = HEAD + b"one\n" + HEAD + b"tw"
    assert texts(data, settled=True) == [HEAD + b"one\n"]
    assert texts(data, final=True) == [HEAD + b"one\n", HEAD + b"tw"]
    assert texts(b"", final=True) == []


def test_offsets_count_from_the_base_and_miss_no_byte() -> None:
    data = HEAD + b"one\n more\n" + HEAD + b"two\n\n\n" + b'{"a":1}\n' + b"x"
    found = records(data, 1000, settled=True, final=True)
    assert found[0].start == 1000
    assert found[-1].end == 1000 + len(data)
    assert all(before.end == after.start for before, after in pairwise(found))


def test_a_line_that_is_too_long_comes_in_parts_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_RECORD", 10_000)
    data = HEAD + b"word " * 6000 + b"end\n" + HEAD + b"next\n"
    found = records(data, 0, settled=True, final=False)
    assert len(found) == 5
    assert b"".join(data[each.start : each.end] for each in found) == data
    assert all(each.end - each.start <= 10_000 for each in found)
    assert all(data[each.end - 1 : each.end] in b" \n" for each in found)
    assert found[-1] == Record(len(data) - len(HEAD) - 5, len(data))


def test_a_character_is_not_cut_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_RECORD", 5_000)
    data = ("€" * 5000).encode()
    found = records(data, 0, settled=True, final=True)
    assert len(found) == 4
    assert "".join(data[each.start : each.end].decode() for each in found) == "€" * 5000


def test_a_line_that_never_ends_does_not_wait_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_RECORD", 5_000)
    assert len(records(b"x" * 12_000, 0, settled=False, final=False)) == 2


def test_a_program_without_moments_makes_no_endless_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LINES", 10)
    found = texts(HEAD + b"begin\n" + b"goes on\n" * 24)
    assert len(found) > 2
    assert sum(part.count(b"\n") for part in found) == 25
