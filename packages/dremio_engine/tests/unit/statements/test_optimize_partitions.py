"""OPTIMIZE TABLE .. FOR PARTITIONS rewrites the partitions that the condition chooses, and no row changes."""

from collections.abc import Iterator

import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.errors import EngineError

OPTIMIZE = "optimize table gold.parts rewrite data using bin_pack (min_input_files = 2) for partitions"


@pytest.fixture(autouse=True)
def parts(engine: ReflectedEngine) -> Iterator[None]:
    """Three partitions of two files each."""
    engine.run("create table gold.parts (k varchar, d date, n int) partition by (k, d)")
    for n in (1, 2):
        engine.run(
            f"insert into gold.parts values ('a', date '2020-01-01', {n}), ('b', date '2021-01-01', {n}),"
            f" (null, date '2021-01-01', {n})"
        )
    yield
    engine.run("drop table gold.parts")


def files(engine: ReflectedEngine) -> int:
    [(number,)] = engine.rows("select count(*) from table(table_files('gold.parts'))")
    return int(number)


@pytest.mark.parametrize(
    ("condition", "counts"),
    [
        ("k = 'a'", (2, 0, 1)),
        ("d >= date '2021-01-01'", (4, 0, 2)),
        ("d >= date '2021-01-01' and k is null", (2, 0, 1)),
        ("k like 'b%' or k in ('a')", (4, 0, 2)),
        ("k = 'nobody'", (0, 0, 0)),
    ],
)
def test_chosen_partitions_are_rewritten(
    engine: ReflectedEngine, condition: str, counts: tuple[int, ...]
) -> None:
    rows = engine.rows("select * from gold.parts order by k, n")
    assert engine.rows(f"{OPTIMIZE} {condition}") == [counts]
    assert files(engine) == 6 - counts[0] + counts[2]
    assert engine.rows("select * from gold.parts order by k, n") == rows


def test_a_partition_with_fewer_files_than_asked_for_stays(engine: ReflectedEngine) -> None:
    assert engine.rows("optimize table gold.parts for partitions k = 'a'") == [(0, 0, 0)]


def test_deleted_rows_are_rewritten_whatever_the_number_of_files(engine: ReflectedEngine) -> None:
    engine.run(
        "insert into gold.parts values ('a', date '2020-01-01', 3), ('a', date '2020-01-01', 4)",
        "delete from gold.parts where n = 3",
    )
    assert engine.rows("optimize table gold.parts for partitions k = 'a'") == [(3, 1, 1)]
    assert engine.rows("select n from gold.parts where k = 'a' order by n") == [(1,), (2,), (4,)]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ("n = 1", "only supported on the partition columns - ['n']"),
        ("k::varchar = 'a'", 'Encountered "::"'),
        ("k = 'a' limit 1", 'Encountered "limit"'),
    ],
)
def test_a_condition_that_chooses_no_partitions_is_refused(
    engine: ReflectedEngine, condition: str, reason: str
) -> None:
    with pytest.raises(EngineError) as refused:
        engine.outcome(f"{OPTIMIZE} {condition}")
    assert reason in refused.value.message
    assert files(engine) == 6


def test_partitions_by_a_transform_are_refused_by_name(engine: ReflectedEngine) -> None:
    engine.run("create table gold.monthly (d date) partition by (month(d))")
    with pytest.raises(EngineError, match=r"made by a transform: \[d\]"):
        engine.outcome("optimize table gold.monthly for partitions d > date '2020-01-01'")
    engine.run("drop table gold.monthly")
