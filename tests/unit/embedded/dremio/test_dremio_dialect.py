"""From Dremio SQL to DuckDB: every expected value is what Dremio's documentation says."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from embedded.dremio.errors import EngineError, InvalidStatement, Unsupported
from embedded.dremio.sql.formats import duckdb_format
from embedded.dremio.sql.functions import MACROS
from embedded.dremio.sql.translate import Relation, Translator

TABLES = {
    ("gold", "orders"): Relation("(select 1 as id, 10.5 as amount, date '2025-10-16' as order_date)"),
    ("s", "a", "b", "t"): Relation("(select 7 as id)"),
    ("space", "v"): Relation("select id, amount * 2 from gold.orders", view=True),
    ("space", "deep"): Relation(
        "with orders as (select * from v) select id from orders", view=True, context=("space",)
    ),
}


def resolve(path: tuple[str, ...], context: tuple[str, ...]) -> Relation:
    """The relations of these tests."""
    for candidate in ((*context, *path), path):
        if found := TABLES.get(tuple(p.lower() for p in candidate)):
            return found
    raise InvalidStatement(f"Object '{path[-1]}' not found")


@pytest.fixture(scope="module")
def duck() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    connection.execute("set integer_division = true")
    for macro in MACROS:
        connection.execute(macro)
    return connection


def run(duck: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a Dremio query."""
    return duck.execute(Translator(resolve, "me").query(sql, ()).sql).fetchall()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("TIMESTAMPDIFF(DAY, timestamp '2025-01-01 00:00:00', timestamp '2025-01-03 12:00:00')", 2),
        ("TIMESTAMPDIFF(MONTH, date '2025-01-31', date '2025-03-30')", 1),
        ("TIMESTAMPDIFF(SQL_TSI_HOUR, timestamp '2025-01-01 00:00:00', timestamp '2024-12-31 22:30:00')", -1),
        ("TIMESTAMPADD(DAY, 2, timestamp '2025-01-01 10:00:00')", datetime(2025, 1, 3, 10)),
        ("TIMESTAMPADD(QUARTER, 1, date '2025-01-31')", datetime(2025, 4, 30)),
        ("DATEDIFF('2025-01-05', '2025-01-01')", 4),
        ("DATEDIFF(date '2025-01-01', timestamp '2025-01-05 23:00:00')", -4),
        ("DATE_ADD('2022-01-01', 2)", date(2022, 1, 3)),
        ("DATE_ADD(date '2022-01-01', -30)", date(2021, 12, 2)),
        ("DATE_ADD(date '2022-01-01', CAST(2 AS INTERVAL DAY))", datetime(2022, 1, 3)),
        ("DATE_SUB(timestamp '2022-03-31 01:00:00', CAST(1 AS INTERVAL MONTH))", datetime(2022, 2, 28, 1)),
        ("DATE_TRUNC('MONTH', date '2025-10-16')", date(2025, 10, 1)),
        ("DATE_TRUNC('hour', timestamp '2025-10-16 11:22:33')", datetime(2025, 10, 16, 11)),
        ("DATE_TRUNC('DAY', '2025-10-16 11:22:33')", datetime(2025, 10, 16)),
        (
            "TO_CHAR(timestamp '2025-01-02 03:04:05.678', 'YYYY-MM-DD HH24:MI:SS.FFF')",
            "2025-01-02 03:04:05.678",
        ),
        ("TO_CHAR(date '2025-01-02', 'DD/MM/YY')", "02/01/25"),
        ("TO_CHAR(1234567.891, '#,##0.00')", "1,234,567.89"),
        ("TO_TIMESTAMP('2025-01-01 00:00:00.000', 'YYYY-MM-DD HH24:MI:SS.FFF')", datetime(2025, 1, 1)),
        ("TO_TIMESTAMP(1700000000)", datetime(2023, 11, 14, 22, 13, 20)),
        ("TO_DATE('16/10/2025', 'DD/MM/YYYY')", date(2025, 10, 16)),
        ("TO_DATE('no date', 'YYYY-MM-DD', 1)", None),
        ("ILIKE('Gold.Orders', 'gold.%')", True),
        ("position('.' in 'a.b')", 2),
        ("substring('a.b.c', position('.' in 'a.b.c') + 1)", "b.c"),
        ("extract(year from date '2025-10-16')", 2025),
        ("DATE_PART('month', date '2025-10-16')", 10),
        ("DAYOFWEEK(date '2026-11-22')", 1),
        ("LAST_DAY('2025-02-03')", date(2025, 2, 28)),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("7.0 / 2", 3.5),
        ("NVL(null, 3)", 3),
        ("REGEXP_REPLACE('a1b2', '[0-9]', '')", "ab"),
        ("REGEXP_LIKE('abc', 'b')", True),
        ("BTRIM('  x ')", "x"),
        ("LPAD('7', 3)", "  7"),
        ("INITCAP('bob SMITH')", "Bob Smith"),
        ("MONTHS_BETWEEN(date '2025-03-31', date '2025-02-28')", 1.0),
        ("LOG(100)", pytest.approx(4.60517)),
        ("CAST(1.005 AS DECIMAL(10, 2))", Decimal("1.01")),
        ("CAST(7 AS DECIMAL)", Decimal(7)),
        ("CURRENT_USER", "me"),
        ("date '2025-10-16' - interval '3' day < date '2025-10-16'", True),
        ("case when 1 = 1 and not (2 = 3 or null is not null) then 'y' end", "y"),
    ],
)
def test_an_expression_has_dremios_value(
    duck: duckdb.DuckDBPyConnection, expression: str, value: Any
) -> None:
    assert run(duck, f"select {expression}") == [(value,)]


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
def test_names_resolve_as_in_dremio(
    duck: duckdb.DuckDBPyConnection, sql: str, rows: list[tuple[Any, ...]]
) -> None:
    assert run(duck, sql) == rows


def test_columns_are_named_as_the_query_wrote_them(duck: duckdb.DuckDBPyConnection) -> None:
    cursor = duck.execute(
        Translator(resolve).query("select ID, count(*), 1 as x, max(id) from gold.orders group by 1", ()).sql
    )
    assert [d[0] for d in cursor.description] == ["ID", "EXPR$1", "x", "EXPR$3"]


def test_a_name_in_a_literal_never_becomes_sql(duck: duckdb.DuckDBPyConnection) -> None:
    assert run(duck, "select '\"relation_0\" from gold.orders; --' from gold.orders") == [
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
        ("select 1 where exists (select which_secret('s3://x', 's3'))", "WHICH_SECRET"),
        ("select columns('a.*') from gold.orders", "COLUMNS"),
        ("select unnest([1])", "UNNEST"),
        ("select list_transform([1], x -> x)", ""),
        ("select * from gold.orders at branch dev", "AT BRANCH"),
        ("select cast(1 as hugeint)", "INT128"),
        ("select cast('x' as json)", "JSON"),
        ("select ?", ""),
    ],
)
def test_what_the_table_does_not_list_is_refused_by_name(sql: str, name: str) -> None:
    with pytest.raises(Unsupported) as refused:
        Translator(resolve).query(sql, ())
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
def test_nothing_is_reached_that_the_catalogue_does_not_name(sql: str) -> None:
    with pytest.raises(EngineError):
        Translator(resolve).query(sql, ())


@pytest.mark.parametrize(
    "sql", ["drop table x", "insert into gold.orders select 1", "select", "select from where"]
)
def test_only_a_query_is_a_query(sql: str) -> None:
    with pytest.raises(EngineError):
        Translator(resolve).query(sql, ())


@pytest.mark.parametrize(
    "call", ["DATE_TRUNC('eon', d)", "DATE_TRUNC('DAY')", "TIMESTAMPDIFF(DAY, 1)", "LPAD('a')"]
)
def test_a_wrong_call_says_so(call: str) -> None:
    with pytest.raises(InvalidStatement, match="VALIDATION ERROR"):
        Translator(resolve).query(f"select {call}", ())


def test_a_refusal_tells_where() -> None:
    with pytest.raises(Unsupported, match="line 2, column 3"):
        Translator(resolve).query("select\n  sleep(1)", ())


@pytest.mark.parametrize(
    ("dremio", "duck"),
    [
        ("YYYY-MM-DD", "%Y-%m-%d"),
        ("HH24:MI:SS.FFF", "%H:%M:%S.%g"),
        ('YYYY"T"DDD', "%YT%j"),
        ("MON 100%", "%b 100%%"),
    ],
)
def test_formats(dremio: str, duck: str) -> None:
    assert duckdb_format(dremio) == duck


def test_an_unknown_format_token_is_named() -> None:
    with pytest.raises(Unsupported, match="QQQ"):
        duckdb_format("YYYY-QQQ")
