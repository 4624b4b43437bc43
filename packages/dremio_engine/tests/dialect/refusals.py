"""Queries that Dremio does not answer: docs.dremio.com/current/reference/sql, and its behaviour."""

from tests.dialect.example import ROW

ON_THE_ROW = f" from {ROW} as t"
DIVISIONS_BY_ZERO = [
    "select 1 / 0 as v",
    "select cast(1 as decimal(5,2)) / cast(0 as decimal(5,2)) as v",
    *(
        f"select {expression}{ON_THE_ROW}"
        for expression in (
            "1 / 0",
            "i / zero",
            "l / zero",
            "x / zero",
            "y / zero",
            "p / zero",
            "p / (q - 3)",
            "i / (j - 2)",
            "mod(p, 0)",
            "mod(x, 0)",
            "p % zero",
            "pmod(i, zero)",
            "1 / (i / (j * 10))",
            "sum(i) / sum(zero)",
            f"i / (select min(zero) from {ROW} as t)",
        )
    ),
]
NO_VALUE_OF_THE_TYPE = [
    "select locate('b', 'abc', 0) as v",
    "select to_timestamp('2018-11-23 15:36 ABC', 'YYYY-MM-DD HH24:MI TZD') as v",
    "select to_timestamp('2018-11-23 15:36', 'YYYY-MM-DD HH24:MI TZO') as v",
    "select cast('x' as integer) as v",
    *(f"select cast('{text}' as integer) as v" for text in ("1.7", "1e3", "0x10", "1_000", "", "+", "1 2")),
    "select cast('99999999999' as integer) as v",
    *(f"select cast('{text}' as boolean) as v" for text in ("yes", "t", "on", "2", "")),
    f"select cast(s as bigint) from {ROW} as t",
    "select cast(s as boolean) from (values ('no')) as t(s)",
    "select cast('1.5x' as double) as v",
    "select cast('no day' as date) as v",
]
NOT_PARSED = [
    "select 1 as a; select 2",
    "select `a` from (values (1)) as t(a)",
    "select 1 as",
    "select {x 'a'} as v",
    "select {d 1} as v",
    "select {d '2025-01-01' as v",
    "select {fn } as v",
    "select overlay('a', 'b', 1) as v",
    "select convert_timezone('+25:00', '2021-04-01') as v",
    "select convert_timezone('Mars/Phobos', '2021-04-01') as v",
    "select cast(1 as list) as v",
    "select cast('1.5' as interval day) as v",
    "select cast('x' as interval second) as v",
    "select cast('1:2' as interval year to month) as v",
    "select cast(1 as interval day to second) as v",
    "select cast(1 as decimal(39, 0)) as v",
    "select cast(1 as decimal(5, 6)) as v",
    "select 9223372036854775808 as v",
    "select 12345678901234567890.5 as v",
    # What only other dialects have.
    "select 1::varchar",
    "select 1 as a,",
    "select [1, 2]",
    "select * exclude (a) from (values (1, 2)) as t(a, b)",
    "select a, count(*) from (values (1)) as t(a) group by all",
    "select a from (values (1)) as t(a) limit 10%",
    "select a from (values ('x')) as t(a) where a ilike 'X'",
    "with recursive r as (select 1 as a) select a from r",
    # Reserved words without quotes.
    "select 1 as value",
    "select 1 year",
    "select t.date from (values (1)) as t(date)",
    "with rows as (select 1 as a) select a from rows",
]
