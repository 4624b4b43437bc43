"""A failed sync's last lines in its error: each kind once, whatever ids and moments it carries."""

from __future__ import annotations

from lakehouse.airbyte.log_lines import LONGEST_LINE, grouped


def test_lines_that_differ_in_ids_only_are_one_with_its_count() -> None:
    lines = [
        "2025-10-16T01:00:01Z retrying request 3f2504e0-4f89-11d3-9a0c-0305e82c3301, attempt 1",
        "2025-10-16T01:00:05.120Z retrying request 9b2504e0-4f89-11d3-9a0c-0305e82c3302, attempt 2",
        "connection refused",
    ]
    assert grouped(lines) == [f"{lines[1]} (2 times)", "connection refused"]


def test_the_last_three_kinds_are_kept_in_the_order_they_were_last_seen() -> None:
    assert grouped(["a", "b", "c", "d", "a", " "]) == ["c", "d", "a (2 times)"]


def test_a_long_line_is_cut_and_no_lines_are_no_groups() -> None:
    assert grouped(["x" * 1000]) == ["x" * LONGEST_LINE]
    assert grouped([]) == []
