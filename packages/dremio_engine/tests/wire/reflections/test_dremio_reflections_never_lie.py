"""Whatever the tables, reflections, queries and changes: reflections do not change an answer."""

import itertools
import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from tests.support.engine_with_reflections import ReflectedEngine, same_rows, without
from tests.wire.reflections.random_queries import (
    TYPES,
    Query,
    changes,
    queries,
    reflections,
    rows,
    views,
)

from dremio_engine.errors import EngineError

NUMBERS = itertools.count()
SEEN: Counter[str] = Counter()
# More of them: DREMIO_REFLECTION_EXAMPLES=200. Each takes about a second on a core of its own.
EXAMPLES = int(os.environ.get("DREMIO_REFLECTION_EXAMPLES", "12"))
LEAST_SHARE = 0.2


def compare(engine: ReflectedEngine, sql: str) -> None:
    """The same names, types and rows, or the same refusal."""
    try:
        plain = engine.table(without(sql))
    except EngineError:
        with pytest.raises(EngineError):
            engine.table(sql)
        SEEN["refused"] += 1
        return
    outcome = engine.outcome(sql)
    used = [r for r in outcome.relationships if r.relationship == "CHOSEN"]
    SEEN["answered"] += 1
    SEEN["accelerated"] += bool(used)
    assert same_rows(outcome.table, plain), (
        f"{sql}\non:  {outcome.table.to_pylist()}\noff: {plain.to_pylist()}"
    )


@given(st.data())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
def test_a_query_has_the_same_answer_with_and_without_reflections(
    engine: ReflectedEngine, data: st.DataObject
) -> None:
    number = next(NUMBERS)
    table, view = f"gold.t{number}", f"space.v{number}"
    engine.run(
        f"create table {table} ({', '.join(f'{n} {t}' for n, t in TYPES.items())})",
        f"insert into {table} values {data.draw(rows())}",
        f"create view {view} as {data.draw(views).replace('{table}', table)}",
    )
    for index in range(data.draw(st.integers(2, 3))):
        on = data.draw(st.sampled_from([table, table, view]))
        sql = f"alter {'view' if on == view else 'table'} {on} create {data.draw(reflections())}"
        note(sql)
        engine.run(sql.replace("{name}", f"r{index}"))
    engine.wait()
    for _ in range(3):
        for query in data.draw(st.lists(queries, min_size=4, max_size=6)):
            checked: Query = query
            compare(engine, checked.over(data.draw(st.sampled_from([table, table, view]))))
        change = data.draw(changes()).replace("{table}", table)
        note(change)
        engine.run(change)
        if data.draw(st.integers(0, 3)):  # else the next queries meet reflections that are stale
            engine.refresh(table)
    engine.run(f"drop view {view}", f"drop table {table}")


def test_a_good_share_of_those_queries_was_accelerated() -> None:
    assert SEEN["answered"] >= 12 * EXAMPLES, SEEN
    assert SEEN["accelerated"] > LEAST_SHARE * SEEN["answered"], SEEN
