"""SHOW CREATE, TBLPROPERTIES and ALTER SESSION."""

from collections.abc import Iterator

import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.errors import EngineError

DEFINITION = """CREATE TABLE "gold"."a table" (
  "k" VARCHAR,
  "d" DATE,
  "n" INTEGER,
  "price" DECIMAL(10, 2),
  "x" DOUBLE,
  "y" FLOAT,
  "big" BIGINT,
  "b" BOOLEAN,
  "t" TIME,
  "ts" TIMESTAMP,
  "bin" VARBINARY
)
PARTITION BY ("k", month("d"), bucket(4, "n"))
LOCALSORT BY ("k", "n")
TBLPROPERTIES ('a''b' = 'c', 'write.target-file-size-bytes' = '1000')"""


@pytest.fixture(scope="module", autouse=True)
def objects(engine: ReflectedEngine) -> Iterator[None]:
    """A table of every plain type, a table from a query, and a view on it."""
    engine.run(
        DEFINITION,
        "create table gold.nested as select array[1, 2] as l, convert_from('{\"a\": 1}', 'json') as s",
        "create view space.viewed as select l from gold.nested",
    )
    yield
    engine.run('drop table gold."a table"', "drop view space.viewed", "drop table gold.nested")


def test_a_table_is_shown_as_the_statement_that_makes_it(engine: ReflectedEngine) -> None:
    shown = engine.table('show create table gold."a table"')
    assert shown.column_names == ["path", "sql_definition"]
    assert engine.rows('show create table gold."a table"') == [("[gold.a table]", DEFINITION)]


def test_nested_types_and_no_clauses(engine: ReflectedEngine) -> None:
    [(_, shown)] = engine.rows("show create table gold.nested")
    assert shown == 'CREATE TABLE "gold"."nested" (\n  "l" ARRAY(INTEGER),\n  "s" ROW("a" BIGINT)\n)'


def test_a_view_is_shown_as_its_query(engine: ReflectedEngine) -> None:
    assert engine.rows("show create view space.viewed") == [("[space.viewed]", "select l from gold.nested")]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("show create table space.viewed", "[space.viewed] is not a table"),
        ("show create view gold.nested", "[gold.nested] is not a view"),
        ("show create table gold.missing", "Unknown table [gold.missing]"),
        ("show create view space.missing", "Unknown view [space.missing]"),
        ("show create gold.nested", "SHOW CREATE"),
        ("show tblproperties gold.missing", "Unknown table [gold.missing]"),
        ("alter table gold.missing set tblproperties ('a' = 'b')", "Unknown table [gold.missing]"),
        ("alter table gold.nested set tblproperties (a = 'b')", "expected a text in apostrophes"),
        ("alter table gold.nested set tblproperties ('a' = 1)", "expected a text in apostrophes"),
        ("alter table gold.nested unset tblproperties ()", "expected a text in apostrophes"),
        ("create table gold.wrong (a int) tblproperties ('a')", "expected ="),
    ],
)
def test_what_cannot_be_shown_or_set(engine: ReflectedEngine, sql: str, reason: str) -> None:
    with pytest.raises(EngineError) as refused:
        engine.outcome(sql)
    assert reason in refused.value.message


def test_properties_are_set_changed_and_unset(engine: ReflectedEngine) -> None:
    engine.run("create table gold.kept tblproperties ('a' = '1', 'b' = 'it''s') as select 1 as x")
    shown = "show tblproperties gold.kept"
    assert engine.table(shown).column_names == ["table_property_name", "table_property_value"]
    assert engine.rows(shown) == [("a", "1"), ("b", "it's")]
    said = engine.rows("alter table gold.kept set tblproperties ('b' = '2', 'c' = '3')")
    assert said == [(True, "Table Property [b] set with value [2]. Table Property [c] set with value [3]. ")]
    assert engine.rows(shown) == [("a", "1"), ("b", "2"), ("c", "3")]
    said = engine.rows("alter table gold.kept unset tblproperties ('a', 'never set')")
    assert said == [(True, "Table Property [a] unset. Table Property [never set] unset. ")]
    engine.run("insert into gold.kept values (2)", "alter table gold.kept add columns (y int)")
    assert engine.rows(shown) == [("b", "2"), ("c", "3")]
    engine.run("drop table gold.kept", "create table gold.kept as select 1 as x")
    assert engine.rows(shown) == []
    engine.run("drop table gold.kept")


@pytest.mark.parametrize(
    "sql",
    [
        'alter session set "reflections.planning.no_reflections" = true',
        "alter session set reflections.planning.choose_reflections = 'a, b'",
        'alter session reset "reflections.planning.no_reflections"',
        'alter session set "planner.enable_hashjoin" = false',
        'alter session set "planner.broadcast_threshold" = 1000',
        "ALTER SESSION RESET ALL",
    ],
)
def test_documented_options_of_a_session_are_taken(engine: ReflectedEngine, sql: str) -> None:
    [(ok, summary)] = engine.rows(sql)
    assert ok
    assert " updated." in summary


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ('alter session set "planner.unheard_of" = 1', "The option 'planner.unheard_of' does not exist"),
        ('alter session reset "planner.unheard_of"', "The option 'planner.unheard_of' does not exist"),
        ('alter session set "reflections.planning.no_reflections" = 1', "takes a value of type BOOLEAN"),
        ('alter session set "planner.broadcast_threshold" = 1.5', "takes a value of type LONG"),
        ("alter session set \"planner.enable_hashjoin\" = 'yes'", "takes a value of type BOOLEAN"),
        ("alter session set reflections.planning.choose_reflections = a", "non-literal values"),
        ('alter system set "planner.unheard_of" = 1', "ALTER SYSTEM [planner.unheard_of]"),
        ("alter session", "expected SET"),
    ],
)
def test_other_options_are_refused_by_name(engine: ReflectedEngine, sql: str, reason: str) -> None:
    with pytest.raises(EngineError) as refused:
        engine.outcome(sql)
    assert reason in refused.value.message
