"""What Dremio parses and does not plan: refused, and said as it was written."""

import pytest
from tests.support.gate import is_admitted, refusal

OVER = "select sum(a) over ({}) from t"
REFUSED = [
    ("select a from t except all select a from u", "all"),
    ("select a from t intersect ALL select a from u", "ALL"),
    ("select a from t minus all select a from u", "all"),
    ("select a from t natural join u", "natural"),
    ("select a from t NATURAL left join u", "NATURAL"),
    ("select a from t join u", "join"),
    ("select a from t left outer JOIN u", "JOIN"),
    ("select a from t join u join v on t.a = v.a", "join"),
    ("select a from t cross join u on t.a = u.a", "on"),
    ("select a from t TableSample bernoulli(10)", "TableSample"),
    ("select a from t as x tablesample system (10) repeatable (3)", "tablesample"),
    ("select a from t for system_time as of timestamp '2025-10-16 00:00:00'", "for"),
    ("select cast(a as tinyint) from t", "tinyint"),
    ("select cast(a as SmallInt) from t", "SmallInt"),
    ("select cast(cast(a as real) as double) from t", "real"),
    (OVER.format("order by a rows 1 preceding"), "sum"),
    (OVER.format("order by a range between 1 preceding and current row"), "sum"),
    (OVER.format("order by a rows between 1 following and 1 preceding"), "sum"),
    (OVER.format("order by a rows between 1 preceding and 2 preceding"), "sum"),
    (OVER.format("order by a rows between unbounded following and unbounded following"), "sum"),
    (OVER.format("order by a rows between a preceding and current row"), "sum"),
    (OVER.format("rows between 1 preceding and 1 following"), "sum"),
    (OVER.format("range unbounded preceding"), "sum"),
    ("select a from t window zz as (order by a rows 1 preceding)", "zz"),
]
ADMITTED = [
    "select a from t except select a from u",
    "select a from t intersect distinct select a from u",
    "select a from t union all select a from u",
    "select a from t join u using (a) left join v on t.a = v.a cross join w",
    "select a from t, u where t.a = u.a",
    *(
        OVER.format(inside)
        for inside in (
            "",
            "order by a",
            "order by a rows unbounded preceding",
            "order by a range unbounded preceding",
            "rows unbounded preceding",
            "order by a rows between unbounded preceding and current row",
            "order by a rows between 3 preceding and 1 preceding",
            "order by a rows between 1 preceding and 1 following",
            "order by a rows between current row and 2 following",
            "order by a rows between unbounded preceding and 2 following",
            "order by a rows between unbounded preceding and unbounded following",
            "order by a range between unbounded preceding and unbounded following",
            "order by a range between current row and current row",
            "partition by a rows between unbounded preceding and unbounded following",
            "rows between current row and unbounded following",
            "w rows between 1 preceding and current row",
        )
    ),
]


@pytest.mark.parametrize(("sql", "word"), REFUSED, ids=[sql for sql, _ in REFUSED])
def test_what_dremio_does_not_plan_is_refused_at_its_word(sql: str, word: str) -> None:
    assert f'Encountered "{word}" at line 1, column {sql.index(word) + 1}: ' in refusal(sql)


@pytest.mark.parametrize("sql", ADMITTED)
def test_what_stands_beside_it_is_admitted(sql: str) -> None:
    assert is_admitted(sql)
