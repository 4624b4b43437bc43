"""Stock by warehouse: counts fall every day; a row disappears when sold out and returns with a delivery.

No column shows when a row changed, and rows are deleted for good: only the database's log has the changes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embedded.shop.calendar import Calendar, end_of
from embedded.shop.chance import Ints
from embedded.shop.columns import texts
from embedded.shop.products import Assortment
from embedded.shop.words import WAREHOUSES

_IDS_PER_PRODUCT = 8
"""Random numbers reserved per product, one per warehouse: at most this many warehouses."""
_CYCLES_PER_SHELF = 4096
_LONGEST_DELIVERY = 20
"""Days within which every delivery sells out."""


@dataclass(frozen=True)
class StockLevels:
    """The stock of every product on sale in every warehouse, as it stands at the end of a day.

    A delivery fills each shelf. The shelf is sold out after 6 to 20 days, and stays empty (without a row) for
    one to three days until the next delivery.
    """

    calendar: Calendar

    def rows_at(self, day: dt.date) -> pa.Table:
        """All rows at the end of the day, ordered by key."""
        products, warehouses = self._shelves(day)
        ids = products * _IDS_PER_PRODUCT + warehouses
        chance = self.calendar.chance
        stocked = chance.between("days of a delivery", ids, 6, _LONGEST_DELIVERY + 1).astype(np.int64)
        empty = chance.between("days without stock", ids, 1, 4).astype(np.int64)
        offset = chance.between("first delivery", ids, 0, 24).astype(np.int64)
        cycles, days = np.divmod(self.calendar.day_number(day) + offset, stocked + empty)
        deliveries = ids * _CYCLES_PER_SHELF + cycles
        delivered = chance.between("units delivered", deliveries, 20, 400).astype(np.int64)
        rows = pa.table(
            {
                "product_id": products,
                "warehouse": texts(WAREHOUSES, warehouses),
                "units_on_hand": _units(delivered - self._sold(deliveries, delivered, days)),
                "reorder_point": _units(delivered // 5),
            }
        )
        return rows.filter(pa.array(days < stocked))

    def rows_changed(self, since: dt.date | None, day: dt.date) -> pa.Table:
        """Rows that are new or different at the end of the day, compared with the end of `since` (None:
        compared with the time before the shop opened).
        """
        rows = self.rows_at(day)
        if since is None:
            return rows
        before = set(_tuples(self.rows_at(since)))
        return rows.filter(pa.array([row not in before for row in _tuples(rows)], pa.bool_()))

    def keys_removed(self, since: dt.date, day: dt.date) -> list[tuple[int, str]]:
        """Product and warehouse of the rows that exist at the end of `since` but not of the day."""
        kept = {row[:2] for row in _tuples(self.rows_at(day))}
        return [row[:2] for row in _tuples(self.rows_at(since)) if row[:2] not in kept]

    def _sold(self, deliveries: Ints, delivered: Ints, days: Ints) -> Ints:
        """Units sold from each delivery after that many days; something sells on two days out of five."""
        sold = np.zeros(len(deliveries), dtype=np.int64)
        for day in range(1, _LONGEST_DELIVERY):
            numbers = deliveries * 32 + day
            share = self.calendar.chance.between("share sold", numbers, 0.02, 0.2)
            sells = self.calendar.chance.happens("something sold", numbers, 0.4) & (day <= days)
            sold += np.where(sells, np.ceil(delivered * share), 0).astype(np.int64)
        return sold

    def _shelves(self, day: dt.date) -> tuple[Ints, Ints]:
        """Product ids and warehouse positions: every product on sale in every warehouse."""
        products = Assortment(self.calendar).ids_on_sale(end_of(day))
        each = len(WAREHOUSES)
        return np.repeat(products, each), np.tile(np.arange(each, dtype=np.int64), len(products))


def _units(numbers: Ints) -> pa.Array:
    return pa.array(np.maximum(numbers, 0).astype(np.int32))


def _tuples(rows: pa.Table) -> list[tuple]:
    return list(zip(*(column.to_pylist() for column in rows.columns), strict=True))
