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
