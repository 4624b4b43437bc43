"""CREATE FUNCTION and its sisters; what a call of a user's function is answered with."""

from collections.abc import Iterator
from decimal import Decimal

import pyarrow as pa
import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.errors import EngineError

FUNCTIONS = {
    "hello": "() returns varchar return select 'Hello World!'",
    "space.multiply": "(x int, y int) returns bigint return select x * y",
    "space.gross": "(net decimal(10, 2)) returns decimal(12, 2) return net * 1.19",
    "space.count_of": "(wanted varchar) returns bigint return select count(*) from gold.things"
    " where k = wanted",
    "space.or_else": "(wanted varchar, other int) returns int return select coalesce(max(id), other)"
    " from gold.things where k = wanted",
    "space.above": "(least int) returns table (n int, name varchar) return select id, k from gold.things"
    " where id >= least",
    "space.squared": "(x int) returns bigint return space.multiply(x, x)",
}


@pytest.fixture(scope="module", autouse=True)
def functions(engine: ReflectedEngine) -> Iterator[None]:
    """`gold.things` with three rows, and the functions above."""
    engine.run("create table gold.things as select * from (values (1, 'a'), (2, 'b'), (3, 'b')) as v(id, k)")
    engine.run(*(f"create function {name}{rest}" for name, rest in FUNCTIONS.items()))
    yield
    engine.run(*(f"drop function {name}" for name in FUNCTIONS), "drop table gold.things")


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select hello()", [("Hello World!",)]),
        ("select space.multiply(a, 3) from (values (2), (null)) as t(a)", [(6,), (None,)]),
        ("select SPACE.Multiply(2, 3)", [(6,)]),
        ("select space.squared(4)", [(16,)]),
        ("select space.gross(100)", [(Decimal("119.00"),)]),
        # A name in the body is a parameter or a column of its tables, not one of the calling query.
        ("select k, space.count_of(k) from gold.things order by id", [("a", 1), ("b", 2), ("b", 2)]),
        ("select id from gold.things where space.count_of(k) > 1 order by id", [(2,), (3,)]),
        ("select k, space.or_else(k, -1) from (values ('a'), ('z')) as t(k)", [("a", 1), ("z", -1)]),
        (
            "select space.multiply(id, 2) as m, count(*) from gold.things"
            " group by space.multiply(id, 2) order by 1",
            [(2, 1), (4, 1), (6, 1)],
        ),
        ("select sum(space.multiply(id, 2)) from gold.things", [(12,)]),
        ("select space.multiply(max(id), count(*)) from gold.things", [(9,)]),
        ("select * from table(space.above(2)) order by n", [(2, "b"), (3, "b")]),
        ("select t.n, g.k from table(space.above(3)) as t join gold.things as g on g.id = t.n", [(3, "b")]),
        ("select a from table(space.above(2)) as t(a, b) order by a desc", [(3,), (2,)]),
    ],
)
def test_a_call_is_answered(engine: ReflectedEngine, sql: str, rows: list[tuple[object, ...]]) -> None:
    assert engine.rows(sql) == rows


def test_the_result_has_the_declared_type(engine: ReflectedEngine) -> None:
    schema = engine.table("select space.multiply(1, 2) as m, space.gross(1) as g, hello() as h").schema
    assert schema.types == [pa.int64(), pa.decimal128(12, 2), pa.string()]


def test_a_view_calls_functions(engine: ReflectedEngine) -> None:
    engine.run("create view space.counted as select id, space.count_of(k) as n from gold.things")
    assert engine.rows("select n from space.counted order by id") == [(1,), (2,), (2,)]
    engine.run("drop view space.counted")


def test_names_in_the_body_are_looked_up_where_it_was_made(engine: ReflectedEngine) -> None:
    runner = engine.services.runner
    made = "create function gold.least_id() returns int return select min(id) from things"
    runner.run(made, ("gold",), "tester")
    assert engine.rows("select gold.least_id()") == [(1,)]
    engine.run("drop function gold.least_id")


def test_functions_are_described(engine: ReflectedEngine) -> None:
    shown = engine.table("describe function space.above")
    assert shown.column_names == [
        *("Name", "Input", "Returns", "Body", "Created_At", "Last_Modified_At", "Owner"),
    ]
    [row] = shown.to_pylist()
    assert (row["Name"], row["Input"], row["Owner"]) == ("space.above", "least int", "tester")
    assert row["Returns"] == "TABLE (n int, name varchar)"
    assert row["Body"] == "select id, k from gold.things where id >= least"


def test_functions_are_listed(engine: ReflectedEngine) -> None:
    assert {name for (name,) in engine.rows("show functions")} == set(FUNCTIONS)
    assert engine.rows("show functions like 'SPACE.m%'") == [("space.multiply",)]
    assert engine.rows("show functions like 'hell'") == []


def test_a_function_is_replaced_and_dropped(engine: ReflectedEngine) -> None:
    made = "create function space.changing() returns int return 1"
    assert engine.rows(made) == [(True, 'Function ["space"."changing"] has been created.')]
    with pytest.raises(EngineError, match="already exists"):
        engine.outcome(made)
    assert "not created" in engine.rows(made.replace("function", "function if not exists"))[0][1]
    replaced = engine.rows("create or replace function space.changing() returns int return 2")
    assert replaced == [(True, 'Function ["space"."changing"] has been updated.')]
    assert engine.rows("select space.changing()") == [(2,)]
    assert engine.rows("drop function space.changing") == [
        (True, 'Function ["space"."changing"] has been dropped.')
    ]
    assert "does not exist" in engine.rows("drop function if exists space.changing")[0][1]
    with pytest.raises(EngineError, match="does not exist"):
        engine.outcome("drop function space.changing")


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("(x int) returns int return select x, 1", "Number of columns mismatched"),
        ("(x int) returns int return select 'a' || x", "Row types are different"),
        ("(x int, X int) returns int return x", "Parameter name x appears more than once"),
        ("() returns table (a int, a int) return select 1, 2", "Column name a appears more than once"),
        ("(x int) returns int return select y", "Column 'y' not found"),
        ("(x int) returns int return x::int", 'Encountered "::"'),
        ("(x int) returns int return delete from gold.things", 'Encountered "delete"'),
        ("(x int) returns int return select max(id) from gold.missing", "not found"),
        ("(x nonsense) returns int return 1", "nonsense"),
        ("(x int) returns int", "expected RETURN"),
        ("(x int) return x", "expected RETURNS"),
        ("x int returns int return x", "expected ("),
    ],
)
def test_a_body_that_does_not_hold_is_refused(engine: ReflectedEngine, rest: str, reason: str) -> None:
    with pytest.raises(EngineError) as refused:
        engine.outcome(f"create function space.wrong {rest}")
    assert reason.lower() in refused.value.message.lower()
    assert engine.rows("show functions like '%wrong%'") == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select space.multiply(1)", "Invalid number of arguments to function 'space.multiply'"),
        ("select space.above(2)", "only in FROM, as TABLE(..)"),
        ("select * from table(hello())", "where a value stands"),
        ("select * from gold.things, table(space.above(id)) as q", "Tabular UDFs must not be correlated."),
        ("select space.missing(1)", "MISSING at line 1, column 14"),
        ('create function "upper"(x varchar) returns varchar return x', "function of the system"),
    ],
)
def test_a_wrong_call_is_refused(engine: ReflectedEngine, sql: str, reason: str) -> None:
    with pytest.raises(EngineError) as refused:
        engine.outcome(sql)
    assert reason in refused.value.message


def test_a_function_that_calls_itself_is_refused_when_called(engine: ReflectedEngine) -> None:
    engine.run(
        "create function space.loops(x int) returns int return x",
        "create or replace function space.loops(x int) returns int return space.loops(x) + space.loops(x)",
    )
    with pytest.raises(EngineError, match="may call itself"):
        engine.outcome("select space.loops(1)")
    engine.run("drop function space.loops")
