"""Dates and times. Source: docs.dremio.com, SQL functions, Date/Time."""

import re

from sqlglot import exp

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.functions.signature import (
    Arguments,
    Function,
    Rule,
    build,
    expect,
    f,
    ruled,
    unknown,
)
from dremio_engine.sql.functions.time_zones import convert_timezone

# DuckDB macros, created once per instance: one body per argument type gives Dremio's result type.
# A text is a date, its time is dropped (documented for DATE_ADD, DATE_SUB and DATE_TRUNC).
MACROS = (
    "create or replace macro dremio_date_trunc(u varchar, d date) as cast(date_trunc(u, d) as date),"
    " (u varchar, d timestamp) as date_trunc(u, d),"
    " (u varchar, d varchar) as cast(date_trunc(u, cast(cast(d as timestamp) as date)) as date)",
    "create or replace macro dremio_years_on(d date, n) as cast(d + to_years(n) as date),"
    " (d timestamp, n) as d + to_years(n),"
    " (d varchar, n) as cast(cast(cast(d as timestamp) as date) + to_years(n) as date)",
    *(
        f"create or replace macro dremio_date_{name}(d date, n integer) as d {sign} cast(n as integer),"
        f" (d date, n interval) as cast(d as timestamp) {sign} n,"
        f" (d timestamp, n integer) as d {sign} to_days(cast(n as integer)),"
        f" (d timestamp, n interval) as d {sign} n,"
        f" (d time, n interval) as d {sign} n,"
        f" (d varchar, n integer) as cast(cast(d as timestamp) as date) {sign} cast(n as integer),"
        f" (d varchar, n interval) as date_trunc('day', cast(d as timestamp)) {sign} n"
        + (
            ", (d date, n date) as to_days(cast(d - n as integer)), (d timestamp, n timestamp) as d - n"
            if name == "diff"
            else ""
        )
        for name, sign in (("add", "+"), ("sub", "-"), ("diff", "-"))
    ),
    "create or replace macro dremio_timestampadd(d date, n interval) as cast(d + n as date),"
    " (d timestamp, n interval) as d + n, (d varchar, n interval) as cast(d as timestamp) + n",
    "create or replace macro dremio_timestampadd_time(d date, n interval) as cast(d as timestamp) + n,"
    " (d timestamp, n interval) as d + n, (d time, n interval) as d + n,"
    " (d varchar, n interval) as cast(d as timestamp) + n",
)

UNITS = {
    "YEAR": (1, "YEAR"),
    "QUARTER": (3, "MONTH"),
    "MONTH": (1, "MONTH"),
    "WEEK": (7, "DAY"),
    "DAY": (1, "DAY"),
    "HOUR": (1, "HOUR"),
    "MINUTE": (1, "MINUTE"),
    "SECOND": (1, "SECOND"),
    "MILLISECOND": (1, "MILLISECOND"),
    "MICROSECOND": (1, "MICROSECOND"),
}
WHOLE_DAYS = frozenset(["YEAR", "QUARTER", "MONTH", "WEEK", "DAY"])
_FROM_YEAR_ONE = ("CENTURY", "MILLENNIUM")
TRUNC_UNITS = frozenset(["DECADE", "CENTURY", "MILLENNIUM"]) | set(UNITS)
PART_UNITS = frozenset(["DOW", "DOY", "EPOCH"]) | TRUNC_UNITS

_DAY = "CAST(CAST({0} AS TIMESTAMP) AS DATE)"
_OTHER_DAY = "CAST(CAST({1} AS TIMESTAMP) AS DATE)"
_IS_LAST = "{day} = last_day({day})"


def unit_of(node: exp.Expr) -> str:
    """The time unit an argument names: a bare word or a literal, with or without SQL_TSI_."""
    name = node.name.upper().removeprefix("SQL_TSI_").removeprefix("FRAC_")
    if name not in PART_UNITS:
        raise InvalidStatement(f"VALIDATION ERROR: [{node.name}] is not a time unit.")
    return name


def interval_of(amount: exp.Expr, unit: str) -> exp.Expr:
    """`amount` units as an interval; the amount may be any integer expression, of seconds any number."""
    if unit not in UNITS:
        raise InvalidStatement(f"VALIDATION ERROR: [{unit}] is not a unit of intervals.")
    factor, base = UNITS[unit]
    if unit == "SECOND":
        return build("to_milliseconds(CAST(round(CAST({0} AS DECIMAL(38, 6)) * 1000) AS BIGINT))", [amount])
    return build(f"(CAST({{0}} AS BIGINT) * INTERVAL '{factor}' {base})", [amount])


def cast_to_interval(value: exp.Expr, source: str | None, unit: exp.Expr) -> exp.Expr:
    """CAST(value AS INTERVAL unit): of numbers and texts with one unit, of literals with two."""
    if isinstance(unit, exp.IntervalSpan):
        if not (isinstance(value, exp.Literal) and value.is_string):
            raise Unsupported(
                f"CAST to INTERVAL {unit.sql()} takes a literal only, as in CAST('1 02:03:04' AS INTERVAL DAY"
                " TO SECOND)."
            )
        return interval_span(exp.Interval(this=value, unit=unit))
    name = str(unit).upper()
    if source == "VARCHAR" and name != "SECOND":
        value = build(f"dremio_whole_number({{0}}, 'INTERVAL {name}')", [value])
    return interval_of(value, name)


def interval_span(node: exp.Interval) -> exp.Expr:
    """INTERVAL '4 01:30' DAY TO MINUTE and its like, from a literal. Raises InvalidStatement."""
    span, text = node.args["unit"], node.this.name.strip() if node.this is not None else ""
    units = (span.this.name.upper(), span.expression.name.upper())
    found = _SPANS[units].fullmatch(text) if units in _SPANS else None
    if found is None:
        raise InvalidStatement(
            f"PARSE ERROR: Illegal interval literal format '{text}' for INTERVAL {' TO '.join(units)}"
        )
    parts = " ".join(
        f"{found['sign']}{number} {unit}"
        for unit, number in found.groupdict().items()
        if unit != "sign" and number
    )
    return build(f"INTERVAL '{parts}'", [])


_TIME_PARTS = (
    ("DAY", r"(?P<day>\d+)"),
    ("HOUR", r"(?P<hour>\d{1,2})"),
    ("MINUTE", r"(?P<minute>\d{1,2})"),
    ("SECOND", r"(?P<second>\d{1,2}(?:\.\d{1,9})?)"),
)
_SPANS = {
    ("YEAR", "MONTH"): re.compile(r"(?P<sign>-?)(?P<year>\d+)-(?P<month>\d{1,2})"),
    **{
        (first_unit, last_unit): re.compile(
            "(?P<sign>-?)"
            + "".join(
                (("" if i == start else " " if i == 1 else ":") + pattern)
                for i, (_, pattern) in enumerate(_TIME_PARTS)
                if start <= i <= end
            )
        )
        for start, (first_unit, _) in enumerate(_TIME_PARTS)
        for end, (last_unit, _) in enumerate(_TIME_PARTS)
        if start < end
    },
}


def extract(unit: str, value: exp.Expr) -> exp.Expr:
    """EXTRACT as BIGINT: Sunday is day 1, seconds are whole."""
    if unit not in PART_UNITS:
        raise InvalidStatement(f"VALIDATION ERROR: EXTRACT has no unit [{unit}].")
    text = f"extract({unit.lower()} FROM {{0}})"
    shown = {"DOW": f"{text} + 1", "EPOCH": f"floor({text})", "SECOND": f"floor({text})"}.get(unit, text)
    return build(f"CAST({shown} AS BIGINT)", [value])


def _date_trunc(a: Arguments) -> exp.Expr:
    expect("DATE_TRUNC", a, 2)
    unit = unit_of(a[0])
    if unit not in TRUNC_UNITS:
        raise InvalidStatement(f"VALIDATION ERROR: DATE_TRUNC has no unit [{unit}].")
    moment = a[1]
    if unit in _FROM_YEAR_ONE:
        # DuckDB counts them from the year 0.
        moment = exp.Anonymous(this="dremio_years_on", expressions=[moment, exp.Literal.number(-1)])
    cut = exp.Anonymous(this="dremio_date_trunc", expressions=[exp.Literal.string(unit.lower()), moment])
    if unit in _FROM_YEAR_ONE:
        return exp.Anonymous(this="dremio_years_on", expressions=[cut, exp.Literal.number(1)])
    return cut


def _date_part(a: Arguments) -> exp.Expr:
    expect("DATE_PART", a, 2)
    return extract(unit_of(a[0]), a[1])


def _timestampdiff(a: Arguments) -> exp.Expr:
    expect("TIMESTAMPDIFF", a, 3)
    unit = unit_of(a[0])
    if unit not in UNITS:
        raise InvalidStatement(f"VALIDATION ERROR: TIMESTAMPDIFF has no unit [{unit}].")
    difference = f"date_sub('{unit.lower()}', CAST({{0}} AS TIMESTAMP), CAST({{1}} AS TIMESTAMP))"
    return build(f"CAST({difference} AS INTEGER)", a[1:])


def _timestampadd(a: Arguments) -> exp.Expr:
    expect("TIMESTAMPADD", a, 3)
    unit = unit_of(a[0])
    macro = "dremio_timestampadd" if unit in WHOLE_DAYS else "dremio_timestampadd_time"
    return exp.Anonymous(this=macro, expressions=[a[2], interval_of(a[1], unit)])


def _shift(name: str) -> Rule:
    def rule(a: Arguments) -> exp.Expr:
        expect(name.upper(), a, 2)
        return exp.Anonymous(this=f"dremio_{name}", expressions=a)

    return rule


_WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_NEXT_DAY = (
    f"{_DAY} + CAST((list_position([{', '.join(repr(d) for d in _WEEKDAYS)}], left({{1}}, 2))"
    f" - 1 - dayofweek({_DAY}) + 6) % 7 + 1 AS INTEGER)"
)
_BOTH_LAST = f"{_IS_LAST.format(day=_DAY)} AND {_IS_LAST.format(day=_OTHER_DAY)}"
_MONTHS_BETWEEN = (
    f"(year({_DAY}) - year({_OTHER_DAY})) * 12 + month({_DAY}) - month({_OTHER_DAY}) + CASE WHEN {_BOTH_LAST}"
    f" THEN 0 ELSE (day({_DAY}) - day({_OTHER_DAY})) / CAST(31 AS DOUBLE) END"
)


def _part(unit: str) -> Function:
    def rule(a: Arguments) -> exp.Expr:
        expect(unit, a, 1)
        return extract(unit, a[0])

    return ruled("BIGINT", rule)


DATES: dict[str, Function] = {
    "CONVERT_TIMEZONE": ruled("TIMESTAMP", convert_timezone),
    "CURRENT_DATE": f("DATE", "CAST(now() AS DATE)"),
    "CURRENT_DATE_UTC": f("DATE", "CAST(now() AS DATE)"),
    "CURRENT_TIME": f("TIME", "CAST(CAST(now() AS TIMESTAMP) AS TIME)"),
    "CURRENT_TIMESTAMP": f("TIMESTAMP", "CAST(now() AS TIMESTAMP)"),
    "DATEDIFF": f("INTEGER", f"{_DAY} - {_OTHER_DAY}"),
    "DATETYPE": f("DATE", "make_date({0}, {1}, {2})"),
    "DATE_ADD": ruled(unknown, _shift("date_add")),
    "DATE_DIFF": ruled(unknown, _shift("date_diff")),
    "DATE_PART": ruled("BIGINT", _date_part),
    "DATE_SUB": ruled(unknown, _shift("date_sub")),
    "DATE_TRUNC": ruled(unknown, _date_trunc),
    "DAY": _part("DAY"),
    "DAYOFMONTH": _part("DAY"),
    "DAYOFWEEK": _part("DOW"),
    "DAYOFYEAR": _part("DOY"),
    "HOUR": _part("HOUR"),
    "LAST_DAY": f("DATE", f"last_day({_DAY})"),
    "LOCALTIME": f("TIME", "CAST(CAST(now() AS TIMESTAMP) AS TIME)"),
    "LOCALTIMESTAMP": f("TIMESTAMP", "CAST(now() AS TIMESTAMP)"),
    "MINUTE": _part("MINUTE"),
    "MONTH": _part("MONTH"),
    "MONTHS_BETWEEN": f("DOUBLE", _MONTHS_BETWEEN),
    "NEXT_DAY": f("DATE", _NEXT_DAY),
    "NOW": f("TIMESTAMP", "CAST(now() AS TIMESTAMP)"),
    "QUARTER": _part("QUARTER"),
    "SECOND": _part("SECOND"),
    "TIMESTAMPADD": ruled(unknown, _timestampadd),
    "TIMESTAMPDIFF": ruled("INTEGER", _timestampdiff),
    "TIMESTAMPTYPE": f(
        "TIMESTAMP",
        "make_timestamp({0}, {1}, {2}, {3}, {4}, CAST({5} AS DOUBLE) + CAST({6} AS DOUBLE) / 1000)",
    ),
    "TRANSACTION_TIMESTAMP": f("TIMESTAMP", "CAST(now() AS TIMESTAMP)"),
    "WEEK": _part("WEEK"),
    "WEEKOFYEAR": _part("WEEK"),
    "WEEK_OF_YEAR": _part("WEEK"),
    "YEAR": _part("YEAR"),
}
