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
