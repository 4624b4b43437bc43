"""Lists, structs and maps: docs.dremio.com/current/reference/sql/sql-functions/functions/<NAME>."""

from tests.dialect.example import (
    BIGINT,
    BOOLEAN,
    INTEGER,
    VARCHAR,
    Example,
    column,
    decimal,
    exact,
    of_row,
    rows,
    value,
)

SEMI_STRUCTURED: list[Example] = [
    value("convert_from('[\"apple\", \"strawberry\"]', 'json')", ["apple", "strawberry"]),
    value('convert_from(\'{"name":"Gnarly", "age":7}\', \'json\')', {"name": "Gnarly", "age": 7}),
    value("convert_from(convert_to('x', 'UTF8'), 'UTF8')", "x", VARCHAR),
    value("array[1, 2, 3]", [1, 2, 3]),
    column(
        'select flatten(convert_from(\'["Ford", "BMW", "Fiat"]\', \'json\'))',
        ["Ford", "BMW", "Fiat"],
        VARCHAR,
    ),
    column("select flatten(a) from (values (array[1, 2])) as t(a)", [1, 2]),
    value(
        "select t.s['name'] from (select convert_from('{\"name\":\"x\"}', 'json') as s) as t", "x", VARCHAR
    ),
    value("select t.l[1] from (select array[10, 20] as l) as t", 20),
    value("array_contains(array[1, 2], 2)", True, BOOLEAN),
    value("cardinality(array[1, 2, 3])", 3),
]

LISTS: list[Example] = [
    of_row("numbers[0]", 1),
    of_row("letters[i - 6]", "b"),
    of_row("numbers[9]", None),
    of_row("st['inner']['n']", 5),
    of_row("t.st.name", "Gnarly"),
    of_row("m['k']", 9),
    of_row("ARRAY_CONTAINS(numbers, 2)", True),
    of_row("CARDINALITY(numbers) + ARRAY_SIZE(letters)", 5),
    value("ARRAY_SLICE(ARRAY[0,1,2,3,4,5,6], 0, 3)", [0, 1, 2]),
    value("ARRAY_SLICE(ARRAY[0,1,2,3,4,5,6], 0, -2)", [0, 1, 2, 3, 4]),
    value("ARRAY_SLICE(ARRAY[0,1,2,3,4,5,6], -5, -3)", [2, 3]),
    value("ARRAY_SLICE(ARRAY[0,1,2,3,4,5,6], 10, 12)", []),
    value("ARRAY_INSERT(ARRAY[1, 2, 3, 4, 5], 2, 55)", [1, 2, 55, 3, 4, 5]),
    value("ARRAY_INSERT(ARRAY[1, 2, 3], 6, 55)", [1, 2, 3, None, None, None, 55]),
    value("ARRAY_INSERT(ARRAY[1, 2, 3], -1, 55)", [1, 2, 55, 3]),
    value("ARRAY_POSITION(CAST(3 AS BIGINT), ARRAY[1, 2, 3])", 2),
    value("ARRAY_POSITION(4, ARRAY[1, 2, 3])", None),
    value("ARRAY_REMOVE(ARRAY[1, null, 1, 2], 1)", [None, 2]),
    of_row("ARRAY_REMOVE_AT(numbers, -1)", [1, 2]),
    value("ARRAY_DISTINCT(ARRAY[2, 1, null, 2, null])", [2, 1, None]),
    value("ARRAY_TO_STRING(ARRAY[1, null, 3], ',')", "1,,3"),
    value("ARRAY_GENERATE_RANGE(0, 16, 5)", [0, 5, 10, 15]),
    value("ARRAY_GENERATE_RANGE(8, 2, 2)", []),
    value("SUBLIST(ARRAY[1,2,3,4,5], 0, 3)", [1, 2, 3]),
    value("SUBLIST(ARRAY[1,2,3,4,5], 3, 3)", [3, 4, 5]),
    value("SET_UNION(ARRAY[1, 2], ARRAY[2, 3])", [1, 2, 3]),
    of_row("ARRAY_SUM(numbers) + ARRAY_MAX(numbers) + ARRAY_MIN(numbers)", 10),
    of_row("ARRAY_PREPEND(9, ARRAY_APPEND(ARRAY_CAT(numbers, numbers), 4))", [9, 1, 2, 3, 1, 2, 3, 4]),
    of_row("ARRAYS_OVERLAP(numbers, ARRAY[3])", True),
    of_row("MAP_KEYS(m)", ["k"]),
    of_row("SIZE(m) + CARDINALITY(m)", 2),
]

# What a list, struct or map holds has its type, so that Dremio's rules hold for it too.
TYPED: list[Example] = [
    of_row("st['inner']['n'] / cast(2 as decimal(3, 1))", exact("2.500000"), decimal(17, 6)),
    of_row("t.st.\"inner\".n / 2", 2, INTEGER),
    of_row("st.\"inner\".n / 2", 2, INTEGER),
    of_row("st['name'] || st['inner']['n']", "Gnarly5", VARCHAR),
    of_row("upper(t.st.\"inner\".n)", "5", VARCHAR),
    of_row("numbers[1] / 2", 1, INTEGER),
    of_row("length(numbers[0])", 1, INTEGER),
    of_row("m['k'] / 2", 4, INTEGER),
    of_row("sum(numbers[0])", 1, BIGINT),
    value("array[cast(1 as decimal(10, 2))][0] / cast(3 as decimal(10, 2))", exact("0.3333333333333")),
    value(
        "select t.s.d / 3 from"
        " (select cast(convert_from('{\"d\": 10}', 'json') as struct<d: decimal(10, 2)>) as s) as t",
        exact("3.3333333333333"),
    ),
]  # fmt: skip

FLATTENED: list[Example] = [
    rows("select flatten(numbers) from {row} as t", [(1,), (2,), (3,)]),
    rows("select flatten(convert_from('[\"Ford\", \"BMW\"]', 'json'))", [("Ford",), ("BMW",)]),
    rows(
        "select i, flatten(numbers) as n, flatten(letters) as l from {row} as t order by 2, 3",
        [(7, n, letter) for n in (1, 2, 3) for letter in ("a", "b")],
    ),
    rows("select flatten(flatten(array[array[1, 2], array[3]]))", [(1,), (2,), (3,)]),
    rows(
        "select *, flatten(array[1, 2]) as a, flatten(array['x', 'y']) as b"
        " from (values (0)) as v(k) order by 2, 3",
        [(0, 1, "x"), (0, 1, "y"), (0, 2, "x"), (0, 2, "y")],
    ),
    rows("select flatten(l) from (values (array[1]), (null)) as v(l)", [(1,)]),
    rows("select flatten(numbers) + 1 as n from {row} as t order by n desc limit 1", [(4,)]),
    rows("select sum(n) from (select flatten(numbers) as n from {row} as t) s", [(6,)]),
]
