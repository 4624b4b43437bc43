"""Conversions between types, and texts by format: docs.dremio.com/current/reference/sql/sql-functions."""

from datetime import date, datetime, time
from decimal import Decimal

from tests.dialect.example import Example, about, of_row, value

CONVERSIONS: list[Example] = [
    of_row("TO_CHAR(ts, 'YYYY-MM-DD HH24:MI:SS.FFF')", "2025-01-31 10:00:00.500"),
    value("TO_CHAR(CAST('2013-04-05 01:02:03' AS TIMESTAMP), 'mm/dd/yyyy, hh:mi')", "04/05/2013, 01:02"),
    of_row("TO_CHAR(d, 'DAY DY MONTH MON DDD D CC AD WW')", "Friday Fri January Jan 031 6 20 AD 05"),
    of_row("TO_CHAR(ts, 'YYYY\"T{0}%''\"HH12 AM F FF TZD TZO')", "2025T{0}%'10 AM 5 50 UTC +00:00"),
    value("TO_CHAR(1234567.891, '#,##0.00')", "1,234,567.89"),
    value("TO_CHAR(0.5, '#.##')", "0.5"),
    value("TO_CHAR(0.5, '#.00')", ".50"),
    value("TO_CHAR(-3.14159, '0.0##')", "-3.142"),
    value("TO_CHAR(-0.001, '0.00')", "0.00"),
    value("TO_CHAR(5, '000')", "005"),
    value("TO_CHAR(0.256, '0.0%')", "25.6%"),
    value("TO_CHAR(2.5, '0')", "2"),
    value("TO_NUMBER('12374.0023', '#####.###')", about(12374.002)),
    value("TO_NUMBER('1,234.5', '#,##0.0')", 1234.5),
    value("TO_TIMESTAMP('2025-01-01 00:00:00.000', 'YYYY-MM-DD HH24:MI:SS.FFF')", datetime(2025, 1, 1)),
    value("TO_TIMESTAMP(52 * 365.25 * 86400)", datetime(2022, 1, 1)),
    value("TO_DATE('16/10/2025', 'DD/MM/YYYY')", date(2025, 10, 16)),
    value("TO_DATE('no date', 'YYYY-MM-DD', 1)", None),
    value("TO_TIME('09:15:00', 'HH24:MI:SS')", time(9, 15)),
    value("CONVERT_FROM('[\"apple\", \"banana\"]', 'json')", ["apple", "banana"]),
    value('CONVERT_FROM(\'{"name":"Gnarly", "age":7, "car":null}\', \'json\')', {"name": "Gnarly", "age": 7}),
    value("CONVERT_FROM('[1, 2.5]', 'json')", [1.0, 2.5]),
    value("CONVERT_TO('this value', 'UTF8')", b"this value"),
    value("CONVERT_FROM(CONVERT_TO('é', 'UTF8'), 'UTF8')", "é"),
    of_row("CONVERT_TO(numbers, 'JSON')", b"[1,2,3]"),
    value("HEX('Dremio')", "4472656D696F"),
    value("HEX(2023)", "7E7"),
    value("UNBASE64(BASE64('Dremio'))", b"Dremio"),
    of_row("IS_UTF8(bytes)", False),
    of_row("IS_INT(i) and IS_BIGINT(l) and IS_VARCHAR(s) and not IS_INT(l)", True),
    value("ISNUMERIC('1e3') and not ISNUMERIC('x') and ISDATE('2022-01-01') and not ISDATE('x')", True),
    of_row("CAST(ts AS VARCHAR)", "2025-01-31 10:00:00.500"),
    of_row("CAST(t AS VARCHAR)", "01:02:03.000"),
    value("CAST('abcdef' AS VARCHAR(3))", "abc"),
    of_row("CAST(x AS INTEGER)", 3),
    of_row("CAST(-x AS BIGINT)", -3),
    value("CAST(1.005 AS DECIMAL(10, 2))", Decimal("1.01")),
    value("CAST(7 AS DECIMAL)", Decimal(7)),
]
