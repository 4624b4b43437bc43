"""Formats and differences of moments, against Python's own."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.formats import date_pieces, number_format, reading_format

EXAMPLES = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
moments = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)).map(
    lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000)
)


@pytest.mark.parametrize(
    ("dremio_format", "duck"),
    [
        ("YYYY-MM-DD", "%Y-%m-%d"),
        ("hh24:mi:ss.fff", "%H:%M:%S.%g"),
        ('YYYY"T%"DDD', "%YT%%%j"),
        ("MONTH MON", "%B %b"),
    ],
)
def test_a_format_is_read_token_by_token(dremio_format: str, duck: str) -> None:
    assert reading_format(dremio_format) == duck


@pytest.mark.parametrize("pattern", ["YYYY-QQQ", "YYYYTHH24", "YYYY%", 'YYYY"x', "YYYY_MM"])
def test_what_is_no_token_is_named(pattern: str) -> None:
    with pytest.raises(InvalidStatement, match="Invalid date format"):
        date_pieces(pattern)


@pytest.mark.parametrize("pattern", ["YYYY CC", "D", "YYYY WW", "TZD HH24"])
def test_what_is_only_written_is_not_read(pattern: str) -> None:
    with pytest.raises(Unsupported, match="Reading a date"):
        reading_format(pattern)


@pytest.mark.parametrize("pattern", ["0#", "#;#", "0,0#0", "#E0"])
def test_a_number_format_of_another_form_is_refused(pattern: str) -> None:
    with pytest.raises(Unsupported, match="Number format"):
        number_format(pattern)


@EXAMPLES
@given(
    moment=moments,
    pattern=st.sampled_from(
        ["YYYY-MM-DD HH24:MI:SS.FFF", "DD/MON/YYYY HH12:MI:SS.FFF AM", 'YYYY DDD"T"HH24.MI.SS,FFF']
    ),
)
def test_what_to_char_writes_to_timestamp_reads(dremio: Any, moment: datetime, pattern: str) -> None:
    expression = f"to_timestamp(to_char(timestamp '{moment}', '{pattern}'), '{pattern}')"
    assert dremio.rows(f"select {expression}") == [(moment,)]


@EXAMPLES
@given(
    start=moments,
    end=moments,
    unit=st.sampled_from(
        [
            ("SECOND", timedelta(seconds=1)),
            ("MINUTE", timedelta(minutes=1)),
            ("HOUR", timedelta(hours=1)),
            ("DAY", timedelta(days=1)),
            ("WEEK", timedelta(weeks=1)),
        ]
    ),
)
def test_timestampdiff_counts_whole_units(
    dremio: Any, start: datetime, end: datetime, unit: tuple[str, timedelta]
) -> None:
    name, length = unit
    whole = abs(end - start) // length * (1 if end >= start else -1)
    if abs(whole) >= 2**31:
        return
    query = f"select timestampdiff({name}, timestamp '{start}', timestamp '{end}')"
    assert dremio.rows(query) == [(whole,)]


@EXAMPLES
@given(start=moments, months=st.integers(-600, 600))
def test_months_added_are_months_apart(dremio: Any, start: datetime, months: int) -> None:
    query = (
        f"select timestampdiff(month, m, timestampadd(month, {months}, m)),"
        f" timestampadd(quarter, {months}, m) = timestampadd(month, {months * 3}, m)"
        f" from (values (timestamp '{start}')) as v(m)"
    )
    [(apart, quarters)] = dremio.rows(query)
    # Going back to a shorter month stops at its last day, and a whole month is then not over.
    assert apart == months or (months < 0 and start.day > 28 and apart == months + 1)
    assert quarters


@EXAMPLES
@given(value=st.integers(-(10**9), 10**9), decimals=st.integers(0, 4))
def test_numbers_are_written_with_commas_and_so_many_digits(dremio: Any, value: int, decimals: int) -> None:
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    [(text,)] = dremio.rows(f"select to_char({value}, '{pattern}')")
    assert text == f"{value:,.{decimals}f}"
    assert dremio.rows(f"select to_number('{text}', '{pattern}')") == [(float(value),)]
