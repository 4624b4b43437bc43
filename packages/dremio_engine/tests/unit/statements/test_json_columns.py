"""CONVERT_FROM(column, 'JSON'): the type is learned from the values that the call sees."""

from collections.abc import Iterator

import pyarrow as pa
import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.errors import EngineError

FIRST = {"a": 1, "b": [1.0, 2.5], "d": None}
ONLY_FIRST, ONLY_SECOND = {"a": 1, "b": [1.0, 2.5]}, {"a": 2, "d": {"e": True}}
TWO = "(select convert_from(x, 'json') as v from gold.documents where id < 3)"
SECOND = {"a": 2, "b": None, "d": {"e": True}}


@pytest.fixture(scope="module", autouse=True)
def documents(engine: ReflectedEngine) -> Iterator[None]:
    """`gold.documents`: two objects with other members, a NULL, a JSON null, and a text that is not JSON."""
    engine.run(
        "create table gold.documents (id int, x varchar)",
        """insert into gold.documents values (1, '{"a": 1, "b": [1, 2.5], "c": null}'),"""
        """ (2, '{"a": 2, "d": {"e": true}}'), (3, null), (4, 'null'), (5, 'no JSON')""",
    )
    yield
    engine.run("drop table gold.documents")


def test_an_object_has_the_members_of_all_rows(engine: ReflectedEngine) -> None:
    found = engine.rows(
        "select id, convert_from(x, 'JSON') as v from gold.documents where id < 5 order by id"
    )
    assert found == [(1, FIRST), (2, SECOND), (3, None), (4, None)]


def test_only_rows_that_the_query_reads_count(engine: ReflectedEngine) -> None:
    assert engine.rows("select convert_from(x, 'json') as v from gold.documents where id = 1") == [
        ({"a": 1, "b": [1.0, 2.5]},)
    ]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (f"select t.v['a'] + 1 from {TWO} as t order by 1", [(2,), (3,)]),
        (f"select flatten(t.v['b']) from {TWO} as t", [(1.0,), (2.5,)]),
        (
            f"select u.n from {TWO} as t, unnest(t.v['b']) as u(n) order by n",
            [(1.0,), (2.5,)],
        ),
        (
            "with q as (select x from gold.documents where id = 2) select convert_from(x, 'json') from q",
            [(ONLY_SECOND,)],
        ),
        (
            "select convert_from(convert_to(x, 'UTF8'), 'json') from gold.documents where id = 1",
            [(ONLY_FIRST,)],
        ),
        ("select convert_from(max(x), 'json') from gold.documents where id = 1 group by id", [(ONLY_FIRST,)]),
        (
            "select id from gold.documents where id < 4 and convert_from(x, 'json') is not null order by id",
            [(1,), (2,)],
        ),
        ("select convert_from(x, 'json') from gold.documents where id > 100", []),
        ("select convert_from(x, 'json') from gold.documents where id = 3", [(None,)]),
        ("select convert_from(x, 'json') from (values ('[1, 2.5]'), ('[]')) as t(x)", [([1.0, 2.5],), ([],)]),
        ("select convert_from(x, 'json') from (values ('[1, \"a\"]')) as t(x)", [(["1", "a"],)]),
        ("select convert_from(x, 'json') from (values ('1'), ('-2')) as t(x)", [(1,), (-2,)]),
        (
            "select convert_from(x, 'json') from"
            """ (values ('{"a": 9223372036854775807, "b": "99999999999999999999"}')) as t(x)""",
            [({"a": 9223372036854775807, "b": "99999999999999999999"},)],
        ),
    ],
)
def test_values_of_json_are_used_like_others(
    engine: ReflectedEngine, sql: str, rows: list[tuple[object, ...]]
) -> None:
    assert engine.rows(sql) == rows


def test_a_view_learns_each_time_it_is_read(engine: ReflectedEngine) -> None:
    engine.run(
        "create table gold.growing as select '{\"a\": 1}' as x",
        "create view space.documents as select convert_from(x, 'json') as v from gold.growing",
    )
    assert engine.rows("select v from space.documents") == [({"a": 1},)]
    engine.run('insert into gold.growing values (\'{"b": "x"}\')')
    found = engine.table("select v from space.documents order by v")
    assert found.column(0).type == pa.struct([("a", pa.int64()), ("b", pa.string())])
    assert found.column(0).to_pylist() == [{"a": 1, "b": None}, {"a": None, "b": "x"}]
    engine.run("drop view space.documents", "drop table gold.growing")


def test_a_table_keeps_what_was_learned(engine: ReflectedEngine) -> None:
    engine.run(
        "create table gold.kept as select id, convert_from(x, 'json') as v from gold.documents where id < 3"
    )
    assert engine.rows("select t.v['d']['e'] as e from gold.kept as t order by id") == [(None,), (True,)]
    engine.run("drop table gold.kept")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select convert_from(x, 'json') from gold.documents", "Malformed JSON"),
        ("update gold.documents set x = convert_from(x, 'json')", "outside a SELECT"),
        (
            "select 1 from gold.documents d join gold.documents e on convert_from(d.x, 'json') is null",
            "in the condition of a join",
        ),
        (
            """select convert_from(x, 'json') from (values ('{"a": 9223372036854775808}')) as t(x)""",
            "does not fit into BIGINT",
        ),
        (
            "select convert_from(x, 'json') from (values ('[-1]'), ('[18446744073709551615]')) as t(x)",
            "does not fit into BIGINT",
        ),
        ("select convert_from(x, 'INT_BE') from gold.documents", "INT_BE"),
    ],
)
def test_what_cannot_be_learned_is_refused(engine: ReflectedEngine, sql: str, reason: str) -> None:
    with pytest.raises(EngineError) as refused:
        engine.outcome(sql)
    assert reason in refused.value.message


def test_a_view_of_json_has_no_reflections(engine: ReflectedEngine) -> None:
    engine.run(
        "create view space.learned as"
        " select id, convert_from(x, 'json') as v from gold.documents where id < 3",
        "alter view space.learned create raw reflection r using display (id)",
        "alter view space.learned refresh reflections",
    )
    assert engine.used("select id from space.learned") == []
    engine.run("drop view space.learned")
