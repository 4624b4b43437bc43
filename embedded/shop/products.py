"""The assortment: prices move, products are discontinued, and later their rows are deleted for good."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from embedded.shop.calendar import DAYS_IN_FIRST_YEAR, MICROSECONDS_PER_DAY, OPENING_DAY, Calendar, end_of
from embedded.shop.chance import Bools, Ints
from embedded.shop.columns import NEVER, cents, texts, timestamps
from embedded.shop.words import CATEGORIES, PRODUCT_KINDS, PRODUCT_STYLES

_HOUR = MICROSECONDS_PER_DAY // 24


@dataclass(frozen=True)
class Assortment:
    """All products the shop ever has, by number; product ids are 1..`known_until(day)`."""

    calendar: Calendar

    @cached_property
    def _founding(self) -> int:
        return min(2000, max(40, self.calendar.orders_per_year // 500))

    def known_until(self, day: dt.date) -> int:
        """Products introduced by the end of the day, removed ones included."""
        return int(self._known(np.array([self.calendar.day_number(day)], dtype=np.int64))[0])

    def _known(self, day_numbers: Ints) -> Ints:
        """A quarter of the founding assortment is added each year, evenly."""
        return self._founding + np.maximum(day_numbers, 0) * self._founding // (4 * DAYS_IN_FIRST_YEAR)

    def created(self, ids: Ints) -> Ints:
        """When each product was introduced: before the opening hour of its day, microseconds since 1970."""
        added = np.maximum(ids - self._founding, 0)
        day_numbers = -(-added * 4 * DAYS_IN_FIRST_YEAR // self._founding)
        in_day = self.calendar.chance.between("product time", ids, 0, 6 * _HOUR).astype(np.int64)
        midnight = end_of(OPENING_DAY) - MICROSECONDS_PER_DAY
        return midnight + day_numbers * MICROSECONDS_PER_DAY + in_day

    def discontinued(self, ids: Ints) -> Ints:
        """When each product stopped being sold; NEVER for most. Every seventh product is evergreen."""
        chance = self.calendar.chance
        days = chance.between("discontinued after", ids, 30, 700)
        ends = chance.happens("discontinued", ids, 0.35) & (ids % 7 != 1)
        return np.where(ends, self.created(ids) + (days * MICROSECONDS_PER_DAY).astype(np.int64), NEVER)

    def removed(self, ids: Ints) -> Ints:
        """When each product's row is deleted: weeks after it was discontinued."""
        discontinued = self.discontinued(ids)
        days = self.calendar.chance.between("removed after", ids, 10, 60)
        later = discontinued + (days * MICROSECONDS_PER_DAY).astype(np.int64)
        return np.where(discontinued == NEVER, NEVER, later)

    def prices(self, ids: Ints, moments: Ints) -> Ints:
        """The price of each product at each moment, in cents."""
        chance = self.calendar.chance
        base = np.exp(chance.between("base price", ids, np.log(4.0), np.log(400.0)))
        changes = self._price_changes(ids, moments)
        factor = 0.88 + 0.3 * chance.uniform("price change", ids * 4096 + changes)
        return np.rint(base * np.where(changes == 0, 1.0, factor)).astype(np.int64) * 100 + 99

    def pick(self, numbers: Ints, day_numbers: Ints, moments: Ints) -> Ints:
        """The product each order is for: one on sale at that moment, popular ones more often."""
        known = self._known(day_numbers - 1)
        picked = np.ones(len(numbers), dtype=np.int64)
        open_ = np.ones(len(numbers), dtype=np.bool_)
        for attempt in range(12):
            draw = self.calendar.chance.uniform("product", numbers[open_], attempt)
            candidate = 1 + (known[open_] * draw**1.7).astype(np.int64)
            on_sale = self.discontinued(candidate) > moments[open_]
            positions = np.flatnonzero(open_)
            picked[positions[on_sale]] = candidate[on_sale]
            open_[positions[on_sale]] = False
            if not open_.any():
                break
        return picked  # after twelve attempts without a match it is product 1, which is evergreen

    def rows_changed(self, since: int, until: int) -> pa.Table:
        """Rows as of `until` whose last change is not before `since` (both in microseconds since 1970)."""
        ids = self._existing(until)
        updated = self._updated(ids, until)
        changed = updated >= since
        return self._rows(ids[changed], updated[changed], until)

    def ids_removed(self, since: int, until: int) -> Ints:
        """Products whose rows are deleted between the two moments."""
        ids = self._introduced(until)
        removed = self.removed(ids)
        return ids[(removed >= since) & (removed < until)]

    def ids_on_sale(self, until: int) -> Ints:
        """Products on sale at `until` (microseconds since 1970): introduced and not discontinued."""
        ids = self._introduced(until)
        return ids[self.discontinued(ids) >= until]

    def _introduced(self, until: int) -> Ints:
        day = dt.date(1970, 1, 1) + dt.timedelta(days=until // MICROSECONDS_PER_DAY)
        ids = np.arange(1, self.known_until(day) + 1, dtype=np.int64)
        return ids[self.created(ids) < until]

    def _existing(self, until: int) -> Ints:
        ids = self._introduced(until)
        return ids[self.removed(ids) >= until]

    def _period(self, ids: Ints) -> Ints:
        days = self.calendar.chance.between("price period", ids, 40, 220)
        return (days * MICROSECONDS_PER_DAY).astype(np.int64)

    def _price_changes(self, ids: Ints, moments: Ints) -> Ints:
        """How often the price had changed by then; a discontinued product keeps its last price."""
        sold_until = np.minimum(moments, self.discontinued(ids))
        return np.maximum(sold_until - self.created(ids), 0) // self._period(ids)

    def _updated(self, ids: Ints, until: int) -> Ints:
        last = np.full(len(ids), until - 1, dtype=np.int64)
        repriced = self.created(ids) + self._price_changes(ids, last) * self._period(ids)
        discontinued = self.discontinued(ids)
        return np.where(discontinued < until, discontinued, repriced)

    def _rows(self, ids: Ints, updated: Ints, until: int) -> pa.Table:
        chance = self.calendar.chance
        kinds = chance.choice("product kind", ids, [1.0] * len(PRODUCT_KINDS))
        styles = chance.choice("product style", ids, [1.0] * len(PRODUCT_STYLES))
        names = [
            f"{PRODUCT_STYLES[style]} {PRODUCT_KINDS[kind][0]} {number}"
            for style, kind, number in zip(styles, kinds, ids, strict=True)
        ]
        active: Bools = self.discontinued(ids) >= until
        last = np.full(len(ids), until - 1, dtype=np.int64)
        return pa.table(
            {
                "product_id": ids,
                "name": pa.array(names, pa.string()),
                "category": texts(CATEGORIES, np.array([PRODUCT_KINDS[kind][1] for kind in kinds], np.int64)),
                "unit_price": cents(self.prices(ids, last)),
                "active": active,
                "created_at": timestamps(self.created(ids)),
                "updated_at": timestamps(updated),
            }
        )
