"""Dates and times. Values and types: docs.dremio.com/current/reference/sql/sql-functions/functions/<NAME>."""

import pyarrow as pa
import pytest
from tests.conformance.dialect.case import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    TIME,
    TIMESTAMP,
    VARCHAR,
    Case,
    clock,
    day,
    moment,
    table,
    utc_now,
)
from tests.conformance.dialect.conftest import Read


@table(
    # .../functions/TIMESTAMPDIFF: the first moment is taken from the second.
    Case("timestampdiff(MONTH, date '2021-02-01', date '2021-05-01')", 3, INTEGER),
    Case(
        "timestampdiff(DAY, timestamp '2003-02-01 11:43:22', timestamp '2005-04-09 12:05:55')", 798, INTEGER
    ),
    Case("timestampdiff(DAY, date '2021-05-01', date '2021-04-01')", -30),
    Case("timestampdiff(HOUR, timestamp '2021-05-01 00:30:00', timestamp '2021-05-01 02:29:00')", 1),
    Case("timestampdiff(SECOND, timestamp '2021-05-01 00:00:00', timestamp '2021-05-01 00:01:01')", 61),
    Case("timestampdiff(WEEK, date '2021-01-01', date '2021-01-15')", 2),
    Case("timestampdiff(QUARTER, date '2021-01-01', date '2021-12-31')", 3),
    # .../functions/TIMESTAMPADD
    Case("timestampadd(DAY, 1, date '2021-04-01')", day("2021-04-02"), DATE),
    Case("timestampadd(HOUR, -2, timestamp '2021-04-01 17:14:32')", moment("2021-04-01 15:14:32"), TIMESTAMP),
    Case("timestampadd(MONTH, 1, timestamp '2021-01-31 10:00:00')", moment("2021-02-28 10:00:00"), TIMESTAMP),
    Case("timestampadd(QUARTER, 1, timestamp '2021-01-15 00:00:00')", moment("2021-04-15 00:00:00")),
    # .../functions/DATEDIFF: the second is taken from the first, in days.
    Case("datediff('2021-02-28', '2021-01-01')", 58, INTEGER),
    Case("datediff('2005-04-09 12:05:55', '2003-02-01 11:43:22')", 798, INTEGER),
    Case("datediff(date '2021-01-01', date '2021-02-28')", -58, INTEGER),
    # .../functions/DATE_ADD, DATE_SUB: days give a DATE, an interval a TIMESTAMP.
    Case("date_add('2022-01-01', 2)", day("2022-01-03"), DATE),
    Case("date_add(date '2022-01-01', -30)", day("2021-12-02"), DATE),
    Case("date_add(date '2022-01-01', cast(30 as interval day))", moment("2022-01-31 00:00:00"), TIMESTAMP),
    Case(
        "date_add(timestamp '2022-01-01 12:00:00', cast(-30 as interval day))",
        moment("2021-12-02 12:00:00"),
        TIMESTAMP,
    ),
    Case(
        "date_add(timestamp '2022-01-01 12:00:00', cast(1 as interval month))", moment("2022-02-01 12:00:00")
    ),
    Case(
        "date_add('2022-01-01 12:00:00', cast(30 as interval day))", moment("2022-01-31 00:00:00"), TIMESTAMP
    ),
    Case("date_add(time '00:00:00', cast(30 as interval minute))", clock("00:30:00"), TIME),
    Case("date_add(time '00:00:00', cast(-30 as interval minute))", clock("23:30:00"), TIME),
    Case("date_sub('2022-01-01', 2)", day("2021-12-30"), DATE),
    Case("date_sub(date '2022-01-01', -30)", day("2022-01-31"), DATE),
    Case("date_sub(date '2022-01-01', cast(30 as interval day))", moment("2021-12-02 00:00:00"), TIMESTAMP),
    # .../functions/DATE_DIFF
    Case("date_diff(date '2022-01-01', 5)", day("2021-12-27"), DATE),
    # .../functions/LAST_DAY, NEXT_DAY: always a DATE.
    Case("last_day('2009-01-12 12:58:59')", day("2009-01-31"), DATE),
    Case("last_day(date '2024-02-10')", day("2024-02-29"), DATE),
    Case("next_day('2015-01-14 12:05:55', 'TU')", day("2015-01-20"), DATE),
    # .../functions/MONTHS_BETWEEN
    Case("months_between('2018-11-01 10:30:00', '2019-02-28')", -3.870967741935484, DOUBLE),
    # INTERVAL arithmetic: docs.dremio.com/current/reference/sql/data-types
    Case("timestamp '2022-01-01 00:00:00' + interval '5' minute", moment("2022-01-01 00:05:00"), TIMESTAMP),
    Case("timestamp '2022-01-05 02:00:00' - interval '4 01' day to hour", moment("2022-01-01 01:00:00")),
)
def test_moments_are_moved_and_compared(read: Read, case: Case) -> None:
    case.check(read(case.query))


@table(
    # .../functions/DATE_TRUNC
    Case("date_trunc('MONTH', date '2021-12-24')", day("2021-12-01"), DATE),
    Case(
        "date_trunc('MINUTE', cast('2021-12-24 12:28:33' as timestamp))",
        moment("2021-12-24 12:28:00"),
        TIMESTAMP,
    ),
    Case("date_trunc('WEEK', date '2021-12-24')", day("2021-12-20"), DATE),
    Case("date_trunc('QUARTER', timestamp '2021-12-24 12:28:33')", moment("2021-10-01 00:00:00"), TIMESTAMP),
    # .../functions/DAYOFWEEK: Sunday is 1.
    Case("dayofweek(date '2021-02-28')", 1, BIGINT),
    Case("dayofweek(timestamp '2021-02-27 11:43:22')", 7, BIGINT),
    Case("dayofyear(date '2021-02-28')", 59, BIGINT),
    Case("dayofmonth(timestamp '2021-02-28 11:43:22')", 28, BIGINT),
    Case("weekofyear(date '1992-01-01')", 1),
    Case("week(timestamp '2021-04-05 01:02:03')", 14),
    Case("quarter(timestamp '2021-04-05 01:02:03')", 2, BIGINT),
    # .../functions/EXTRACT
    Case("extract(hour from cast('05:33:44' as time))", 5, BIGINT),
    Case("extract(month from cast('2021-03-22 05:33:44.2' as timestamp))", 3, BIGINT),
    Case("extract(second from cast('2021-03-22 05:33:44.2' as timestamp))", 44, BIGINT),
    Case("extract(year from cast('2021-03-22' as date))", 2021, BIGINT),
    Case("extract(epoch from cast('2021-03-22 05:33:44.2' as timestamp))", 1616391224, BIGINT),
    Case("extract(epoch from cast('2021-03-22' as date))", 1616371200, BIGINT),
    Case("date_part('year', timestamp '2021-03-22 05:33:44')", 2021),
    Case("year(timestamp '2021-03-22 05:33:44')", 2021, BIGINT),
    Case("month(date '2021-03-22')", 3, BIGINT),
    Case("day(date '2021-03-22')", 22, BIGINT),
    Case("hour(timestamp '2021-03-22 05:33:44')", 5, BIGINT),
    Case("minute(timestamp '2021-03-22 05:33:44')", 33, BIGINT),
    Case("second(timestamp '2021-03-22 05:33:44')", 44, BIGINT),
)
def test_parts_are_taken(read: Read, case: Case) -> None:
    case.check(read(case.query))


@table(
    # .../functions/TO_CHAR; the elements: .../sql-functions/DATE_TIME, "Date/Time Formatting".
    Case("to_char(cast('01:02:03' as time), 'HH:MI')", "01:02", VARCHAR),
    Case("to_char(cast('2021-02-11' as date), 'yyyy.mm.dd')", "2021.02.11", VARCHAR),
    Case(
        "to_char(timestamp '2021-02-11 13:04:05.678', 'YYYY-MM-DD HH24:MI:SS.FFF')", "2021-02-11 13:04:05.678"
    ),
    Case("to_char(timestamp '2021-02-11 13:04:05', 'HH12:MI AMPM')", "01:04 PM"),
    Case("to_char(date '2021-02-11', 'DDD')", "042"),
    Case("to_char(date '2021-02-11', 'DY, DD MON YYYY')", "Thu, 11 Feb 2021"),
    Case("to_char(date '2021-02-11', 'MONTH')", "February"),
    Case("to_char(date '2021-02-11', 'DAY')", "Thursday"),
    Case("to_char(timestamp '2021-02-11 13:04:05', 'YYYY-MM-DD\"T\"HH24:MI:SS')", "2021-02-11T13:04:05"),
    Case("to_char(10, '#')", "10", VARCHAR),
    Case("to_char(7.5, '#.#')", "7.5", VARCHAR),
    Case("to_char(1234567.891, '#,###.##')", "1,234,567.89"),
    # .../functions/TO_DATE
    Case("to_date('05/24/22', 'MM/DD/YY')", day("2022-05-24"), DATE),
    Case("to_date('2022-07-22.23', 'YYYY-MM-DD', 1)", None, DATE),
    Case("to_date(1640131200)", day("2021-12-22"), DATE),
    Case("to_date(timestamp '2022-05-17 19:15:00.000')", day("2022-05-17"), DATE),
    # .../functions/TO_TIMESTAMP
    Case(
        "to_timestamp('2021-07-31 01:02:03', 'YYYY-MM-DD HH:MI:SS')", moment("2021-07-31 01:02:03"), TIMESTAMP
    ),
    Case("to_timestamp('2022-03-15 01:02:03.1245', 'YYYY-MM-DD HH:MI:SS', 1)", None, TIMESTAMP),
    Case("to_timestamp(1640131200)", moment("2021-12-22 00:00:00"), TIMESTAMP),
    # As Superset writes its time filters.
    Case(
        "to_timestamp('2025-01-01 00:00:00.000','YYYY-MM-DD HH24:MI:SS.FFF')",
        moment("2025-01-01 00:00:00"),
        TIMESTAMP,
    ),
    # .../functions/UNIX_TIMESTAMP
    Case("unix_timestamp('2021-12-22 13:44:11')", 1640180651, BIGINT),
    Case("unix_timestamp('21-12-22', 'YY-MM-DD')", 1640131200, BIGINT),
    # docs.dremio.com/current/reference/sql/data-types: timestamps are truncated to the millisecond.
    Case("cast('2000-01-01 17:30:50.12' as timestamp)", moment("2000-01-01 17:30:50.120"), TIMESTAMP),
    Case("cast('2000-01-01 17:30:50.123999' as timestamp)", moment("2000-01-01 17:30:50.123"), TIMESTAMP),
    Case("cast(date '2000-01-01' as timestamp)", moment("2000-01-01 00:00:00"), TIMESTAMP),
    Case("cast(timestamp '2000-01-01 17:30:50' as date)", day("2000-01-01"), DATE),
)
def test_moments_are_read_and_written_by_format(read: Read, case: Case) -> None:
    case.check(read(case.query))


@pytest.mark.parametrize(("name", "kind"), [("current_timestamp", TIMESTAMP), ("now()", TIMESTAMP)])
def test_now_is_in_utc_without_a_zone(read: Read, name: str, kind: pa.DataType) -> None:
    column = read(f"select {name} as v").column(0)
    assert column.type == kind
    assert abs((column[0].as_py() - utc_now()).total_seconds()) < 300


def test_today_is_a_date_in_utc(read: Read) -> None:
    column = read("select current_date as v").column(0)
    assert column.type == DATE
    assert abs((column[0].as_py() - utc_now().date()).days) <= 1
