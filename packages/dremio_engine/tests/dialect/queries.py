"""Aggregates, windows, sets and order: docs.dremio.com/current/reference/sql (SELECT)."""

from tests.dialect.example import BIGINT, VARCHAR, Example, about, column, rows, value

ROWS = "(values (1, 'a', 10), (2, 'b', 20), (3, 'b', 30), (4, cast(null as varchar), 40)) as t(id, k, v)"
UNSORTED = "(values (2), (cast(null as integer)), (1)) as t(a)"
THREE = "(values (1, 'a', 10), (2, 'b', 20), (3, 'b', 30), (4, null, null)) as v(id, k, n)"

AGGREGATES: list[Example] = [
    value(f"select count(k) from {ROWS}", 3, BIGINT),
    value(f"select count(distinct k) from {ROWS}", 2, BIGINT),
    value(f"select ndv(k) from {ROWS}", 2, BIGINT),
    value(f"select approx_count_distinct(k) from {ROWS}", 2, BIGINT),
    value(f"select listagg(k, ',') within group (order by k desc) from {ROWS}", "b,b,a", VARCHAR),
    value(f"select listagg(distinct k, '|') within group (order by k) from {ROWS}", "a|b", VARCHAR),
    value(f"select max(v) filter (where k = 'b') from {ROWS}", 30),
    value(f"select sum(v) from {ROWS} group by k having count(*) > 1", 50, BIGINT),
    value(f"select median(v) from {ROWS}", about(25.0)),
    value(f"select stddev_pop(v) from {ROWS}", about(11.180339887498949)),
    value(f"select bit_or(id) from {ROWS}", 7),
    column(
        f"select row_number() over (partition by k order by v desc) from {ROWS} where k = 'b' order by v",
        [2, 1],
    ),
    column(f"select lag(v) over (order by id) from {ROWS} order by id", [None, 10, 20, 30]),
    column(
        f"select sum(v) over (order by id rows between 1 preceding and current row) from {ROWS} order by id",
        [10, 30, 50, 70],
    ),
    value(f"select id from {ROWS} qualify row_number() over (order by v desc) = 1", 4),
    column(f"select sum(v) from {ROWS} group by rollup(k) order by 1", [10, 40, 50, 100]),
]

QUERIES: list[Example] = [
    # NULLs come last both ways, unless asked (sqlglot's dialect of Dremio: nulls_are_last).
    column(f"select a from {UNSORTED} order by a", [1, 2, None]),
    column(f"select a from {UNSORTED} order by a desc", [2, 1, None]),
    column(f"select a from {UNSORTED} order by a desc nulls first", [None, 2, 1]),
    column(f"select a from {UNSORTED} order by a nulls first", [None, 1, 2]),
    value(f"select a from {UNSORTED} where a is not null order by 1 limit 1 offset 1", 2),
    value(f"select a from {UNSORTED} where a is not null order by 1 offset 1 rows fetch next 1 rows only", 2),
    value("with x as (select 1 as a) select a from x", 1),
    column("select a from (values (1)) as t(a) union all select a from (values (1)) as u(a)", [1, 1]),
    value("select a from (values (1)) as t(a) union select a from (values (1)) as u(a)", 1),
    value("select a from (values (1), (2)) as t(a) except select 2", 1),
    value("select a from (values (1), (2)) as t(a) intersect select 2", 2),
    value("select a from (values (1), (1)) as t(a) group by a", 1),
    value(
        "select t.a from (values (1)) as t(a) left join (values (2)) as u(b) on t.a = u.b where u.b is null",
        1,
    ),
    value("select sum(a) from (values (1), (2)) as t(a) where exists (select 1)", 3),
    value("select (select max(a) from (values (1), (2)) as t(a))", 2),
    value("select distinct a from (values (1), (1)) as t(a)", 1),
    # A query in an expression reaches the columns around it by their names alone.
    column(
        "select a from (values (1), (2)) as t(a) where a in (select a from (values (1)) as u(b)) order by a",
        [1, 2],
    ),
    column("select a from (values (1)) as t(a) where exists (select a from (values (1)) as u(b))", [1]),
    column("select (select a from (values (9)) as u(b)) from (values (1), (2)) as t(a) order by a", [1, 2]),
    value("select coalesce((select a from (values (9)) as u(b)), 0) as c from (values (1)) as t(a)", 1),
]

SETS_OF_ROWS: list[Example] = [
    rows("values (1, 'a'), (2, 'b')", [(1, "a"), (2, "b")]),
    rows("values 1, 2", [(1,), (2,)]),
    rows("values row(1, 'a'), row(2, 'b')", [(1, "a"), (2, "b")]),
    rows("select b from (values row(1, 'a'), (2, 'b')) as t(a, b) order by 1 desc", [("b",), ("a",)]),
    rows("select a from (values (1), (2)) as t(a) where a in (values (2), (3))", [(2,)]),
    rows("select a from (values (1), (2)) as t(a) where exists (values (1)) and a > 1", [(2,)]),
    rows('select "EXPR$0" / "EXPR$0" from (values (cast(4 as decimal(10, 2))))', [(1,)]),
    rows("select a from (values (1), (2)) as t(a) minus select 2", [(1,)]),
    rows("values (1), (2), (2) minus values (1)", [(2,)]),
    rows("select 1 minus select 1 union all select 3", [(3,)]),
]

GROUPED: list[Example] = [
    rows(f"select k, sum(n) from {THREE} group by 1 order by 1", [("a", 10), ("b", 50), (None, None)]),
    rows(f"select k as g, count(n) from {THREE} group by g order by g desc", [("b", 2), ("a", 1), (None, 0)]),
    rows(
        f"select k, grouping(k), sum(n) from {THREE} where n > 0 group by rollup(k) order by 2, 1",
        [("a", 0, 10), ("b", 0, 50), (None, 1, 60)],
    ),
    rows(f"select count(*) from {THREE} group by cube(k, n) order by 1 desc limit 1", [(4,)]),
    rows(
        f"select count(*) from {THREE} group by grouping sets ((k), ()) order by 1", [(1,), (1,), (2,), (4,)]
    ),
    rows(
        f"select id, sum(n) over (order by id rows between 1 preceding and current row) from {THREE}"
        " order by id",
        [(1, 10), (2, 30), (3, 50), (4, 30)],
    ),
    rows(
        f"select last_value(n) ignore nulls over (order by id rows between unbounded preceding and"
        f" unbounded following), lag(n, 1, 0) over (order by id) from {THREE} order by id",
        [(30, 0), (30, 10), (30, 20), (30, 30)],
    ),
    rows(
        f"select id from {THREE} qualify rank() over (partition by k order by id desc) = 1 order by 1",
        [(1,), (3,), (4,)],
    ),
    rows(f"select listagg(k) within group (order by id desc) from {THREE}", [("bba",)]),
    rows(f"select listagg(distinct k, '-') within group (order by k) from {THREE}", [("a-b",)]),
    rows(
        f"select percentile_cont(0.5) within group (order by n), percentile_disc(0.75) within group"
        f" (order by n desc), median(n) from {THREE}",
        [(20.0, 10, 20.0)],
    ),
    rows(f"select sum(n) filter (where k = 'b'), count(*) filter (where n > 10) from {THREE}", [(50, 2)]),
    rows(f"select array_agg(id) from {THREE}", [([1, 2, 3, 4],)]),
    rows("select 1 union all select 1 union select 2 order by 1", [(1,), (2,)]),
    rows("select 1 intersect select 1 except select 2", [(1,)]),
    rows(f"select n from {THREE} order by n", [(10,), (20,), (30,), (None,)]),
    rows(f"select n from {THREE} order by n desc", [(30,), (20,), (10,), (None,)]),
    rows(f"select n from {THREE} order by n nulls first fetch first 1 rows only", [(None,)]),
]
