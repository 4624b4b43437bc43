"""What UNNEST, LATERAL, PIVOT and UNPIVOT do not take, and the names of the columns they make."""

from typing import Any

import pytest
from tests.support.gate import refusal

from dremio_engine.errors import EngineError

PIVOT = "select * from s.t pivot"
UNPIVOT = "select * from s.t unpivot"


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        (f"{PIVOT} (sum(a) for q in (any))", "pivot"),
        (f"{PIVOT} (sum(a) for q in (select 'x'))", "pivot"),
        (f"{PIVOT} (sum(a) for q in ('x') r in ('y'))", "pivot"),
        (f"{PIVOT} (sum(a) for q in ('x') group by z)", "pivot"),
        (f"{PIVOT} (sum(a) for q in ('x')) pivot (sum(b) for r in ('y'))", "pivot"),
        (f"{UNPIVOT} (v for k in (a)) pivot (sum(v) for k in ('a'))", "unpivot"),
        ("select * from s.t as x pivot (sum(a) for q in ('x'))", "pivot"),
        ("select * from (select 1 as a) x unpivot (v for k in (a))", "unpivot"),
        ("select * from (pivot s.t on q using sum(a))", "pivot"),
        ("select * from (unpivot s.t on a into name k value v)", "unpivot"),
        (f"{PIVOT} (sum(a) as value for q in ('x'))", "value"),
        (f"{PIVOT} (sum(a) for q in ('x' as year))", "year"),
        ("select * from s.t, unnest(a) as u(value)", "value"),
        ("select * from s.t, unnest(a) with offset as o", "with offset"),
        ("select * from s.t, lateral unnest(a) as u(x)", "lateral unnest"),
        ("select * from s.t lateral view explode(a) u as x", "lateral view"),
        ("select * from s.t cross apply (select 1 as b) as u", "cross apply"),
        ("select * from s.t outer apply (select 1 as b) as u", "outer apply"),
    ],
)
def test_forms_of_other_dialects_are_refused_where_they_stand(sql: str, shown: str) -> None:
    assert f'Encountered "{shown}" at line 1, column ' in refusal(sql)


def test_the_second_of_two_clauses_is_the_one_named() -> None:
    assert "line 2, column 1" in refusal(f"{PIVOT} (sum(a) for q in ('x'))\nunpivot (v for k in (select 1))")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select * from t pivot (upper(s) for i in (7))", "must use aggregate function"),
        ("select * from t pivot (sum(j) for i in (l))", "is not a literal"),
        ("select * from t pivot (sum(j) for (i, s) in (7))", "must match number of FOR columns"),
        ("select * from t unpivot ((v, w) for k in (i, j))", "must match number of FOR values"),
        ("select * from t unpivot (v for k in (i as j))", "literal"),
        (
            "select * from unnest(array[1]) as u(a, b)",
            "table has 1 column(s) (EXPR$0), whereas alias list has 2",
        ),
        ("select * from unnest(array[1]) with ordinality as u(a)", "table has 2 column(s)"),
        ("select * from unnest(array[1], array[2]) as u(a, b)", "UNNEST of several lists"),
        ("select * from t, lateral t", "LATERAL stands before a query"),
        ("select unnest(numbers) from t", '"unnest" at line 1, column 8: UNNEST stands in FROM'),
    ],
)
def test_what_does_not_fit_is_refused(dremio: Any, sql: str, reason: str) -> None:
    with pytest.raises(EngineError) as refused:
        dremio.sql(sql)
    assert reason in refused.value.message


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("select * from unnest(array[1])", ["EXPR$0"]),
        ("select * from unnest(array[1]) as u", ["u"]),
        ("select * from unnest(array[1]) with ordinality as u", ["EXPR$0", "ORDINALITY"]),
        (
            "select * from (select i, s, j from t) pivot (sum(j) for s in ('abc', 'x' as b))",
            ["i", "'abc'", "b"],
        ),
        (
            "select * from (select i, s, j from t) pivot (sum(j) as n, max(j) for s in ('x' as b, 'y' as c))",
            ["i", "b_n", "b", "c_n", "c"],
        ),
        ("select * from (select i, j, l from t) unpivot (v for k in (i, l))", ["j", "k", "v"]),
    ],
)
def test_columns_have_dremios_names(dremio: Any, sql: str, names: list[str]) -> None:
    assert dremio.read(sql).column_names == names
