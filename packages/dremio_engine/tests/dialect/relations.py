"""UNNEST, LATERAL, PIVOT and UNPIVOT in FROM: docs.dremio.com/current/reference/sql/commands/SELECT."""

from tests.dialect.example import INTEGER, VARCHAR, Example, column, rows, value

SALES = "with s(id, q, a) as (values (1, 'x', 10), (1, 'y', 20), (2, 'x', 5))"
WIDE = "with w(id, a, b, c, d) as (values (1, 10, 11, 12, 13), (2, null, null, 7, 8))"

UNNESTED: list[Example] = [
    rows(
        "select index, upper(array_item) from unnest(array['a', 'b', 'c'])"
        " with ordinality as my_table (array_item, index) order by index",
        [(1, "A"), (2, "B"), (3, "C")],
    ),
    column("select x from unnest(array[1, 2, 1]) as u(x) order by x", [1, 1, 2], INTEGER),
    column("select u from unnest(array['a']) as u", ["a"], VARCHAR),
    rows('select "EXPR$0", "ORDINALITY" from unnest(array[5]) with ordinality', [(5, 1)]),
    rows("select i, n from {row} as t, unnest(t.numbers) as u(n) order by n", [(7, 1), (7, 2), (7, 3)]),
    rows("select n / 2 from {row} as t cross join unnest(numbers) as u(n) order by n", [(0,), (1,), (1,)]),
    rows(
        "select n, c from {row} as t, unnest(numbers) as a(n), unnest(letters) as b(c)"
        " where n < 3 order by 1, 2",
        [(n, letter) for n in (1, 2) for letter in ("a", "b")],
    ),
    rows(
        "select n, o from {row} as t, unnest(letters) with ordinality as u(n, o) order by o desc",
        [("b", 2), ("a", 1)],
    ),
    rows("select i from {row} as t where 2 in (select n from unnest(t.numbers) as u(n))", [(7,)]),
    rows(
        "select z from unnest(array[array[1, 2], array[3]]) as x(y), unnest(y) as w(z) order by z",
        [(1,), (2,), (3,)],
    ),
    # An empty list and NULL have no rows; an outer join keeps what is to their left.
    rows(
        "select k, x from (select 1 as k, array_remove(array[5], 5) as l union all select 2, array[6]) as t,"
        " unnest(l) as u(x)",
        [(2, 6)],
    ),
    rows(
        "select k, x from (select 1 as k, array_remove(array[5], 5) as l union all select 2, array[6]) as t"
        " left join unnest(l) as u(x) on true order by k",
        [(1, None), (2, 6)],
    ),
    rows(
        "select k, n from (values (1), (2)) as t(k) full join unnest(array[2, 3]) as u(n) on u.n = k"
        " order by k, n",
        [(1, None), (2, 2), (None, 3)],
    ),
    rows("select sum(n), count(*) from {row} as t, unnest(numbers) as u(n) group by i", [(6, 3)]),
    rows(
        "with x as (select numbers as l from {row} as t)"
        " select y.e from x, unnest(x.l) as y(e) order by e desc",
        [(3,), (2,), (1,)],
    ),
    value(
        "select u.s['a'] as v from unnest(convert_from('[{\"a\": 1}]', 'json')) as u(s)",
        1,
    ),
]
LATERAL: list[Example] = [
    rows("select s.m from {row} as t, lateral (select t.i * 2 as m) as s", [(14,)]),
    rows(
        "select h from {row} as t"
        " left join lateral (select t.i as h from (values (1)) where t.i > 100) as s on true",
        [(None,)],
    ),
    rows(
        "select a.k, s.n from (values (1), (2)) as a(k),"
        " lateral (select count(*) as n from (values (1), (2), (3)) as b(k) where b.k > a.k) as s"
        " order by a.k",
        [(1, 2), (2, 1)],
    ),
    rows(
        "select s.c from {row} as t, lateral (select count(*) as c from unnest(t.numbers) as u(n)"
        " where u.n > t.j) as s",
        [(1,)],
    ),
]
PIVOTED: list[Example] = [
    rows(
        f"{SALES} select * from s pivot (sum(a) for q in ('x' as x, 'y' as y)) order by id",
        [(1, 10, 20), (2, 5, None)],
    ),
    rows(
        f"{SALES} select id, x / 3 from s pivot (sum(a) for q in ('x' as x)) as p order by p.id",
        [(1, 3), (2, 1)],
    ),
    rows(
        f"{SALES} select id, x_total, x_n, y_total, y_n from s"
        " pivot (sum(a) as total, count(*) as n for q in ('x' as x, 'y' as y)) order by id",
        [(1, 10, 1, 20, 1), (2, 5, 1, None, 0)],
    ),
    # Without a name the column is called as the value is written.
    rows(f"""{SALES} select "'x'" from s pivot (sum(a) for q in ('x')) order by 1""", [(5,), (10,)]),
    rows(
        f"{SALES} select a1x, \"2_'x'\" from s pivot (max(a) for (id, q) in ((1, 'x') as a1x, (2, 'x')))",
        [(10, 5)],
    ),
    rows(
        f"{SALES} select p.total from (select q, a from s) pivot (sum(a) for q in ('z' as total)) as p",
        [(None,)],
    ),
    rows(
        f"{SALES} select o.k, p.x from (values (2)) as o(k) join s pivot (sum(a) for q in ('x' as x)) as p"
        " on o.k = p.id",
        [(2, 5)],
    ),
    rows(
        f"{SALES} select * from (select * from s pivot (sum(a) for q in ('x' as x, 'y' as y)))"
        " pivot (max(x) for y in (20 as twenty)) order by id",
        [(1, 10), (2, None)],
    ),
]
UNPIVOTED: list[Example] = [
    rows(
        f"{SALES} select * from s pivot (sum(a) for q in ('x' as x, 'y' as y)) unpivot (v for k in (x, y))"
        " order by id, k",
        [(1, "x", 10), (1, "y", 20), (2, "x", 5)],
    ),
    rows(
        f"{WIDE} select id, k, v from w unpivot (v for k in (a, b)) order by k", [(1, "a", 10), (1, "b", 11)]
    ),
    rows(
        f"{WIDE} select id, k, v from w unpivot include nulls (v for k in (a as 'one', c as 'two'))"
        " order by 1, 2",
        [(1, "one", 10), (1, "two", 12), (2, "one", None), (2, "two", 7)],
    ),
    rows(
        f"{WIDE} select * from w unpivot ((v, u) for k in ((a, b) as 'ab', (c, d))) order by 1, 2",
        [(1, "ab", 10, 11), (1, "c_d", 12, 13), (2, "c_d", 7, 8)],
    ),
    rows(
        f"{WIDE} select k, l, v from w unpivot ((v, u) for (k, l) in ((a, b) as ('ab', 1))) as p",
        [("ab", 1, 10)],
    ),
    rows(
        "select k, v from (select 1 as id, 2 as a, cast(2.5 as decimal(5, 1)) as b)"
        " unpivot (v for k in (a, b)) where v > 2",
        [("b", 2.5)],
    ),
]
