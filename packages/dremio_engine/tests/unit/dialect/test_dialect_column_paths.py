"""Columns named with the path of their table, and members of structs."""

from decimal import Decimal
from typing import Any

import duckdb
import pytest

NESTED = "(select convert_from('{\"f\": {\"g\": 1}}', 'JSON') as s) as t"


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select s.a.b.t.id from s.a.b.t", [(7,)]),
        ('select "s"."A"."b"."T"."ID" from s.a.b.t', [(7,)]),
        ("select s.a.b.t.* from s.a.b.t", [(7,)]),
        ('select "s.a.b".t.id from "s.a.b"."t"', [(7,)]),
        ('select s.a.b.t.id from "s.a.b"."t"', [(7,)]),
        ('select "s.a.b".t.id from s.a.b.t where s."a.b".t.id > 0', [(7,)]),
        ("select s.a.b.t.id from s.a.b.t as t", [(7,)]),
        ("select id from s.a.b.t where s.a.b.t.id = 7", [(7,)]),
        ("select s.a.b.t.id from s.a.b.t order by s.a.b.t.id", [(7,)]),
        (
            "select s.a.b.t.id, count(*) from s.a.b.t group by s.a.b.t.id having max(s.a.b.t.id) > 1",
            [(7, 1)],
        ),
        ("select gold.orders.id from gold.orders join s.a.b.t on s.a.b.t.id > gold.orders.id", [(1,)]),
        ("select 1 from s.a.b.t where exists (select 1 from gold.orders where s.a.b.t.id = 7)", [(1,)]),
        ("select space.v.id from space.v", [(1,)]),
        ("select gold.t.i from t", [(7,)]),
        ("select sum(gold.orders.amount) over (partition by gold.orders.id) from gold.orders", [(10.5,)]),
        ("select count(*) filter (where s.a.b.t.id = 7) from s.a.b.t", [(1,)]),
        ("select p / q from (select gold.t.p as p, gold.t.q as q from gold.t) x", [(Decimal("3.5"),)]),
        ("select gold.t.p / gold.t.q from gold.t", [(Decimal("3.5"),)]),
        # Members of structs.
        (f"select t.s.f.g, s.f.g, t.s.f['g'], t.s['f'].g from {NESTED}", [(1, 1, 1, 1)]),
        (f'select "t"."s"."f"."g" from {NESTED}', [(1,)]),
        ('select gold.t.st."inner".n, gold.t.st.name from gold.t', [(5, "Gnarly")]),
        ('select x.st."inner".n from gold.t as x', [(5,)]),
        ("select q.t.s.f from (select convert_from('{\"s\": {\"f\": 1}}', 'JSON') as t) as q", [(1,)]),
    ],
)
def test_a_column_is_named_with_its_tables_path(dremio: Any, sql: str, rows: list[tuple[Any, ...]]) -> None:
    assert dremio.rows(sql) == rows


@pytest.mark.parametrize(
    "sql",
    [
        "select b.t.id from s.a.b.t",
        "select gold.orders.id from gold.orders as o",
        "select s.a.b.t.id from gold.orders as t",
        "select silver.orders.id from gold.orders",
    ],
)
def test_another_path_names_nothing(dremio: Any, sql: str) -> None:
    with pytest.raises(duckdb.BinderException):
        dremio.rows(sql)
