"""Random histories around the edge: each step changes the model, and says what to do to the lake."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tests.stream.seam.edge_model import Record, World

FIRST_DATE = date(2026, 3, 28)
"""The day before the clocks go forward in Europe: the second night is that of a day of 23 hours."""
NEAR_THE_EDGE = (-30, -2, -1, -1, 0, 0, 0, 1)
"""Days from the next business date on which orders are placed, and to which they are moved."""
STATUSES = ("completed", "completed", "pending", "cancelled")
ORDERS = 24
ROUNDS = 8


@dataclass(frozen=True)
class Batch:
    """Records that the stream merges, in this order."""

    records: tuple[Record, ...]


@dataclass(frozen=True)
class Published:
    """Gold has become what the model's is."""


@dataclass(frozen=True)
class EdgeMoved:
    """The edge has become what the model's is."""


@dataclass(frozen=True)
class CaughtUp:
    """The stream has merged everything that there is."""


Step = Batch | Published | EdgeMoved | CaughtUp


class History:
    """One history. It begins with orders that gold has and the hot side no longer: they were published and
    pruned long ago."""

    def __init__(self) -> None:
        self.world = World()
        self._today = FIRST_DATE
        before = FIRST_DATE - timedelta(days=1)
        for order_id in range(1, ORDERS // 2):
            day = FIRST_DATE - timedelta(days=(1, 2, 40)[order_id % 3])
            self.world.place(order_id, day, Decimal(order_id), STATUSES[order_id % len(STATUSES)])
        self.world.deliver(self.world.log)
        self.world.extract(before)
        self.world.publish(before)
        self.world.move_edge()

    def steps(self) -> Iterator[Step]:
        """What happens, in order; the model is already what it must be after each step."""
        raise NotImplementedError

    def _batch(self, records: Sequence[Record]) -> Batch:
        self.world.deliver(records)
        return Batch(tuple(records))

    def _everything(self) -> Batch:
        return self._batch(self.world.undelivered())

    def _publish(self, business_date: date) -> Iterator[Step]:
        self.world.publish(business_date)
        yield Published()
        before = self.world.edge
        self.world.move_edge()
        if self.world.edge != before:
            yield EdgeMoved()


class ChosenHistory(History):
    """What happens seldom at random: rows on the edge itself, and positions that are equal."""

    def __str__(self) -> str:
        return "the chosen history"

    def steps(self) -> Iterator[Step]:
        world, edge = self.world, self.world.edge.business_date
        yesterday, tomorrow = edge - timedelta(days=1), edge + timedelta(days=1)
        # A newer change is delivered before an older one, and two of one order in one batch.
        world.place(20, edge, Decimal(20), "completed")
        world.change(20, amount=Decimal(21))
        newer_first = world.undelivered()
        yield self._batch(newer_first[1:])
        yield self._batch(newer_first[:1])
        world.place(21, yesterday, Decimal(30), "completed")
        world.change(21, amount=Decimal(31))
        yield self._batch(world.undelivered()[::-1])
        # Over the edge and back: by a late update, a hard and a soft deletion, and moves of the date.
        world.change(1, amount=Decimal(99))
        world.delete(2)
        world.delete_softly(4)
        world.change(5, order_date=tomorrow)
        world.change(20, order_date=yesterday)
        yield self._everything()
        # The night sees all but the hard deletion; last it sees an order on the new edge.
        world.place(22, tomorrow, Decimal(40), "completed")
        world.extract(edge)
        yield self._everything()
        yield from self._publish(edge)
        # A replay of an older night changes nothing; its date does not move the edge back.
        yield from self._publish(edge - timedelta(days=1))
        # The stream is behind: the next night sees an order of the day after come, and another move there.
        world.place(23, tomorrow + timedelta(days=1), Decimal(50), "completed")
        world.change(7, order_date=tomorrow + timedelta(days=1))
        world.extract(tomorrow)
        yield from self._publish(tomorrow)
        yield self._everything()
        # Only the stream knows two more orders.
        for order_id in (26, 27):
            world.place(order_id, tomorrow + timedelta(days=1), Decimal(order_id), "pending")
            yield self._everything()
        # Emptied: an order that was placed before it is delivered after it, and published later still.
        late = len(world.log)
        world.place(24, tomorrow, Decimal(60), "completed")
        world.extract(tomorrow + timedelta(days=1))
        world.truncate()
        world.place(25, edge, Decimal(70), "completed")
        yield self._batch([each for each in world.undelivered() if each.number != late])
        yield from self._publish(tomorrow + timedelta(days=1))
        yield self._everything()
        world.extract(tomorrow + timedelta(days=2))
        yield from self._publish(tomorrow + timedelta(days=2))
        # Read again, all rows at one position, which is also the position that the next night has seen.
        world.read_again()
        world.extract(tomorrow + timedelta(days=3))
        yield self._everything()
        yield from self._publish(tomorrow + timedelta(days=3))
        yield CaughtUp()


class RandomHistory(History):
    """Anything, in any order. The same seed makes the same one."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed
        self._random = random.Random(seed)

    def __str__(self) -> str:
        return f"the history of seed {self._seed}"

    def steps(self) -> Iterator[Step]:
        for _ in range(ROUNDS):
            for _ in range(self._random.randint(2, 6)):
                self._change_the_shop()
            yield from self._night()
            yield from self._stream()
        records = self.world.undelivered()
        self._random.shuffle(records)
        yield self._batch(records)
        yield CaughtUp()

    def _change_the_shop(self) -> None:
        world, chance = self.world, self._random.random()
        alive = sorted(world.orders)
        if not alive or chance < 0.35:
            order_id = self._random.randint(1, ORDERS)
            if order_id not in world.orders:
                world.place(order_id, self._day(), self._amount(), self._random.choice(STATUSES))
            return
        order_id = self._random.choice(alive)
        if chance < 0.55:
            world.change(order_id, amount=self._amount(), status=self._random.choice(STATUSES))
        elif chance < 0.75:
            world.change(order_id, order_date=self._day())
        elif chance < 0.82:
            world.delete_softly(order_id)
        elif chance < 0.85:
            world.change(order_id, deleted_at=None)
        elif chance < 0.95:
            world.delete(order_id)
        elif chance < 0.975:
            world.truncate()
        else:
            world.read_again()

    def _night(self) -> Iterator[Step]:
        world, chance = self.world, self._random.random()
        waiting = [each for each in sorted(world.nights) if not world.nights[each].is_published]
        if chance < 0.45:
            world.extract(self._today)
            self._today += timedelta(days=1)
        elif chance < 0.55:
            world.extract_again(self._random.choice(sorted(world.nights)))
        elif chance < 0.65 and waiting:
            world.stage(self._random.choice(waiting))
        elif chance < 0.75:
            world.publish(self._random.choice(sorted(world.nights)))
            yield Published()
        waiting = [each for each in sorted(world.nights) if not world.nights[each].is_published]
        if waiting and self._random.random() < 0.6:
            for business_date in waiting if self._random.random() < 0.7 else waiting[-1:]:
                world.publish(business_date)
            yield Published()
        if self._random.random() < 0.8:
            before = world.edge
            world.move_edge()
            if world.edge != before:
                yield EdgeMoved()

    def _stream(self) -> Iterator[Step]:
        waiting = self.world.undelivered()
        chance = self._random.random()
        if chance < 0.15 or not waiting:
            return
        taken = list(waiting) if chance < 0.6 else self._some(waiting)
        again = self._some(self.world.log) if self._random.random() < 0.3 else []
        records = self._with_what_follows(taken + again)
        if self._random.random() < 0.4:
            self._random.shuffle(records)
        yield self._batch(records)

    def _with_what_follows(self, records: list[Record]) -> list[Record]:
        """A truncation comes with all that was written after it. Before that, nobody can tell gold's orders
        that it removed from those that were placed since; the log's own order never leaves one in doubt."""
        emptied = max((each.number for each in records if each.order_id is None), default=None)
        if emptied is None:
            return records
        return records + [each for each in self.world.undelivered() if each.number > emptied]

    def _some(self, records: list[Record]) -> list[Record]:
        return [each for each in records if self._random.random() < 0.5]

    def _day(self) -> date:
        return self.world.edge.business_date + timedelta(days=self._random.choice(NEAR_THE_EDGE))

    def _amount(self) -> Decimal:
        return Decimal(self._random.randint(100, 99999)) / 100
