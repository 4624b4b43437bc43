"""Names, aliases, refusals: what a query may be, and what it may not reach."""

from decimal import Decimal
from typing import Any

import pytest

from dremio_engine.errors import EngineError, InvalidStatement, Unsupported


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select id from gold.orders", [(1,)]),
        ('select "ORDERS".ID from "Gold"."Orders"', [(1,)]),
        ("select gold.orders.id from gold.orders", [(1,)]),
        ("select x.id from s.a.b.t x", [(7,)]),
        ("select * from space.v", [(1, Decimal("21.0"))]),
        ("select id from space.deep", [(1,)]),
        ("with orders as (select 5 as id) select id from orders", [(5,)]),
        (
            "with o as (select id from gold.orders), p as (select id + 1 as id from o) select id from p",
            [(2,)],
        ),
        (
            "select count(*), sum(amount) from gold.orders o join s.a.b.t on o.id < t.id",
            [(1, Decimal("10.5"))],
        ),
        ("select id from gold.orders where id in (select id from gold.orders) and exists (select 1)", [(1,)]),
        ("select 1 union values (2) order by 1", [(1,), (2,)]),
        ("select n from (values (2), (1), (null)) as t(n) order by n", [(1,), (2,), (None,)]),
        (
            "select listagg(n, ',') within group (order by n desc) from (values ('a'), ('b')) as t(n)",
            [("b,a",)],
        ),
        (
            "select n, lag(n) over (order by n), first_value(n) over (order by n)"
            " from (values (1), (2)) as t(n)",
            [(1, None, 1), (2, 1, 1)],
        ),
    ],
)
def test_names_resolve_as_in_dremio(dremio: Any, sql: str, rows: list[tuple[Any, ...]]) -> None:
    assert dremio.rows(sql) == rows


def test_columns_are_named_as_the_query_wrote_them(dremio: Any) -> None:
    query = "select ID, count(*), 1 as x, max(id) from gold.orders group by 1"
    assert [d[0] for d in dremio.duck.execute(dremio.sql(query)).description] == [
        "ID",
        "EXPR$1",
        "x",
        "EXPR$3",
    ]


def test_a_name_in_a_literal_never_becomes_sql(dremio: Any) -> None:
    assert dremio.rows("select '\"relation_0\" from gold.orders; --' from gold.orders") == [
        ('"relation_0" from gold.orders; --',)
    ]


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("select * from read_text('/etc/hostname')", "read_text"),
        ("select * from READ_CSV('/etc/passwd')", "READ_CSV"),
        ("select * from \"read_parquet\"('s3://x/y')", "read_parquet"),
        ("select * from glob('/*')", "glob"),
        ("select * from table(read_text('/x'))", "READ_TEXT"),
        ("select getenv('HOME')", "GETENV"),
        ("select \"getenv\"('HOME')", "GETENV"),
        ("select /* x */ current_setting /* y */ ('threads')", "CURRENT_SETTING"),
        ("select * from duckdb_secrets()", "duckdb_secrets"),
        ("select * from pragma_table_info('x')", "pragma_table_info"),
        ("select * from query('select 1')", "query"),
        ("select sum(sleep(1))", "SLEEP"),
        ("select 1 from gold.orders where exists (select which_secret('s3://x', 's3'))", "WHICH_SECRET"),
        ("select columns('a.*') from gold.orders", "COLUMNS"),
        ("select unnest(array[1])", "UNNEST"),
        ("select * from gold.orders at branch dev", "AT BRANCH"),
        ("select ?", ""),
    ],
)
def test_what_the_table_does_not_list_is_refused_by_name(dremio: Any, sql: str, name: str) -> None:
    with pytest.raises(Unsupported) as refused:
        dremio.sql(sql)
    assert name in refused.value.message


@pytest.mark.parametrize(
    "sql",
    [
        "select * from '/etc/passwd'",
        'select * from "s3://datalake/gold/x.parquet"',
        "select * from duckdb_settings",
        "select * from lake.gold.t",
        "select * from __ducklake_metadata_lake.ducklake_table",
        "select * from pg_catalog.pg_settings",
        "select * from main.sqlite_master",
    ],
)
def test_nothing_is_reached_that_the_catalog_does_not_name(dremio: Any, sql: str) -> None:
    with pytest.raises(EngineError):
        dremio.sql(sql)


@pytest.mark.parametrize(
    "sql", ["drop table x", "insert into gold.orders select 1", "select", "select from where"]
)
def test_only_a_query_is_a_query(dremio: Any, sql: str) -> None:
    with pytest.raises(EngineError):
        dremio.sql(sql)


@pytest.mark.parametrize("call", ["DATE_TRUNC('eon', d)", "DATE_TRUNC('DAY')", "LPAD('a')"])
def test_a_wrong_call_says_so(dremio: Any, call: str) -> None:
    with pytest.raises(InvalidStatement, match="VALIDATION ERROR"):
        dremio.sql(f"select {call}")


def test_a_refusal_tells_where(dremio: Any) -> None:
    with pytest.raises(Unsupported, match="line 2, column 3"):
        dremio.sql("select\n  sleep(1)")
