"""MERGE, UPDATE .. FROM and DELETE .. USING: a target row that several source rows meet is refused."""

from collections.abc import Iterator

import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.errors import InvalidStatement

START = [(1, "a"), (2, "b"), (3, "c")]
ONE = "(select 2 as id, 'x' as name)"
TWO = "(select 2 as id, 'x' as name union all select 2, 'y')"
NEW = "(select 9 as id, 'x' as name union all select 9, 'y')"
UPDATES, INSERTS = (
    "when matched then update set name = s.name",
    "when not matched then insert (id, name) values (s.id, s.name)",
)
MERGE = "merge into gold.changed as t using {source} as s on (t.id = s.id) {clauses}"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReflectedEngine]:
    """An engine of this module's own."""
    made = ReflectedEngine(tmp_path_factory.mktemp("changes"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def changed(engine: ReflectedEngine) -> Iterator[None]:
    """`gold.changed` and, with two rows for id 2, `gold.doubled`; one row came by a second file."""
    engine.run(
        "create table gold.changed as select * from (values (1, 'a'), (2, 'b')) as v(id, name)",
        "insert into gold.changed values (3, 'c')",
        "create table gold.doubled as select * from (values (2, 'x'), (2, 'y'), (7, 'z')) as v(id, name)",
    )
    yield
    engine.run("drop table gold.changed", "drop table gold.doubled")


def now(engine: ReflectedEngine) -> list[tuple[object, ...]]:
    return engine.rows("select id, name from gold.changed order by id, name")


@pytest.mark.parametrize(
    "sql",
    [
        MERGE.format(source=TWO, clauses=UPDATES),
        MERGE.format(source=TWO, clauses=f"{UPDATES} {INSERTS}"),
        MERGE.format(source="gold.doubled", clauses=f"{UPDATES} {INSERTS}"),
        f"merge into gold.changed using {TWO} as s on (changed.id = s.id) {UPDATES}",
        f"merge into gold.changed as t using {NEW} as s on (true) {UPDATES}",
        MERGE.format(source="(select '2' as id, 'x' as name union all select '02', 'y')", clauses=UPDATES),
        f"merge into gold.changed as t using {TWO} as s on (s.id = t.id and s.name <> t.name) {UPDATES}",
        f"merge into gold.changed as t using {TWO} as s on (t.id in (select 2) and t.id <= s.id) {UPDATES}",
        f"merge into gold.changed as t using {TWO} as s on (t.id + 1 = s.id + 1) {UPDATES}",
        "update gold.changed set name = s.name from gold.doubled as s where s.id = changed.id",
        "update gold.changed as t set name = s.name from gold.doubled as s"
        " join gold.doubled as r on s.id = r.id where s.id = t.id",
        "update gold.changed set name = 'x' from gold.doubled",
        "delete from gold.changed using gold.doubled as s where changed.id = s.id",
    ],
)
def test_a_target_row_that_two_source_rows_meet_is_refused_and_nothing_changes(
    engine: ReflectedEngine, sql: str
) -> None:
    with pytest.raises(
        InvalidStatement, match=r"A target row matched more than once\. Please update your query"
    ):
        engine.outcome(sql)
    assert now(engine) == START


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        (MERGE.format(source=ONE, clauses=f"{UPDATES} {INSERTS}"), [(1, "a"), (2, "x"), (3, "c")]),
        (MERGE.format(source=NEW, clauses=f"{UPDATES} {INSERTS}"), [*START, (9, "x"), (9, "y")]),
        (MERGE.format(source=TWO, clauses=INSERTS), START),
        # A key twice in the source, but no row of the target is met twice.
        (
            f"merge into gold.changed as t using {TWO} as s on (t.id = s.id and s.name = 'y') {UPDATES}",
            [(1, "a"), (2, "y"), (3, "c")],
        ),
        # Without a key, NULL meets nothing.
        (
            MERGE.format(
                source="(select cast(null as int) as id, 'x' as name union all select null, 'y')",
                clauses=f"{UPDATES} {INSERTS}",
            ),
            [*START, (None, "x"), (None, "y")],
        ),
        # The source reads the target, as it was.
        (
            MERGE.format(
                source="(select id + 1 as id, name from gold.changed where id < 3)",
                clauses=f"{UPDATES} {INSERTS}",
            ),
            [(1, "a"), (2, "a"), (3, "b")],
        ),
        (
            f"merge into gold.changed as t using {ONE} as s on (t.id >= s.id) {UPDATES}",
            [(1, "a"), (2, "x"), (3, "x")],
        ),
        (
            "update gold.changed set name = s.name from gold.doubled as s"
            " where s.id = changed.id and s.name = 'y'",
            [(1, "a"), (2, "y"), (3, "c")],
        ),
        ("update gold.changed set name = 'x' where id in (select id from gold.doubled)",
         [(1, "a"), (2, "x"), (3, "c")]),
        ("delete from gold.changed using gold.doubled as s where changed.id = s.id and s.name = 'x'",
         [(1, "a"), (3, "c")]),
    ],
)  # fmt: skip
def test_every_other_change_is_made(
    engine: ReflectedEngine, sql: str, rows: list[tuple[object, ...]]
) -> None:
    engine.outcome(sql)
    assert now(engine) == rows


@pytest.fixture
def typed(engine: ReflectedEngine) -> Iterator[str]:
    """A table with a row, whose columns have types that other values become."""
    engine.run(
        "create table gold.typed (i int, l bigint, b boolean, s varchar)",
        "insert into gold.typed values (1, 1, true, 'a')",
    )
    yield "gold.typed"
    engine.run("drop table gold.typed")


@pytest.mark.parametrize(
    ("change", "row"),
    [
        ("insert into {t} values (' 2 ', '3', '0', 1e7)", (2, 3, False, "1.0E7")),
        ("insert into {t} values row('2', 2.5e0, 'true', timestamp '2025-01-31 10:00:00')",
         (2, 3, True, "2025-01-31 10:00:00.000")),
        ("insert into {t} (s, i) select time '10:00:00', '2'", (2, None, None, "10:00:00.000")),
        ("insert into {t} (i) with w as (select '2' as a) select a from w", (2, None, None, None)),
        ("update {t} set i = '2', b = 'false', s = 1e-5 where i = 1", (2, 1, False, "1.0E-5")),
        ("update {t} set i = s.k from (select 1.5e0 as k) as s", (2, 1, True, "a")),
        ("update {t} set i = (select max('2') from gold.doubled)", (2, 1, True, "a")),
        ("insert into {t} (i, s) select '2', max(id) * 1e7 from gold.doubled where id < 3",
         (2, None, None, "2.0E7")),
        ("merge into {t} using (select '2' as k) as s on (typed.i = 1) when matched then update set i = s.k",
         (2, 1, True, "a")),
        ("merge into {t} using (select '2' as k) as s on (typed.i = 9) when not matched then insert (i, s)"
         " values (s.k, 1e8)", (2, None, None, "1.0E8")),
    ],
)  # fmt: skip
def test_a_value_is_cast_to_its_columns_type(
    engine: ReflectedEngine, typed: str, change: str, row: tuple[object, ...]
) -> None:
    engine.run(change.format(t=typed))
    assert engine.rows(f"select * from {typed} where i = 2") == [row]


@pytest.mark.parametrize(
    "change",
    [
        "insert into {t} (i) values ('1.7')",
        "insert into {t} (b) values ('yes')",
        "insert into {t} (i) select s from {t}",
        "update {t} set l = '1e3'",
        "merge into {t} using (select '0x1' as k) as s on (typed.i = 1) when matched then update set i = s.k",
        "create table gold.untyped (i bigint, b boolean) as select '1.7', 'true'",
    ],
)
def test_a_text_that_is_no_value_of_the_column_is_refused(
    engine: ReflectedEngine, typed: str, change: str
) -> None:
    with pytest.raises(InvalidStatement, match=r"Failed to cast the string|Invalid value for boolean"):
        engine.run(change.format(t=typed))
    assert engine.rows(f"select * from {typed}") == [(1, 1, True, "a")]


def test_a_new_table_casts_its_query_to_its_types(engine: ReflectedEngine) -> None:
    engine.run("create table gold.declared (a bigint, b, c varchar(3)) as select '12', 1, 'abcdef'")
    assert engine.rows("select * from gold.declared") == [(12, 1, "abc")]
