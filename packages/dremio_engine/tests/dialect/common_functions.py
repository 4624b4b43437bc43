"""Functions that statements commonly use: docs.dremio.com/current/reference/sql/sql-functions."""

from tests.dialect.example import (
    BIGINT,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    TIMESTAMP,
    VARCHAR,
    Example,
    about,
    clock,
    day,
    exact,
    moment,
    of_row,
    rows,
    value,
)

TYPES: list[Example] = [
    value("typeof(true)", "BIT", VARCHAR),
    value("typeof(100)", "INT"),
    value("typeof(98.76)", "DECIMAL"),
    value("typeof('2021-09-14')", "VARCHAR"),
    value("typeof(null)", "NULL"),
    of_row("typeof(nothing)", "NULL"),
    of_row("typeof(l) || typeof(i + l)", "BIGINTBIGINT"),
    of_row("typeof(x) || ' ' || typeof(y)", "FLOAT8 FLOAT4"),
    of_row("typeof(d) || ' ' || typeof(ts) || ' ' || typeof(t)", "DATEMILLI TIMESTAMPMILLI TIMEMILLI"),
    of_row("typeof(numbers) || ' ' || typeof(st) || ' ' || typeof(m)", "LIST STRUCT MAP"),
    of_row("typeof(bytes)", "VARBINARY"),
    of_row("is_list(numbers) and not is_list(st) and is_struct(st) and not is_struct(m)", True, BOOLEAN),
    of_row("is_decimal(p) and is_float8(x) and is_float4(y) and is_bit(b) and is_varbinary(bytes)", True),
    of_row("is_time(t) and is_timestamp(ts) and not is_timestamp(d)", True),
]
ADDITIONS: list[Example] = [
    value("add_months(date '2025-01-31', 1)", day("2025-02-28"), DATE),
    value("add_months(date '2024-02-29', 12)", day("2025-02-28")),
    value("add_months(date '2003-07-09', -7)", day("2002-12-09")),
    value("add_months(4, date '2003-07-09')", day("2003-11-09"), DATE),
    value("add_months(timestamp '2025-01-31 10:00:00', 1)", moment("2025-02-28 10:00:00"), TIMESTAMP),
    value("add_months('2025-01-31', 1)", day("2025-02-28"), DATE),
    of_row("add_months(d, l)", day("2025-04-30"), DATE),
    of_row("add_months(d, nothing)", None, DATE),
    of_row("add_months(cast(null as date), 1)", None, DATE),
    of_row("add_years(d, -1)", day("2024-01-31")),
    of_row("add_quarters(d, 1)", day("2025-04-30")),
    of_row("add_weeks(d, 1)", day("2025-02-07")),
    of_row("add_days(ts, 1)", moment("2025-02-01 10:00:00.500"), TIMESTAMP),
    of_row("add_hours(d, 25)", moment("2025-02-01 01:00:00"), TIMESTAMP),
    of_row("add_minutes(ts, -1)", moment("2025-01-31 09:59:00.500")),
    of_row("add_seconds(2, ts)", moment("2025-01-31 10:00:02.500")),
    value("add_microseconds(timestamp '2025-01-31 10:00:00', 2000)", moment("2025-01-31 10:00:00.002")),
    of_row("add_months(d, 1) - interval '1' day", day("2025-02-27"), DATE),
]
OTHERS: list[Example] = [
    value("string_binary(from_hex('54455354111213'))", "TEST\\x11\\x12\\x13"),
    value("string_binary(binary_string('Dremio'))", "Dremio"),
    value("log2(16)", 4.0, DOUBLE),
    value("log2(183.734)", about(7.5214748118288055)),
    value("shiftleft(16, 1) + shiftright(16, 1)", 40),
    value("rshiftunsigned(-1, 1)", 2147483647, INTEGER),
    value("shiftrightunsigned(8, 0)", 8),
    value("rshiftunsigned(cast(-1 as bigint), 1)", 9223372036854775807, BIGINT),
    value("rshiftunsigned(cast(8 as bigint), 1)", 4),
    value("map_keys(array_frequency(array[2, 1, 2, 1, 1, 5]))", ["1", "2", "5"]),
    value("map_values(array_frequency(array[2, 1, 2, 1, 1, 5]))", [3, 2, 1]),
    value("map_keys(array_frequency(array['foo', 'bar', 'FOO', 'foo', null]))", ["FOO", "bar", "foo"]),
    value("array_intersection(array[1, 2, 2, 3], array[1, 3, 5])", [1, 3]),
    value("regexp_col_matches('abc', 'b.')", True),
]
UNLISTED: list[Example] = [
    value("from_unixtime(1640180651)", "2021-12-22 13:44:11", VARCHAR),
    value("from_unixtime(-1)", "1969-12-31 23:59:59"),
    value("from_unixtime(cast(null as bigint))", None, VARCHAR),
    value("length(uuid())", 36, INTEGER),
    rows(
        "select min_by(k, v), max_by(k, v)"
        " from (values ('a', 2), ('b', 9), ('c', null), (null, 1)) as t(k, v)",
        [(None, "b")],
    ),
    rows(
        "select g, max_by(k, v) as k from (values (1, 'a', 2), (1, 'b', 9), (2, 'c', 1)) as t(g, k, v)"
        " group by g order by g",
        [(1, "b"), (2, "c")],
    ),
    rows("select max_by(k, v) over () from (values ('a', 2), ('b', 9)) as t(k, v)", [("b",), ("b",)]),
    rows("select max_by(k, v) filter (where v < 9) from (values ('a', 2), ('b', 9)) as t(k, v)", [("a",)]),
]
MAPS_AND_PERIODS: list[Example] = [
    value("map_keys(map['a', '1', 'b', '2'])", ["a", "b"]),
    value("map_values(map['a', 1, 'b', null])", [1, None]),
    value("map['a', 1, 'b', 2]['b']", 2),
    value("cardinality(map['a', 1, 'b', 2])", 2, INTEGER),
    of_row("map[s, i, 'x', j]['abc']", 7),
    value("(time '2:55:00', interval '1' hour) overlaps (time '3:30:00', interval '2' hour)", True, BOOLEAN),
    value(
        "(date '2013-01-01', date '2014-12-31') overlaps (date '2013-06-01', date '2013-07-01')",
        True,
    ),
    value("(date '2013-01-01', date '2013-02-01') overlaps (date '2013-02-02', date '2013-03-01')", False),
    value("(date '2013-02-01', date '2013-01-01') overlaps (date '2013-01-15', interval '1' day)", True),
    value("(date '2013-01-01', date '2013-02-01') overlaps (date '2013-02-01', date '2013-03-01')", True),
    of_row("(d, cast(null as date)) overlaps (d, d)", None),
]
TYPED_JSON: list[Example] = [
    value('try_convert_from(\'["apple", "banana"]\' as varchar array)', ["apple", "banana"]),
    value(
        """try_convert_from('{"name":"Gnarly", "age":7, "car":null}' as row(name varchar, age int))""",
        {"name": "Gnarly", "age": 7},
    ),
    value("try_convert_from('[\"apple\"]' as row(name varchar, age int))", None),
    value(
        """try_convert_from('{"name":1.5, "age":"7"}' as row(name varchar, age int))""",
        {"name": "1.5", "age": 7},
    ),
    value("""try_convert_from('{"age":7.0}' as row(age int))""", None),
    value("""try_convert_from('{"age":3000000000}' as row(age int))""", None),
    value("""try_convert_from('{"other":1}' as row(age int))""", {"age": None}),
    value(
        """try_convert_from('{"d":"2020-01-01", "t":"10:00:00.000", "ts":"2020-01-01 10:00:00.000",
        "b":"true", "x":"1.5"}' as row(d date, t time, ts timestamp, b boolean, x decimal(5, 2)))""",
        {
            "d": day("2020-01-01"),
            "t": clock("10:00:00"),
            "ts": moment("2020-01-01 10:00:00"),
            "b": True,
            "x": exact("1.50"),
        },
    ),
    value("""try_convert_from('{"d":"2020/01/01"}' as row(d date))""", None),
    value(
        """try_convert_from('{"l":[{"a":1},{"a":2}], "m":[[1],[2,3]]}'
        as row(l array(row(a int)), m array(array(bigint))))""",
        {"l": [{"a": 1}, {"a": 2}], "m": [[1], [2, 3]]},
    ),
    value("try_convert_from('not JSON' as row(a int))", None),
    value("""try_convert_from('[1, {"a": 2}]' as array(varchar))""", None),
    rows(
        """select t.v.a + 1 from (select try_convert_from(x as row(a int)) as v
        from (values ('{"a":1}'), ('{"a":"z"}'), (null)) as q(x)) as t order by 1""",
        [(2,), (None,), (None,)],
    ),
]
# Functions whose body hangs on the type of what they are given, here of many rows.
OVER_AGGREGATES: list[Example] = [
    of_row("date_trunc('month', max(d))", day("2025-01-01"), DATE),
    of_row("date_trunc('month', max(d) over ())", day("2025-01-01")),
    of_row("add_months(date_trunc('month', max(d)), count(*))", day("2025-02-01"), DATE),
    of_row("date_add(max(d), 1)", day("2025-02-01"), DATE),
    of_row("timestampadd(hour, min(i), max(ts))", moment("2025-01-31 17:00:00.500"), TIMESTAMP),
    of_row("to_char(max(ts), 'YYYY')", "2025"),
    of_row("bin(max(i))", "111"),
    of_row("convert_from(max(s), 'UTF8')", "abc"),
    of_row("substring(max(s), 2, 1) || lpad(max(s), min(i))", "b    abc"),
    of_row("date_trunc('month', min(d) filter (where i > 100))", None),
    rows(
        "select distinct date_trunc('month', max(d)) as m from {row} as t having year(max(d)) = 2025"
        " and date_trunc('month', max(d)) = date '2025-01-01' order by date_trunc('month', max(d))",
        [(day("2025-01-01"),)],
    ),
    rows("select typeof(flatten(letters)) from {row} as t", [("VARCHAR",), ("VARCHAR",)]),
]
