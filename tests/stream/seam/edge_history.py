"""Random histories around the edge: each step changes the model, and says what to do to the lake."""

from __future__ import annotations

import random
from collections.abc import Iterator
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
ROUNDS = 9


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
    """One history. The same seed makes the same one."""

    def __init__(self, seed: int) -> None:
        self.world = World(FIRST_DATE)
        self._random = random.Random(seed)
        self._today = FIRST_DATE

    def old_orders(self) -> None:
        """Orders that gold has and the hot side no longer: they were published and pruned long ago."""
        for order_id in range(1, ORDERS // 2):
            day = self._today - timedelta(days=self._random.choice((1, 2, 40)))
            self.world.place(order_id, day, self._amount(), self._random.choice(STATUSES))
        self.world.deliver(self.world.log)
        before = self._today - timedelta(days=1)
        self.world.extract(before)
        self.world.publish(before)
        self.world.move_edge()

    def steps(self) -> Iterator[Step]:
        """What happens, in order; the model is already what it must be after each step."""
        for _ in range(ROUNDS):
            for _ in range(self._random.randint(2, 6)):
                self._change_the_shop()
            yield from self._night()
            yield from self._stream()
        yield self._everything()
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
        elif chance < 0.96:
            world.delete(order_id)
        elif chance < 0.98:
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
        self.world.deliver(records)
        yield Batch(tuple(records))

    def _with_what_follows(self, records: list[Record]) -> list[Record]:
        """A truncation comes with all that was written after it. Before that, nobody can tell gold's orders
        that it removed from those that were placed since; the log's own order never leaves one in doubt."""
        emptied = max((each.number for each in records if each.order_id is None), default=None)
        if emptied is None:
            return records
        return records + [each for each in self.world.undelivered() if each.number > emptied]

    def _everything(self) -> Batch:
        records = self.world.undelivered()
        self._random.shuffle(records)
        self.world.deliver(records)
        return Batch(tuple(records))

    def _some(self, records: list[Record]) -> list[Record]:
        return [each for each in records if self._random.random() < 0.5]

    def _day(self) -> date:
        return self.world.edge.business_date + timedelta(days=self._random.choice(NEAR_THE_EDGE))

    def _amount(self) -> Decimal:
        return Decimal(self._random.randint(100, 99999)) / 100
