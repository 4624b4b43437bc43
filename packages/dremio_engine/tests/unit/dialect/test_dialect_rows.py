"""What makes rows: FLATTEN, grouping, windows, sets, ordering."""

from typing import Any

import pytest

from dremio_engine.errors import Unsupported


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select flatten(numbers) from t", [(1,), (2,), (3,)]),
        ("select flatten(convert_from('[\"Ford\", \"BMW\"]', 'json'))", [("Ford",), ("BMW",)]),
        (
            "select i, flatten(numbers) as n, flatten(letters) as l from t order by 2, 3",
            [(7, n, letter) for n in (1, 2, 3) for letter in ("a", "b")],
        ),
        ("select flatten(flatten(array[array[1, 2], array[3]]))", [(1,), (2,), (3,)]),
        (
            "select *, flatten(array[1, 2]) as a, flatten(array['x', 'y']) as b"
            " from (values (0)) as v(k) order by 2, 3",
            [(0, 1, "x"), (0, 1, "y"), (0, 2, "x"), (0, 2, "y")],
        ),
        ("select flatten(l) from (values (array[1]), (null)) as v(l)", [(1,)]),
        ("select flatten(numbers) + 1 as n from t order by n desc limit 1", [(4,)]),
        ("select sum(n) from (select flatten(numbers) as n from t) s", [(6,)]),
    ],
)
def test_flatten_makes_a_row_of_each_element(dremio: Any, sql: str, rows: list[Any]) -> None:
    assert dremio.rows(sql) == rows


def test_flatten_outside_the_select_list_is_refused(dremio: Any) -> None:
    with pytest.raises(Unsupported, match="select list"):
        dremio.sql("select 1 from t where flatten(numbers) = 1")


THREE = "(values (1, 'a', 10), (2, 'b', 20), (3, 'b', 30), (4, null, null)) as v(id, k, n)"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (f"select k, sum(n) from {THREE} group by 1 order by 1", [("a", 10), ("b", 50), (None, None)]),
        (f"select k as g, count(n) from {THREE} group by g order by g desc", [("b", 2), ("a", 1), (None, 0)]),
        (
            f"select k, grouping(k), sum(n) from {THREE} where n > 0 group by rollup(k) order by 2, 1",
            [("a", 0, 10), ("b", 0, 50), (None, 1, 60)],
        ),
        (f"select count(*) from {THREE} group by cube(k, n) order by 1 desc limit 1", [(4,)]),
        (
            f"select count(*) from {THREE} group by grouping sets ((k), ()) order by 1",
            [(1,), (1,), (2,), (4,)],
        ),
        (
            f"select id, sum(n) over (order by id rows between 1 preceding and current row) from {THREE}"
            " order by id",
            [(1, 10), (2, 30), (3, 50), (4, 30)],
        ),
        (
            f"select last_value(n) ignore nulls over (order by id rows between unbounded preceding and"
            f" unbounded following), lag(n, 1, 0) over (order by id) from {THREE} order by id",
            [(30, 0), (30, 10), (30, 20), (30, 30)],
        ),
        (
            f"select id from {THREE} qualify rank() over (partition by k order by id desc) = 1 order by 1",
            [(1,), (3,), (4,)],
        ),
        (f"select listagg(k) within group (order by id desc) from {THREE}", [("bba",)]),
        (f"select listagg(distinct k, '-') within group (order by k) from {THREE}", [("a-b",)]),
        (
            f"select percentile_cont(0.5) within group (order by n), percentile_disc(0.75) within group"
            f" (order by n desc), median(n) from {THREE}",
            [(20.0, 10, 20.0)],
        ),
        (f"select sum(n) filter (where k = 'b'), count(*) filter (where n > 10) from {THREE}", [(50, 2)]),
        (f"select array_agg(id) from {THREE}", [([1, 2, 3, 4],)]),
        ("select 1 union all select 1 union select 2 order by 1", [(1,), (2,)]),
        ("select 1 intersect select 1 except select 2", [(1,)]),
        (f"select n from {THREE} order by n", [(10,), (20,), (30,), (None,)]),
        (f"select n from {THREE} order by n desc", [(30,), (20,), (10,), (None,)]),
        (f"select n from {THREE} order by n nulls first fetch first 1 rows only", [(None,)]),
    ],
)
def test_rows_are_grouped_ranked_and_ordered(dremio: Any, sql: str, rows: list[Any]) -> None:
    assert dremio.rows(sql) == rows


@pytest.mark.parametrize("clause", ["pivot (sum(n) for k in ('a'))", "unpivot (x for y in (id, n))"])
def test_pivot_is_refused(dremio: Any, clause: str) -> None:
    with pytest.raises(Unsupported):
        dremio.sql(f"select * from (select * from {THREE}) as s {clause}")
