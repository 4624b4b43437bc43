"""Which queries are answered from which reflection, and which are left alone."""

# ruff: noqa: E501 - one query a line reads better than a few in pieces

import pytest
from tests.support.engine_with_reflections import ReflectedEngine

ORDERS = (
    "create table gold.orders (id int, product varchar, region varchar, order_date date, ts timestamp,"
    " amount decimal(10, 2), quantity int, weight double)"
)
ROWS = """insert into gold.orders values
 (1, 'a', 'n', date '2025-01-01', timestamp '2025-01-01 10:00:00', 1.50, 1, 0.1),
 (2, 'b', 'n', date '2025-01-02', timestamp '2025-01-02 11:00:00', 2.50, null, 0.2),
 (3, 'a', null, date '2025-02-01', timestamp '2025-02-01 12:00:00', null, 3, 0.3),
 (4, null, 's', date '2025-02-01', timestamp '2025-02-01 00:00:00', 4.25, 4, null),
 (4, null, 's', date '2025-02-01', timestamp '2025-02-01 00:00:00', 4.25, 4, null)"""


@pytest.fixture(scope="module", autouse=True)
def orders(engine: ReflectedEngine) -> None:
    """`gold.orders` with a raw reflection `rows` and an aggregate one `days`; views above it."""
    engine.run(ORDERS, ROWS, "create table gold.regions as select 'n' as region, 'north' as name")
    engine.run(
        'create view space.plain as select id as number, product, order_date as "day", amount from gold.orders',
        "create view space.north as select * from gold.orders where region = 'n'",
        "create view space.doubled as select product, amount * 2 as amount from gold.orders",
        "create view space.joined as select o.product, r.name, o.amount from gold.orders o"
        " join gold.regions r on o.region = r.region",
        "create view space.over_joined as select product, name, amount from space.joined where amount > 1",
    )
    engine.reflect(
        "alter table gold.orders create aggregate reflection days using dimensions"
        " (product, region, order_date, ts by day) measures (amount (sum, count, min, max), quantity (sum, count))"
    )
    engine.reflect(
        "alter table gold.orders create raw reflection sales using display"
        " (id, product, region, amount, weight)"
    )
    engine.reflect("alter view space.joined create raw reflection wide using display (product, name, amount)")


@pytest.mark.parametrize(
    "sql",
    [
        "select product, sum(amount) from gold.orders group by product",
        "select product, sum(amount) s from gold.orders group by 1 having count(*) > 1 order by s desc limit 3",
        'select "PRODUCT", Sum(o."AMOUNT") from "GOLD".orders as O group by o.product',
        "select avg(amount), avg(quantity), count(quantity), count(region) from gold.orders",
        "select sum(amount), count(*), count(amount), avg(amount) from gold.orders where product = 'none'",
        "select date_trunc('MONTH', order_date) as order_date, sum(amount) from gold.orders"
        " group by date_trunc('MONTH', order_date) order by 2 desc limit 100",
        "select extract(year from ts), count(*) from gold.orders group by extract(year from ts)",
        "select count(*) from gold.orders where ts >= timestamp '2025-01-02 00:00:00'"
        " and ts < to_timestamp('2025-03-01 00:00:00.000', 'YYYY-MM-DD HH24:MI:SS.FFF')",
        "select count(distinct upper(product)), max(order_date), min(lower(region)) from gold.orders",
        "select distinct region, order_date from gold.orders where product is not null",
        "select product from gold.orders where order_date > date '2025-01-01' group by product",
        "select product, sum(total) from (select product, amount as total, order_date from gold.orders"
        " where region is not null) v where order_date > date '2025-01-01' group by product",
        'select "day", sum(amount) from space.plain group by "day"',
        "select product, count(*) from space.north where order_date < date '2026-01-01' group by product",
        "select count(*) from (select product, sum(amount) as s from gold.orders group by product) q where s > 1",
        "select r.name, q.s from (select region, sum(amount) as s from gold.orders group by region) q"
        " join gold.regions r on r.region = q.region",
        "with q as (select region, sum(amount) as s from gold.orders group by region) select * from q",
        "select product, sum(amount) from gold.orders group by product limit 1000",
        "select sum(amount) from gold.orders where order_date >= current_date - 3",
        "select product, sum(amount) from gold.orders group by product"
        " union all select region, count(*) from gold.orders group by region",
    ],
)
def test_a_query_over_groups_is_answered_from_the_aggregate_reflection(
    engine: ReflectedEngine, sql: str
) -> None:
    assert "days" in engine.used(sql)
    assert engine.is_same(sql)


@pytest.mark.parametrize(
    ("sql", "reflection"),
    [
        ("select id, product, amount from gold.orders", "sales"),
        ("select id + 1 as b, product as a from gold.orders o where o.amount > 2", "sales"),
        ("select number, amount from space.plain where product = 'a'", "sales"),
        ("select max(id), count(*) from gold.orders where amount > 2", "sales"),
        ("select sum(amount * 2) from gold.orders", "sales"),
        ("select sum(amount) from space.doubled", "sales"),
        ("select o.id, r.name from gold.orders o left join gold.regions r on o.region = r.region", "sales"),
        ("select id from gold.orders o where exists (select 1 from gold.regions r where r.region = o.region)", "sales"),
        ("select r.name, sum(o.amount) from gold.orders o join gold.regions r using (region) group by 1", "sales"),
        ("select * from space.joined", "wide"),
        ("select name, sum(amount) from space.joined group by name", "wide"),
        ("select product from space.over_joined where name = 'north'", "wide"),
        ("select a.name, b.product from space.joined a join space.over_joined b on a.name = b.name", "wide"),
    ],
)  # fmt: skip
def test_a_query_for_rows_is_answered_from_the_raw_reflection(
    engine: ReflectedEngine, sql: str, reflection: str
) -> None:
    assert reflection in engine.used(sql)
    assert engine.is_same(sql)


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("select * from gold.orders", id="a column is not kept"),
        pytest.param("select quantity, product from gold.orders", id="a measure is not a column"),
        pytest.param("select product, sum(weight) from gold.orders group by 1", id="doubles do not add exactly"),
        pytest.param("select avg(weight) from gold.orders", id="nor their average"),
        pytest.param("select sum(quantity * amount) from gold.orders", id="an expression of measures"),
        pytest.param("select sum(quantity) filter (where product = 'a') from gold.orders", id="filter"),
        pytest.param("select count(*) from gold.orders where quantity > 1", id="filter on a measure"),
        pytest.param("select ts, count(*) from gold.orders group by ts", id="finer than the day that is kept"),
        pytest.param("select date_trunc('hour', ts), count(*) from gold.orders group by 1", id="hours of a day"),
        pytest.param("select count(*) from gold.orders where ts > timestamp '2025-02-01 00:00:00'", id="after midnight"),
        pytest.param("select count(*) from gold.orders where ts >= timestamp '2025-02-01 00:00:01'", id="not midnight"),
        pytest.param("select max(ts) from gold.orders", id="the last moment of a day"),
        pytest.param("select count(distinct quantity) from gold.orders", id="distinct measure"),
        pytest.param("select id, product from gold.orders limit 2", id="limit without order"),
        pytest.param("select product, sum(amount) from gold.orders group by product limit 1", id="groups cut off"),
        pytest.param("select sum(s) from (select id as s from gold.orders order by product limit 2) q", id="ties cut off inside"),
        pytest.param("select id, row_number() over (order by product) from gold.orders", id="window"),
        pytest.param("select listagg(product, ',') from gold.orders", id="order of a list"),
        pytest.param("select product, sum(a) from (select product, avg(amount) as a from gold.orders group by product) q group by 1 having sum(a) > 0", id="sum of averages"),
        pytest.param("select id, rand() from gold.orders", id="a die"),
        pytest.param("select /*+ no_reflections */ id from gold.orders", id="asked not to"),
        pytest.param("select region, name from gold.regions", id="no reflection there"),
        pytest.param("with orders as (select 1 as id) select id from orders", id="a name of its own"),
        pytest.param("select o.* from gold.orders o full join gold.regions using (region)", id="full join"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_exactly_is_left_alone(engine: ReflectedEngine, sql: str) -> None:
    assert engine.used(sql) == []


def test_time_travel_reads_the_table_itself(engine: ReflectedEngine) -> None:
    engine.run("create table gold.travelled as select 1 as a")
    engine.reflect("alter table gold.travelled create raw reflection r using display (a)")
    (first,) = engine.rows("select snapshot_id from table(table_snapshot('gold.travelled')) limit 1")
    assert engine.used(f"select a from gold.travelled at snapshot '{first[0]}'") == []
    assert engine.used("select a from gold.travelled") == ["r"]


def test_hints_choose_and_consider(engine: ReflectedEngine) -> None:
    ids = {r.name: r.id for r in engine.services.reflections.all()}
    sql = "select {} product, sum(amount) from gold.orders group by product"
    assert engine.used(sql.format(f"/*+ choose_reflections('{ids['sales']}') */")) == ["sales"]
    assert engine.used(sql.format(f"/*+ consider_reflections('{ids['wide']}') */")) == []
    told = engine.outcome(sql.format(f"/*+ consider_reflections('{ids['days']}') */")).relationships
    assert [(r.reflection_id, r.relationship) for r in told] == [(ids["days"], "CHOSEN")]


def test_a_query_tells_what_each_reflection_was_to_it(engine: ReflectedEngine) -> None:
    names = {r.id: r.name for r in engine.services.reflections.all()}
    told = engine.outcome("select product, sum(amount) from gold.orders group by product").relationships
    assert {names[r.reflection_id]: r.relationship for r in told} == {"days": "CHOSEN", "sales": "MATCHED"}
    told = engine.outcome("select quantity from gold.orders").relationships
    assert {r.relationship for r in told} == {"CONSIDERED"}
    (plan,) = engine.rows("explain plan for select product, sum(amount) from gold.orders group by product")
    assert "CHOSEN: reflection" in plan[0]


def test_a_name_in_a_view_is_looked_up_from_the_view(engine: ReflectedEngine) -> None:
    """The query's own WITH has a name that the view uses for a table of its context."""
    engine.run(
        "create space_view" if False else "create view space.reader as select id, amount from gold.orders"
    )
    sql = "with orders as (select 9 as id) select v.id, o.id as other from space.reader v, orders o"
    assert engine.is_same(sql)


def test_a_view_that_is_replaced_is_not_answered_from_what_it_was(engine: ReflectedEngine) -> None:
    engine.run("create view space.changing as select product, amount from gold.orders where amount > 2")
    engine.reflect("alter view space.changing create raw reflection r using display (product, amount)")
    sql = "select count(*) from space.changing"
    before = engine.rows(sql)
    engine.run("create or replace view space.changing as select product, amount from gold.orders")
    assert engine.rows(sql) != before
    assert engine.is_same(sql)


@pytest.mark.parametrize("word", ["now()", "current_date", "user", "random()"])
def test_a_view_that_looks_at_more_than_its_data_cannot_be_kept(engine: ReflectedEngine, word: str) -> None:
    name = f"space.moody_{word.strip('()')}"
    engine.run(f"create view {name} as select id, {word} as w from gold.orders")
    made = engine.reflect(f"alter view {name} create raw reflection r using display (id)")
    status = engine.status(made)
    assert status["availability"] == "NONE"
    assert word.strip("()") in status["lastFailureMessage"].lower()


def test_an_empty_table_has_one_row_of_totals_and_no_groups(engine: ReflectedEngine) -> None:
    engine.run("create table gold.nothing (k int, v bigint)")
    engine.reflect(
        "alter table gold.nothing create aggregate reflection r using dimensions (k) measures (v (sum, count))"
    )
    for sql in (
        "select sum(v), count(*), count(v) from gold.nothing",
        "select k, sum(v) from gold.nothing group by k",
    ):
        assert engine.used(sql) == ["r"]
        assert engine.is_same(sql)
