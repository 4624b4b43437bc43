"""The check of the seam sees what is wrong, and nothing where all is right, wherever night and stream are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from lakehouse.stream.seam_record import Difference, OrderDifference, Side
from tests.stream.seam.edge_history import CaughtUp, ChosenHistory, History, RandomHistory
from tests.stream.seam.edge_lake import EdgeLake, view_query
from tests.stream.seam.edge_model import World
from tests.stream.seam.mutants import VIEW_MUTANTS
from tests.stream.seam.settled_world import TODAY


def test_nothing_differs_along_the_chosen_history(lake: EdgeLake) -> None:
    assert compared(lake, ChosenHistory(), every=3) > 30


def test_nothing_differs_now_and_then_in_a_random_history(lake: EdgeLake) -> None:
    assert compared(lake, RandomHistory(3), every=6) > 10


def compared(lake: EdgeLake, history: History, every: int) -> int:
    """Check at every so many steps; how many orders were compared."""
    world = history.world
    lake.begin(world)
    orders, landed = 0, None
    for number, step in enumerate(history.steps()):
        lake.do(step, world)
        if number % every and not isinstance(step, CaughtUp):
            continue
        # A night's bronze is written once, unless it has landed more since.
        before, landed = landed, [(night.business_date, len(night.landed)) for night in world.nights.values()]
        if landed != before:
            lake.write_bronze(world)
        found = lake.comparison(world).compare()
        assert (found.differences, found.samples) == (0, ()), f"step {number}: {step}, {world.edge}"
        assert found.orders == len(world.unified())
        orders += found.orders
    return orders


def test_a_check_of_the_days_around_the_edge_leaves_out_older_ones(lake: EdgeLake, world: World) -> None:
    since = world.edge.business_date - timedelta(days=2)
    young = [each for each, _ in world.unified().values() if each.order_date >= since]
    found = lake.comparison(world, since).compare()
    assert found.differences == 0
    assert 0 < found.orders == len(young) < len(world.unified())


FAULTS = {
    "late changes are not looked at": (1, Difference.CHANGED, Side.COLD),
    "a deletion that gold cannot see is forgotten": (2, Difference.UNEXPECTED, Side.COLD),
    "both sides are shown": (1, Difference.DOUBLED, Side.BOTH),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_view_is_told_with_day_key_and_side(lake: EdgeLake, world: World, name: str) -> None:
    [mutant] = [each for each in VIEW_MUTANTS if each.name == name]
    lake.serve(mutant.of(view_query()))
    order_id, kind, side = FAULTS[name]
    found = lake.comparison(world).compare()
    [sample] = [each for each in found.samples if each.order_id == order_id]
    assert (sample.kind, sample.side) == (kind, side)
    assert sample.order_date in [day.order_date for day in found.days]
    assert found.differences >= len(found.samples) >= 1


def test_an_order_that_the_hot_side_has_lost_is_missing_there(lake: EdgeLake, world: World) -> None:
    lake.lose_hot(22)
    found = lake.comparison(world).compare()
    assert found.samples == (
        OrderDifference(22, TODAY + timedelta(days=1), Side.HOT, Difference.MISSING, found.samples[0].detail),
    )
    assert found.samples[0].detail["amount"]["shown"] is None
    [day] = found.days
    assert (day.expected_orders, day.shown_orders) == (1, 0)
    assert (day.expected_revenue, day.shown_revenue) == (Decimal("22.00"), Decimal("0.00"))


def test_what_gold_has_lost_or_changed_is_found_on_the_cold_side(lake: EdgeLake, world: World) -> None:
    del world.gold[20]
    world.gold[4] = replace(world.gold[4], amount=Decimal(1))
    lake.publish_gold(world)
    found = {each.order_id: each for each in lake.comparison(world).compare().samples}
    assert found[20].kind is Difference.MISSING
    assert found[20].side is Side.COLD
    assert (found[4].kind, found[4].side) == (Difference.CHANGED, Side.COLD)
    assert set(found[4].detail) == {"amount"}


def test_daily_revenue_must_be_the_sum_of_the_orders(lake: EdgeLake, world: World) -> None:
    lake.serve_revenue("select order_date, orders_count, daily_revenue + 1 as daily_revenue from ({})")
    found = lake.comparison(world).compare()
    assert found.samples == ()
    assert {day.order_date for day in found.days} == {each.order_date for each, _ in world.unified().values()}
    assert all(day.shown_revenue - day.expected_revenue == 1 for day in found.days)


def test_a_day_that_went_cold_is_audited_against_what_the_stream_had(lake: EdgeLake, world: World) -> None:
    [day] = [
        each for each in lake.comparison(world, TODAY - timedelta(days=1)).audit() if each.order_date == TODAY
    ]
    assert day.is_equal
    assert (day.streamed_orders, day.audited_orders) == (1, 1)


def test_what_the_stream_had_missed_of_a_day_is_counted(lake: EdgeLake, world: World) -> None:
    """Gold has an order that the stream never brought, another amount for one, and lacks one."""
    lake.forget_in_stream_bronze(world, 20)
    yesterday = TODAY - timedelta(days=1)
    audits = {each.order_date: each for each in lake.comparison(world, yesterday).audit()}
    assert audits[yesterday].missed_by_the_stream == 1
    assert audits[yesterday].example_order_id == 20
    assert audits[yesterday].audited_revenue - audits[yesterday].streamed_revenue == 20
    assert not audits[yesterday].is_equal
