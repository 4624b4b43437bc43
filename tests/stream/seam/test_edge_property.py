"""Whatever happens around the edge, the unified view shows every order exactly once, in its newest version.

Random histories (seeded) are played on a model in plain Python and on the real tables; after each step the
view's rows are compared with the model's. The same histories must catch every fault in `mutants`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined

from lakehouse.platform import sql_files
from lakehouse.stream import hot
from tests.stream.seam.edge_history import FIRST_DATE, Batch, ChosenHistory, History, RandomHistory
from tests.stream.seam.edge_lake import EdgeLake, expected, view_query
from tests.stream.seam.edge_model import World
from tests.stream.seam.mutants import MERGE_MUTANTS, VIEW_MUTANTS, Mutant

SEEDS = (3,)
MERGE = "dremio/stream/merge_batch.sql"


@dataclass
class Seen:
    """What the histories have shown."""

    wrong: list[str] = field(default_factory=list)
    """Where the view was not as the model."""
    caught: dict[str, str] = field(default_factory=dict)
    """Where each fault of the view was seen first."""
    compared: int = 0
    sides: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def seen(lake: EdgeLake) -> Seen:
    """The view and all its mutants, looked at after each step of every history."""
    done = Seen()
    for history in histories():
        for where in played(lake, history):
            wanted = expected(history.world)
            shown = lake.shown()
            done.compared += len(wanted)
            done.sides |= {row[-1] for row in wanted}
            if shown != wanted:
                done.wrong.append(f"{where}: {difference(shown, wanted)}")
            for mutant in VIEW_MUTANTS:
                if mutant.name not in done.caught and lake.shown(mutant.of(view_query())) != wanted:
                    done.caught[mutant.name] = where
    return done


def test_the_view_shows_every_order_once_and_its_newest_version_after_every_step(seen: Seen) -> None:
    assert seen.wrong == []
    assert seen.compared > 150
    assert seen.sides == {"hot", "cold"}


@pytest.mark.parametrize("mutant", VIEW_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_fault_in_the_view_is_caught(seen: Seen, mutant: Mutant) -> None:
    assert mutant.name in seen.caught


@pytest.mark.parametrize("mutant", MERGE_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_fault_in_the_merge_is_caught(
    lake: EdgeLake, mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = mutant.of(sql_files.read_sql(MERGE))

    def render_mutant(name: str, values: Mapping[str, Any]) -> str:
        if name != MERGE:
            return sql_files.render_sql(name, values)
        return Environment(undefined=StrictUndefined).from_string(merge).render(**values).strip()

    monkeypatch.setattr(hot, "render_sql", render_mutant)
    assert any(
        lake.shown() != expected(history.world) for history in histories() for _ in played(lake, history)
    )


def test_a_table_that_is_read_again_replaces_what_only_gold_had(lake: EdgeLake) -> None:
    """A truncation and all rows, at one position and in one batch, delivered twice."""
    world = World()
    world.place(1, FIRST_DATE, Decimal(1), "completed")
    world.place(2, FIRST_DATE, Decimal(2), "completed")
    world.deliver(world.log)
    world.extract(FIRST_DATE)
    world.publish(FIRST_DATE)
    world.move_edge()
    lake.begin(world)
    assert [row[-1] for row in lake.shown()] == ["cold", "cold"]
    world.delete(2)
    world.read_again()
    for _ in range(2):
        records = tuple(each for each in world.log if each.lsn == world.log[-1].lsn)
        world.deliver(records)
        lake.do(Batch(records), world)
        assert lake.shown() == expected(world)
        assert [(row[0], row[-1]) for row in lake.shown()] == [(1, "hot")]


def test_the_model_itself_agrees_with_the_shop_once_the_stream_has_caught_up() -> None:
    """The model of the view uses the edge; the shop's own rows do not. No order may vanish on the way."""
    for seed, history in enumerate([ChosenHistory(), *map(RandomHistory, range(200))]):
        for _ in history.steps():
            assert history.world.must_be_shown() <= history.world.unified().keys(), seed
        shown = {key: order for key, (order, _) in history.world.unified().items()}
        assert history.world.undelivered() == [], seed
        assert shown == history.world.truth(), seed


def histories() -> list[History]:
    """Those that are played on the lake."""
    return [ChosenHistory(), *map(RandomHistory, SEEDS)]


def played(lake: EdgeLake, history: History) -> Iterator[str]:
    """After each step, when the lake is as far as the model, the words that say where."""
    lake.begin(history.world)
    yield f"{history}, the beginning"
    for number, step in enumerate(history.steps()):
        lake.do(step, history.world)
        yield f"{history}, step {number} ({type(step).__name__}, {history.world.edge})"


def difference(shown: list[tuple[Any, ...]], wanted: list[tuple[Any, ...]]) -> str:
    """The rows that only one of them has."""
    return f"shown {sorted(set(shown) - set(wanted))}, wanted {sorted(set(wanted) - set(shown))}"
