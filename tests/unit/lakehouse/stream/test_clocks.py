"""How far two clocks are apart is found from outside, however slow the way to them is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.stream.clocks import look_at_clock, offset_between

START = datetime(2026, 3, 29, 0, 59, 58, tzinfo=UTC)
"""Two seconds before Europe's clocks are put forward: nothing here knows of time zones."""


class World:
    """Real time, which passes only while a server is asked."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return 1000.0 + self.passed


class Server:
    """Its clock is `ahead`; each question takes the next of these (there, back) seconds."""

    def __init__(self, world: World, ahead: float, trips: list[tuple[float, float]]) -> None:
        self._world = world
        self._ahead = ahead
        self._trips = iter(trips)
        self._said = START

    def execute(self, sql: str) -> None:
        assert "clock_timestamp" in sql
        there, back = next(self._trips)
        self._world.passed += there
        self._said = START + timedelta(seconds=self._world.passed + self._ahead)
        self._world.passed += back

    def fetchone(self) -> tuple[datetime]:
        return (self._said,)


@pytest.mark.parametrize("ahead", [0.0, 90.0, -3600.0, 0.25])
def test_equal_ways_there_and_back_give_the_very_offset(ahead: float) -> None:
    world = World()
    source = Server(world, ahead, [(0.1, 0.1)] * 3)
    platform = Server(world, 0.0, [(0.002, 0.002)] * 3)
    found = offset_between(look_at_clock(source, world.monotonic), look_at_clock(platform, world.monotonic))
    assert found.seconds == pytest.approx(ahead, abs=1e-6)
    assert found.error == pytest.approx(0.102, abs=1e-6)


def test_the_quickest_answer_is_believed() -> None:
    world = World()
    source = Server(world, 5.0, [(3.0, 0.0), (0.01, 0.01), (0.0, 2.0)])
    platform = Server(world, 0.0, [(0.01, 0.01)] * 3)
    found = offset_between(look_at_clock(source, world.monotonic), look_at_clock(platform, world.monotonic))
    assert found.seconds == pytest.approx(5.0, abs=1e-6)
    assert found.error == pytest.approx(0.02, abs=1e-6)


@pytest.mark.parametrize("trip", [(0.4, 0.0), (0.0, 0.4)])
def test_a_lopsided_way_is_wrong_by_no_more_than_the_error_that_is_told(trip: tuple[float, float]) -> None:
    world = World()
    source = Server(world, 7.0, [trip] * 3)
    platform = Server(world, 0.0, [(0.0, 0.0)] * 3)
    found = offset_between(look_at_clock(source, world.monotonic), look_at_clock(platform, world.monotonic))
    assert abs(found.seconds - 7.0) == pytest.approx(0.2)
    assert found.error == pytest.approx(0.2)


def test_what_happens_between_the_two_looks_does_not_matter() -> None:
    world = World()
    first = look_at_clock(Server(world, -2.0, [(0.01, 0.01)] * 3), world.monotonic)
    world.passed += 600
    second = look_at_clock(Server(world, 0.0, [(0.01, 0.01)] * 3), world.monotonic)
    assert offset_between(first, second).seconds == pytest.approx(-2.0, abs=1e-6)
