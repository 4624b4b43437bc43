"""Statements that change tables or show what there is, in the forms that Dremio's grammar has for them."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.errors import EngineError


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReflectedEngine]:
    """An engine of this module's own."""
    made = ReflectedEngine(tmp_path_factory.mktemp("statements"))
    yield made
    made.close()


@pytest.fixture
def orders(engine: ReflectedEngine) -> Iterator[str]:
    """A table four folders down, and `gold.n` to change it from."""
    path = "gold.f.g.orders"
    engine.run(
        f"create table {path} as select * from (values (1, 'a'), (3, 'c')) as v(id, name)",
        "create table gold.n as select * from (values (1, 'x'), (2, 'y')) as v(id, name)",
    )
    yield path
    engine.run(f"drop table {path}", "drop table gold.n")


@pytest.mark.parametrize(
    ("change", "rows"),
    [
        ("update {t} set name = {t}.name || '!' where {t}.id = 3", [(1, "a"), (3, "c!")]),
        ("update {t} set name = gold.n.name from gold.n where {t}.id = gold.n.id", [(1, "x"), (3, "c")]),
        ("delete from {t} where {t}.id = 3", [(1, "a")]),
        ("delete from {t} using gold.n where {t}.id = gold.n.id", [(3, "c")]),
        (
            "merge into {t} using gold.n on ({t}.id = gold.n.id) when matched then update set name ="
            " gold.n.name || {t}.name when not matched then insert (id, name) values (gold.n.id, 'n')",
            [(1, "xa"), (2, "n"), (3, "c")],
        ),
        ("insert into {t} select {t}.id + 1, {t}.name from {t} where {t}.id = 3",
         [(1, "a"), (3, "c"), (4, "c")]),
    ],
)  # fmt: skip
def test_changes_name_columns_with_their_tables_path(
    engine: ReflectedEngine, orders: str, change: str, rows: list[tuple[int, str]]
) -> None:
    engine.run(change.format(t=orders))
    assert engine.rows(f"select * from {orders} order by id") == rows


@pytest.mark.parametrize("target", ["gold.f.g.orders.name", "orders.name"])
def test_set_takes_a_columns_name_alone(engine: ReflectedEngine, orders: str, target: str) -> None:
    with pytest.raises(EngineError, match="line 1, column 28: SET takes a column's name alone"):
        engine.run(f"update {orders} set {target} = 'x'")


def test_an_update_divides_decimals_exactly(engine: ReflectedEngine) -> None:
    engine.run(
        "create table gold.shares as select cast(7 as decimal(10, 2)) as p, cast(3 as decimal(10, 2)) as q,"
        " cast(0 as decimal(23, 13)) as share",
        "update gold.shares set share = p / q",
    )
    assert engine.rows("select share from gold.shares") == [(Decimal("2.3333333333333"),)]


COLUMNS = {
    "binary varying": "BINARY VARYING",
    "varbinary(10)": "BINARY VARYING",
    "binary(3)": "BINARY VARYING",
    "character varying(5)": "CHARACTER VARYING",
    "character varying": "CHARACTER VARYING",
    "char varying(5)": "CHARACTER VARYING",
    "char(2)": "CHARACTER VARYING",
    "varchar(5) not null": "CHARACTER VARYING",
    "double precision": "DOUBLE",
    "dec(5, 1)": "DECIMAL",
    "numeric(38, 10)": "DECIMAL",
    "int null": "INTEGER",
    "list<int>": "ARRAY",
    "list<list<bigint>>": "ARRAY",
    "array(varchar not null)": "ARRAY",
    "struct<a: int, b: varchar>": "ROW",
    "row(a int, b list<struct<c: decimal(5, 2)>>)": "ROW",
    "map<varchar, int>": "MAP",
    "map(varchar, row(a int))": "MAP",
}


def test_a_column_may_have_any_type_of_dremios(engine: ReflectedEngine) -> None:
    engine.run(
        f"create table gold.types ({', '.join(f'c{number} {kind}' for number, kind in enumerate(COLUMNS))})"
    )
    engine.run(*(f"alter table gold.types add columns (d{n} {kind})" for n, kind in enumerate(COLUMNS)))
    shown = [row[1] for row in engine.rows("describe gold.types")]
    assert shown == 2 * list(COLUMNS.values())


@pytest.mark.parametrize(
    "kind", ["string", "foo", "int[]", "list", "list<foo>", "map<int>", "struct<int>", "int primary key"]
)
def test_a_column_of_another_type_is_refused(engine: ReflectedEngine, kind: str) -> None:
    with pytest.raises(EngineError, match="PARSE ERROR"):
        engine.run(f"create table gold.nothing (a {kind})")


def test_lists_structs_and_maps_are_written_and_read(engine: ReflectedEngine) -> None:
    engine.run(
        "create table gold.nested (l list<int>, s struct<a: int, b: list<varchar>>, m map<varchar, int>)",
        'insert into gold.nested select array[1, 2], convert_from(\'{"a": 1, "b": ["x"]}\', \'JSON\'), null',
        "insert into gold.nested values (null, null, null)",
    )
    found = engine.rows("select l[1], gold.nested.s.a, nested.s.b[0], s['a'], m['k'] from gold.nested")
    assert sorted(found, key=str) == [(2, 1, "x", 1, None), (None, None, None, None, None)]
    assert engine.rows("select l, s from gold.nested where l is not null") == [([1, 2], {"a": 1, "b": ["x"]})]


def test_a_table_names_the_columns_of_its_query(engine: ReflectedEngine) -> None:
    engine.run(
        "create table gold.named (x, y) as select 1, 'a'",
        "create table gold.typed (x bigint, y) partition by (x) localsort by (y) as select 1, 1",
    )
    assert engine.table("select * from gold.named").to_pylist() == [{"x": 1, "y": "a"}]
    assert [row[:2] for row in engine.rows("describe gold.typed")] == [("x", "BIGINT"), ("y", "INTEGER")]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("create table gold.nothing (x) as select 1, 2", "another number of columns"),
        ("create table gold.nothing (x, y, z) as select 1, 2", "another number of columns"),
        ("create table gold.nothing (x, X) as select 1, 2", "two columns of one name"),
        ("create table gold.nothing (x int, X int)", "two columns of one name"),
        ("create table gold.nothing (x)", r"\[x\] needs a type"),
        ("alter table gold.nothing add columns (x)", r"\[x\] needs a type"),
    ],
)
def test_names_of_columns_must_fit(engine: ReflectedEngine, sql: str, reason: str) -> None:
    with pytest.raises(EngineError, match=reason):
        engine.run(sql)


def test_describe_has_eight_columns_or_one_row(engine: ReflectedEngine) -> None:
    engine.run('create table gold.described ("b c" decimal(5, 2), a int, d double) localsort by (a, "b c")')
    shown = engine.table("describe gold.described")
    assert shown.schema.names == [
        *("COLUMN_NAME", "DATA_TYPE", "IS_NULLABLE", "NUMERIC_PRECISION", "NUMERIC_SCALE"),
        *("EXTENDED_PROPERTIES", "MASKING_POLICY", "SORT_ORDER_PRIORITY"),
    ]
    rows = [
        ("b c", "DECIMAL", "YES", 5, 2, "[]", "[]", 2),
        ("a", "INTEGER", "YES", 32, 0, "[]", "[]", 1),
        ("d", "DOUBLE", "YES", 53, None, "[]", "[]", None),
    ]
    assert engine.rows("describe gold.described") == rows
    assert engine.rows("describe table gold.described A") == rows[1:2]
    assert engine.rows('desc gold.described "b c"') == rows[:1]
    assert engine.rows("describe gold.described nothing") == []
    with pytest.raises(EngineError, match=r"single component paths. You tried to describe \[a.b\]"):
        engine.run("describe gold.described a.b")
    engine.run("alter table gold.described drop localsort")
    assert [row[-1] for row in engine.rows("describe gold.described")] == [None, None, None]


@pytest.mark.parametrize(
    ("show", "found"),
    [
        ("tables like 'SHOWN%'", [("gold", "Shown_1")]),
        ("tables in gold like 'shown_1'", [("gold", "Shown_1")]),
        ("tables in GOLD like ' %n_1 '", [("gold", "Shown_1")]),
        ("tables from gold like 'shown'", []),
        ("tables in space like 'shown%'", []),
        ("tables like ''", []),
        ("tables like 'shown\\_1'", []),
        ("views like 'V_SEEN'", [("space", "v_seen")]),
        ("schemas like 'SPA%'", [("space",)]),
        ("databases like 'g_LD'", [("gold",)]),
    ],
)
def test_show_ignores_case(engine: ReflectedEngine, show: str, found: list[tuple[str, ...]]) -> None:
    engine.run('create table if not exists gold."Shown_1" (a int)')
    engine.run("create or replace view space.v_seen as select 1 as a")
    assert engine.rows(f"show {show}") == found


def test_a_pattern_of_show_stands_in_apostrophes(engine: ReflectedEngine) -> None:
    with pytest.raises(EngineError, match=r"a text in apostrophes, found \[shown\]"):
        engine.run("show tables like shown")


@pytest.fixture(scope="module")
def amounts(engine: ReflectedEngine) -> str:
    """A table whose amounts multiply and add up to more than 18 digits."""
    engine.run(
        "create table gold.amounts as select cast('99999999.99' as decimal(10, 2)) as a,"
        " cast('9999999999999999.99' as decimal(18, 2)) as w, 0 as changed"
    )
    return "gold.amounts"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("sum(a * a)", Decimal("9999999998000000.0001")),
        ("sum(a * a * 3)", Decimal("29999999994000000.0003")),
        ("sum(w + w)", Decimal("19999999999999999.98")),
        ("sum(-w - w)", Decimal("-19999999999999999.98")),
        ("count(*) filter (where a * a > 5 and w + w > 1)", 1),
        ("max(a * a)", Decimal("9999999998000000.0001")),
        ("avg(a * a)", 9999999998000000.0),
    ],
)
def test_sums_and_comparisons_have_38_digits(
    engine: ReflectedEngine, amounts: str, expression: str, expected: object
) -> None:
    assert engine.rows(f"select {expression} from {amounts}") == [(expected,)]


def test_changes_compute_with_38_digits(engine: ReflectedEngine, amounts: str) -> None:
    engine.run(
        f"create table gold.summed as select sum(a * a) as s from {amounts}",
        f"insert into gold.summed select sum(w + w) from {amounts}",
        f"update {amounts} set changed = 1 where a * a > 5",
        f"merge into {amounts} as t using (select 1 as x) as s on (t.a * t.a > s.x)"
        " when matched then update set changed = changed + 1",
    )
    assert sorted(engine.rows("select s from gold.summed")) == [
        (Decimal("9999999998000000.0001"),),
        (Decimal("19999999999999999.98"),),
    ]
    assert engine.rows(f"select changed from {amounts}") == [(2,)]


def test_more_than_38_digits_are_an_error(engine: ReflectedEngine, amounts: str) -> None:
    with pytest.raises(EngineError, match="Overflow"):
        engine.run(f"select sum(w * w * w) from {amounts}")


@pytest.mark.parametrize(
    ("sql", "where", "there"),
    [
        ("select nothing from gold.t", "any table", "id, name"),
        ("select x.nothing from gold.t as x", "table 'x'", "id, name"),
        ("select gold.t.nothing from gold.t", "table 't'", "id, name"),
        ("select id from gold.t where nothing = 1", "any table", "id, name"),
        ("select id from gold.t order by nothing", "any table", "id, name"),
        ("select a from (select id as a from gold.t) q where nothing = 1", "any table", "a"),
        ("select q.nothing from (select id as a from gold.t) q join gold.t t on true", "table 'q'", "a"),
        ("with c as (select id as z, 1 as y from gold.t) select nothing from c", "any table", "z, y"),
        ("select 1 from gold.t a join gold.t b using (nothing)", "any table", "id, name"),
        ("select (select nothing from (values (1)) as v(w)) from gold.t", "any table", "w"),
        ("insert into gold.t (nothing) values (1)", "table 't'", "id, name"),
        ("insert into gold.t select nothing, 1 from (values (1)) as v(w)", "any table", "w"),
        ("update gold.t set nothing = 1", "any table", "id, name"),
        ("update gold.t set id = nothing", "any table", "id, name"),
        ("delete from gold.t where t.nothing = 1", "table 't'", "id, name"),
        (
            "merge into gold.t using (select 1 as k) as s on (t.id = s.nothing)"
            " when matched then update set name = 'x'",
            "table 's'",
            "k",
        ),
        ("alter table gold.t drop column nothing", "table 't'", "id, name"),
        ("alter table gold.t alter column nothing nothing int", "table 't'", "id, name"),
        ("create table gold.u as select nothing from gold.t", "any table", "id, name"),
        ("create view space.u as select nothing from gold.t", "any table", "id, name"),
    ],
)
def test_a_missing_column_is_told_with_those_there_are(
    engine: ReflectedEngine, sql: str, where: str, there: str
) -> None:
    engine.run("create table if not exists gold.t (id int, name varchar)")
    with pytest.raises(EngineError) as refused:
        engine.run(sql)
    assert refused.value.message == (
        f"VALIDATION ERROR: Column 'nothing' not found in {where}; there are: {there}"
    )


def test_a_query_is_planned_with_the_same_words(engine: ReflectedEngine) -> None:
    engine.run("create table if not exists gold.t (id int, name varchar)")
    with pytest.raises(EngineError, match="Column 'nothing' not found in any table; there are: id, name"):
        engine.services.runner.schema("select nothing from gold.t", (), "tester")


def test_without_a_table_there_are_no_columns(engine: ReflectedEngine) -> None:
    with pytest.raises(EngineError, match=r"Column 'nothing' not found in any table$"):
        engine.run("select nothing")
