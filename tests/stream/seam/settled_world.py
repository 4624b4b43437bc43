"""A quiet moment: two nights are published, and each kind of change has come since."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.stream.seam.edge_history import FIRST_DATE, History
from tests.stream.seam.edge_lake import EdgeLake
from tests.stream.seam.edge_model import World

TODAY = FIRST_DATE
"""The last date that is published."""


class Settled(History):
    """Two published nights, and one change of each kind since."""

    def play(self, lake: EdgeLake) -> World:
        world = self.world
        lake.begin(world)
        world.place(20, TODAY - timedelta(days=1), Decimal(20), "completed")
        world.place(21, TODAY, Decimal(21), "completed")
        world.delete(2)
        lake.do(self._everything(), world)
        world.extract(TODAY)
        for step in self._publish(TODAY):
            lake.do(step, world)
        world.change(1, amount=Decimal(99))
        world.place(22, TODAY + timedelta(days=1), Decimal(22), "completed")
        lake.do(self._everything(), world)
        lake.write_bronze(world)
        return world
