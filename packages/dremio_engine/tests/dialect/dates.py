"""Dates and times. Values and types: docs.dremio.com/current/reference/sql/sql-functions/functions/<NAME>."""

from datetime import date, datetime, time, timedelta

from tests.dialect.example import (
    BIGINT,
    DATE,
    DOUBLE,
    INTEGER,
    TIME,
    TIMESTAMP,
    VARCHAR,
    Example,
    about,
    clock,
    day,
    moment,
    of_row,
    value,
)

MOMENTS: list[Example] = [
    # .../functions/TIMESTAMPDIFF: the first moment is taken from the second.
    value("timestampdiff(MONTH, date '2021-02-01', date '2021-05-01')", 3, INTEGER),
    value(
        "timestampdiff(DAY, timestamp '2003-02-01 11:43:22', timestamp '2005-04-09 12:05:55')", 798, INTEGER
    ),
    value("timestampdiff(DAY, date '2021-05-01', date '2021-04-01')", -30),
    value("timestampdiff(HOUR, timestamp '2021-05-01 00:30:00', timestamp '2021-05-01 02:29:00')", 1),
    value("timestampdiff(SECOND, timestamp '2021-05-01 00:00:00', timestamp '2021-05-01 00:01:01')", 61),
    value("timestampdiff(WEEK, date '2021-01-01', date '2021-01-15')", 2),
    value("timestampdiff(QUARTER, date '2021-01-01', date '2021-12-31')", 3),
    # .../functions/TIMESTAMPADD
    value("timestampadd(DAY, 1, date '2021-04-01')", day("2021-04-02"), DATE),
    value(
        "timestampadd(HOUR, -2, timestamp '2021-04-01 17:14:32')", moment("2021-04-01 15:14:32"), TIMESTAMP
    ),
    value(
        "timestampadd(MONTH, 1, timestamp '2021-01-31 10:00:00')", moment("2021-02-28 10:00:00"), TIMESTAMP
    ),
    value("timestampadd(QUARTER, 1, timestamp '2021-01-15 00:00:00')", moment("2021-04-15 00:00:00")),
    # .../functions/DATEDIFF: the second is taken from the first, in days.
    value("datediff('2021-02-28', '2021-01-01')", 58, INTEGER),
    value("datediff('2005-04-09 12:05:55', '2003-02-01 11:43:22')", 798, INTEGER),
    value("datediff(date '2021-01-01', date '2021-02-28')", -58, INTEGER),
    # .../functions/DATE_ADD, DATE_SUB: days give a DATE, an interval a TIMESTAMP.
    value("date_add('2022-01-01', 2)", day("2022-01-03"), DATE),
    value("date_add(date '2022-01-01', -30)", day("2021-12-02"), DATE),
    value("date_add(date '2022-01-01', cast(30 as interval day))", moment("2022-01-31 00:00:00"), TIMESTAMP),
    value(
        "date_add(timestamp '2022-01-01 12:00:00', cast(-30 as interval day))",
        moment("2021-12-02 12:00:00"),
        TIMESTAMP,
    ),
    value(
        "date_add(timestamp '2022-01-01 12:00:00', cast(1 as interval month))", moment("2022-02-01 12:00:00")
    ),
    value(
        "date_add('2022-01-01 12:00:00', cast(30 as interval day))", moment("2022-01-31 00:00:00"), TIMESTAMP
    ),
    value("date_add(time '00:00:00', cast(30 as interval minute))", clock("00:30:00"), TIME),
    value("date_add(time '00:00:00', cast(-30 as interval minute))", clock("23:30:00"), TIME),
    value("date_sub('2022-01-01', 2)", day("2021-12-30"), DATE),
    value("date_sub(date '2022-01-01', -30)", day("2022-01-31"), DATE),
    value("date_sub(date '2022-01-01', cast(30 as interval day))", moment("2021-12-02 00:00:00"), TIMESTAMP),
    # .../functions/DATE_DIFF
    value("date_diff(date '2022-01-01', 5)", day("2021-12-27"), DATE),
    # .../functions/LAST_DAY, NEXT_DAY: always a DATE.
    value("last_day('2009-01-12 12:58:59')", day("2009-01-31"), DATE),
    value("last_day(date '2024-02-10')", day("2024-02-29"), DATE),
    value("next_day('2015-01-14 12:05:55', 'TU')", day("2015-01-20"), DATE),
    # .../functions/MONTHS_BETWEEN
    value("months_between('2018-11-01 10:30:00', '2019-02-28')", about(-3.870967741935484), DOUBLE),
    # INTERVAL arithmetic: docs.dremio.com/current/reference/sql/data-types
    value("timestamp '2022-01-01 00:00:00' + interval '5' minute", moment("2022-01-01 00:05:00"), TIMESTAMP),
    value("timestamp '2022-01-05 02:00:00' - interval '4 01' day to hour", moment("2022-01-01 01:00:00")),
]

PARTS: list[Example] = [
    # .../functions/DATE_TRUNC
    value("date_trunc('MONTH', date '2021-12-24')", day("2021-12-01"), DATE),
    value(
        "date_trunc('MINUTE', cast('2021-12-24 12:28:33' as timestamp))",
        moment("2021-12-24 12:28:00"),
        TIMESTAMP,
    ),
    # Centuries and millennia begin with their first year (dremio-oss, DateTruncFunctions.java).
    value("date_trunc('CENTURY', date '2021-12-24')", day("2001-01-01"), DATE),
    value("date_trunc('CENTURY', date '2000-12-31')", day("1901-01-01"), DATE),
    value("date_trunc('CENTURY', date '2001-01-01')", day("2001-01-01"), DATE),
    value(
        "date_trunc('MILLENNIUM', timestamp '2000-12-31 23:00:00')", moment("1001-01-01 00:00:00"), TIMESTAMP
    ),
    value("date_trunc('MILLENNIUM', '2021-12-24')", day("2001-01-01")),
    value("date_trunc('DECADE', date '2021-12-24')", day("2020-01-01"), DATE),
    value("date_trunc('WEEK', date '2021-12-24')", day("2021-12-20"), DATE),
    value("date_trunc('QUARTER', timestamp '2021-12-24 12:28:33')", moment("2021-10-01 00:00:00"), TIMESTAMP),
    # .../functions/DAYOFWEEK: Sunday is 1.
    value("dayofweek(date '2021-02-28')", 1, BIGINT),
    value("dayofweek(timestamp '2021-02-27 11:43:22')", 7, BIGINT),
    value("dayofyear(date '2021-02-28')", 59, BIGINT),
    value("dayofmonth(timestamp '2021-02-28 11:43:22')", 28, BIGINT),
    value("weekofyear(date '1992-01-01')", 1),
    value("week(timestamp '2021-04-05 01:02:03')", 14),
    value("quarter(timestamp '2021-04-05 01:02:03')", 2, BIGINT),
    # .../functions/EXTRACT
    value("extract(hour from cast('05:33:44' as time))", 5, BIGINT),
    value("extract(month from cast('2021-03-22 05:33:44.2' as timestamp))", 3, BIGINT),
    value("extract(second from cast('2021-03-22 05:33:44.2' as timestamp))", 44, BIGINT),
    value("extract(year from cast('2021-03-22' as date))", 2021, BIGINT),
    value("extract(epoch from cast('2021-03-22 05:33:44.2' as timestamp))", 1616391224, BIGINT),
    value("extract(epoch from cast('2021-03-22' as date))", 1616371200, BIGINT),
    value("date_part('year', timestamp '2021-03-22 05:33:44')", 2021),
    value("year(timestamp '2021-03-22 05:33:44')", 2021, BIGINT),
    value("month(date '2021-03-22')", 3, BIGINT),
    value("\"DAY\"(date '2021-03-22')", 22, BIGINT),
    value("hour(timestamp '2021-03-22 05:33:44')", 5, BIGINT),
    value("minute(timestamp '2021-03-22 05:33:44')", 33, BIGINT),
    value("second(timestamp '2021-03-22 05:33:44')", 44, BIGINT),
]

FORMATS: list[Example] = [
    # .../functions/TO_CHAR; the elements: .../sql-functions/DATE_TIME, "Date/Time Formatting".
    value("to_char(cast('01:02:03' as time), 'HH:MI')", "01:02", VARCHAR),
    value("to_char(cast('2021-02-11' as date), 'yyyy.mm.dd')", "2021.02.11", VARCHAR),
    value(
        "to_char(timestamp '2021-02-11 13:04:05.678', 'YYYY-MM-DD HH24:MI:SS.FFF')", "2021-02-11 13:04:05.678"
    ),
    value("to_char(timestamp '2021-02-11 13:04:05', 'HH12:MI AMPM')", "01:04 PM"),
    value("to_char(date '2021-02-11', 'DDD')", "042"),
    value("to_char(date '2021-02-11', 'DY, DD MON YYYY')", "Thu, 11 Feb 2021"),
    value("to_char(date '2021-02-11', 'MONTH')", "February"),
    value("to_char(date '2021-02-11', 'DAY')", "Thursday"),
    value("to_char(timestamp '2021-02-11 13:04:05', 'YYYY-MM-DD\"T\"HH24:MI:SS')", "2021-02-11T13:04:05"),
    value("to_char(10, '#')", "10", VARCHAR),
    value("to_char(7.5, '#.#')", "7.5", VARCHAR),
    value("to_char(1234567.891, '#,###.##')", "1,234,567.89"),
    # .../functions/TO_DATE
    value("to_date('05/24/22', 'MM/DD/YY')", day("2022-05-24"), DATE),
    value("to_date('2022-07-22.23', 'YYYY-MM-DD', 1)", None, DATE),
    value("to_date(1640131200)", day("2021-12-22"), DATE),
    value("to_date(timestamp '2022-05-17 19:15:00.000')", day("2022-05-17"), DATE),
    # .../functions/TO_TIMESTAMP
    value(
        "to_timestamp('2021-07-31 01:02:03', 'YYYY-MM-DD HH:MI:SS')", moment("2021-07-31 01:02:03"), TIMESTAMP
    ),
    value("to_timestamp('2022-03-15 01:02:03.1245', 'YYYY-MM-DD HH:MI:SS', 1)", None, TIMESTAMP),
    value("to_timestamp(1640131200)", moment("2021-12-22 00:00:00"), TIMESTAMP),
    # As Superset writes its time filters.
    value(
        "to_timestamp('2025-01-01 00:00:00.000','YYYY-MM-DD HH24:MI:SS.FFF')",
        moment("2025-01-01 00:00:00"),
        TIMESTAMP,
    ),
    # .../functions/UNIX_TIMESTAMP
    value("unix_timestamp('2021-12-22 13:44:11')", 1640180651, BIGINT),
    value("unix_timestamp('21-12-22', 'YY-MM-DD')", 1640131200, BIGINT),
    # docs.dremio.com/current/reference/sql/data-types: timestamps are truncated to the millisecond.
    value("cast('2000-01-01 17:30:50.12' as timestamp)", moment("2000-01-01 17:30:50.120"), TIMESTAMP),
    value("cast('2000-01-01 17:30:50.123999' as timestamp)", moment("2000-01-01 17:30:50.123"), TIMESTAMP),
    value("cast(date '2000-01-01' as timestamp)", moment("2000-01-01 00:00:00"), TIMESTAMP),
    value("cast(timestamp '2000-01-01 17:30:50' as date)", day("2000-01-01"), DATE),
]

MORE_DATES: list[Example] = [
    value("TIMESTAMPDIFF(DAY, timestamp '2025-01-01 00:00:00', timestamp '2025-01-03 12:00:00')", 2),
    value("TIMESTAMPDIFF(MONTH, date '2025-01-31', date '2025-03-30')", 1),
    value(
        "TIMESTAMPDIFF(SQL_TSI_HOUR, timestamp '2025-01-01 00:00:00', timestamp '2024-12-31 22:30:00')", -1
    ),
    value("TIMESTAMPADD(DAY, 2, timestamp '2025-01-01 10:00:00')", datetime(2025, 1, 3, 10)),
    value("TIMESTAMPADD(QUARTER, 1, date '2025-01-31')", date(2025, 4, 30)),
    of_row("TIMESTAMPADD(HOUR, 1, d)", datetime(2025, 1, 31, 1)),
    value("DATEDIFF(date '2025-01-01', timestamp '2025-01-05 23:00:00')", -4),
    value("DATE_ADD('2022-01-01', -2)", date(2021, 12, 30)),
    of_row("DATE_ADD(date '2022-01-01', i)", date(2022, 1, 8)),
    value("DATE_ADD(date '2022-01-01', CAST(2 AS INTERVAL DAY))", datetime(2022, 1, 3)),
    value("DATE_SUB(timestamp '2022-03-31 01:00:00', CAST(1 AS INTERVAL MONTH))", datetime(2022, 2, 28, 1)),
    value("DATE_SUB('2022-01-01 12:00:00', CAST(30 AS INTERVAL DAY))", datetime(2021, 12, 2)),
    value("DATE_SUB(TIME '00:00:00', CAST(30 AS INTERVAL MINUTE))", time(23, 30)),
    value("DATE_DIFF(DATE '2022-04-01', DATE '2022-01-01')", timedelta(days=90)),
    value(
        "DATE_DIFF(TIMESTAMP '2022-04-01 12:35:23', TIMESTAMP '2022-01-01 01:00:00')",
        timedelta(days=90, hours=11, minutes=35, seconds=23),
    ),
    value("DATE_DIFF(TIMESTAMP '2022-01-01 12:35:23', -5)", datetime(2022, 1, 6, 12, 35, 23)),
    value("DATE_TRUNC('MONTH', date '2025-10-16')", date(2025, 10, 1)),
    value("DATE_TRUNC('hour', timestamp '2025-10-16 11:22:33')", datetime(2025, 10, 16, 11)),
    value("DATE_TRUNC('MONTH', '2021-12-24')", date(2021, 12, 1)),
    value("DATE_TRUNC('HOUR', '2021-12-24 12:28:33')", date(2021, 12, 24)),
    value("extract(year from date '2025-10-16')", 2025),
    value("extract(second from timestamp '2021-03-22 05:33:44.9')", 44),
    value("extract(epoch from timestamp '2021-03-22 05:33:44.9')", 1616391224),
    value("DATE_PART('month', date '2025-10-16')", 10),
    value("DAYOFWEEK(date '2026-11-22')", 1),
    value("NEXT_DAY(timestamp '2013-05-31 16:40:00', 'FRIDAY')", date(2013, 6, 7)),
    value("MONTHS_BETWEEN(date '2025-03-31', date '2025-02-28')", 1.0),
    value(
        "CONVERT_TIMEZONE('America/Los_Angeles', 'America/New_York', '2021-04-01 15:27:32')",
        datetime(2021, 4, 1, 18, 27, 32),
    ),
    value(
        "CONVERT_TIMEZONE('America/New_York', timestamp '2021-04-01 15:27:32')",
        datetime(2021, 4, 1, 11, 27, 32),
    ),
    value("TIMESTAMPTYPE(2020, 1, 2, 3, 4, 5, 6)", datetime(2020, 1, 2, 3, 4, 5, 6000)),
    value("DATETYPE(2020, 1, 2)", date(2020, 1, 2)),
    of_row("d + interval '1' day", date(2025, 2, 1)),
    of_row("d - interval '3' month", date(2024, 10, 31)),
    of_row("d - date '2025-01-01'", timedelta(days=30)),
    value("date '2025-10-16' - interval '3' day < date '2025-10-16'", True),
]

MOMENTS_AS_JDBC_WRITES_THEM: list[Example] = [
    value("{d '2025-01-31'}", day("2025-01-31"), DATE),
    value("{t '10:11:12'}", clock("10:11:12"), TIME),
    value("{ ts '2025-01-31 10:11:12.5' }", moment("2025-01-31 10:11:12.5"), TIMESTAMP),
    value("{fn timestampdiff(SQL_TSI_DAY, {ts '2025-01-01 00:00:00'}, {ts '2025-01-03 00:00:00'})}", 2),
    value("{fn year({d '2025-01-31'})}", 2025),
    value("{fn curdate()} = current_date and {d '2025-01-31'} < {fn now()}", True),
    of_row("d = {d '2025-01-31'}", True),
]

# .../functions/CONVERT_TIMEZONE: an abbreviation is an offset, also in summer.
ZONES: list[Example] = [
    value("CONVERT_TIMEZONE('PST', 'EST', '2021-04-01 15:27:32')", moment("2021-04-01 18:27:32"), TIMESTAMP),
    value("CONVERT_TIMEZONE('PST', '2021-07-01 12:00:00')", moment("2021-07-01 04:00:00")),
    value("CONVERT_TIMEZONE('EDT', '2021-04-01 15:27:32')", moment("2021-04-01 11:27:32")),
    value("CONVERT_TIMEZONE('edt', '2021-01-01 15:27:32')", moment("2021-01-01 11:27:32")),
    value("CONVERT_TIMEZONE('PST', '+02:00', '2021-04-01 15:27:32')", moment("2021-04-02 01:27:32")),
    value("CONVERT_TIMEZONE('-05:30', 'UTC', '2021-04-01 15:27:32')", moment("2021-04-01 20:57:32")),
    value("CONVERT_TIMEZONE('IST', 'Z', '2021-04-01 12:00:00')", moment("2021-04-01 10:00:00")),
    value("CONVERT_TIMEZONE('UTC+2', '2021-04-01 12:00:00')", moment("2021-04-01 14:00:00")),
    value("CONVERT_TIMEZONE('+0530', '2021-04-01 12:00:00')", moment("2021-04-01 17:30:00")),
    value("CONVERT_TIMEZONE('+02:00', 'Europe/Berlin', '2021-01-01 12:00')", moment("2021-01-01 11:00:00")),
    value("CONVERT_TIMEZONE('Europe/Berlin', '-01:00', '2021-07-01 12:00')", moment("2021-07-01 09:00:00")),
    value("CONVERT_TIMEZONE('America/Los_Angeles', 'America/New_York', date '2021-04-01')",
          moment("2021-04-01 03:00:00")),
    value("CONVERT_TIMEZONE('EST', cast(null as timestamp))", None),
    of_row("CONVERT_TIMEZONE('+01:00', ts)", moment("2025-01-31 11:00:00.500")),
]  # fmt: skip

_READ = '\'YYYY-MM-DD"T"HH24:MI:SS.FFF'

# A zone in the text is honoured: the moment is in UTC.
READ_WITH_A_ZONE: list[Example] = [
    value(f"TO_TIMESTAMP('2018-11-23T15:36:00.000PST', {_READ}TZD')", moment("2018-11-23 23:36"), TIMESTAMP),
    value(f"TO_TIMESTAMP('2018-11-23T15:36:00.000pdt', {_READ}TZD')", moment("2018-11-23 22:36")),
    value(f"TO_TIMESTAMP('2018-11-23T15:36:00.500+01:00', {_READ}TZO')", moment("2018-11-23 14:36:00.500")),
    value("TO_TIMESTAMP('2018-11-23 15:36 UTC', 'YYYY-MM-DD HH24:MI TZD')", moment("2018-11-23 15:36")),
    value("TO_TIMESTAMP('2018-11-23 -05:30 15:36', 'YYYY-MM-DD TZO HH24:MI')", moment("2018-11-23 21:06")),
    value(f"TO_DATE('2018-11-23T19:36:00.000PST', {_READ}TZD')", day("2018-11-24"), DATE),
    value("TO_TIME('23:30:00 +02:00', 'HH24:MI:SS TZO')", clock("21:30"), TIME),
    value(f"UNIX_TIMESTAMP('1970-01-01T01:00:00.000-01:00', {_READ}TZO')", 7200, BIGINT),
    value(f"TO_TIMESTAMP('2018-11-23T15:36:00.000ABC', {_READ}TZD', 1)", None),
    value(f"TO_TIMESTAMP(cast(null as varchar), {_READ}TZD')", None),
]

CUT_TO_DAYS: list[Example] = [
    value("cast(timestamp '2025-01-31 23:59:59.999' as date)", day("2025-01-31"), DATE),
    value("cast(timestamp '1969-12-31 23:59:59.999' as date)", day("1969-12-31"), DATE),
    value("cast(timestamp '2025-01-31 10:11:12.500' as time)", clock("10:11:12.500"), TIME),
    value("cast(date '2025-01-31' as timestamp)", moment("2025-01-31"), TIMESTAMP),
    value("cast('2025-01-31 10:11:12' as date)", day("2025-01-31"), DATE),
    value("cast(date '2025-01-31' as varchar)", "2025-01-31", VARCHAR),
]

SPANS: list[Example] = [
    value("date '2025-01-31' + cast('1' as interval day)", day("2025-02-01")),
    value("date '2025-01-31' + cast(1 as interval month)", day("2025-02-28")),
    value("timestamp '2025-01-31 10:00:00' - cast('2' as interval hour)", moment("2025-01-31 08:00:00")),
    value("timestamp '2025-01-31 10:00:00' + cast(90 as interval minute)", moment("2025-01-31 11:30:00")),
    value("timestamp '2025-01-31 10:00:00' + cast(1 + 1 as interval second)", moment("2025-01-31 10:00:02")),
    value("date '2025-01-31' - cast('1' as interval year)", day("2024-01-31")),
    of_row("d + cast(j as interval day)", day("2025-02-02")),
    value("cast('1' as interval day)", timedelta(days=1)),
    value("cast(-2 as interval day)", timedelta(days=-2)),
    value("cast(cast(2 as bigint) as interval hour)", timedelta(hours=2)),
    value("cast(1.5 as interval second)", timedelta(seconds=1.5)),
    value("cast('1.5' as interval second)", timedelta(seconds=1.5)),
    value("select cast(a as interval minute) from (values (' 3 ')) as t(a)", timedelta(minutes=3)),
    value("cast('1 02:03:04' as interval day to second)", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    value("date '2025-01-31' + cast('1-1' as interval year to month)", day("2026-02-28")),
    value("cast(null as interval day)", None),
]  # fmt: skip
