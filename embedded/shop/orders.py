"""Orders and their shipments. Everything that will ever happen to an order is decided when it is placed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from embedded.shop.calendar import MICROSECONDS_PER_DAY, Calendar
from embedded.shop.chance import Bools, Floats, Ints
from embedded.shop.columns import NEVER, cents, texts, timestamps
from embedded.shop.customers import Customers
from embedded.shop.products import Assortment
from embedded.shop.words import CARRIERS

ORDER_STATUSES = ("pending", "completed", "cancelled", "refunded")
SHIPMENT_STATUSES = ("in_transit", "delivered", "returned")

LONGEST_LIFE_DAYS = 130
"""No order and no shipment changes later than this many days after the order was placed (a test checks it).
"""

Days: TypeAlias = tuple[float, float]

_SETTLED_WITHIN: tuple[tuple[float, Days], ...] = (
    (0.70, (0.001, 0.15)),  # paid by card: minutes to hours
    (0.28, (0.15, 3.0)),  # bank transfer
    (0.02, (20.0, 80.0)),  # invoice, settled weeks later
)
_CANCELLED_SHARE = 0.055
_REFUNDED_SHARE, _REFUNDED_AFTER = 0.04, (3.0, 40.0)
_CORRECTED_SHARE, _CORRECTED_AFTER = 0.01, (10.0, 100.0)
_DELETED_SHARE, _DELETED_AFTER = 0.006, (0.5, 60.0)
_SHIPPED_AFTER, _DELIVERED_AFTER, _RETURNED_AFTER = (0.15, 3.0), (1.0, 9.0), (0.5, 5.0)


@dataclass(frozen=True)
class Orders:
    """A range of orders and all that happens to them; moments are microseconds since 1970, or NEVER."""

    calendar: Calendar
    first_id: int
    last_id: int

    @cached_property
    def ids(self) -> Ints:
        return np.arange(self.first_id, self.last_id + 1, dtype=np.int64)

    @cached_property
    def created(self) -> Ints:
        return self.calendar.order_moments(self.ids)

    @cached_property
    def settled(self) -> Ints:
        """When payment was decided: completed, or cancelled."""
        kind = self.calendar.chance.choice("settled", self.ids, [share for share, _ in _SETTLED_WITHIN])
        draw = self.calendar.chance.uniform("settled after", self.ids)
        low = np.array([days[0] for _, days in _SETTLED_WITHIN])[kind]
        high = np.array([days[1] for _, days in _SETTLED_WITHIN])[kind]
        return self.created + _days(low + (high - low) * draw)

    @cached_property
    def cancelled(self) -> Bools:
        return self.calendar.chance.happens("cancelled", self.ids, _CANCELLED_SHARE)

    @cached_property
    def refunded(self) -> Ints:
        return self._later("refunded", _REFUNDED_SHARE, _REFUNDED_AFTER, self.settled, ~self.cancelled)

    @cached_property
    def corrected(self) -> Ints:
        """When customer service changed the quantity: these are late updates of old rows."""
        return self._later("corrected", _CORRECTED_SHARE, _CORRECTED_AFTER, self.created, ~self.cancelled)

    @cached_property
    def deleted(self) -> Ints:
        """When the order was marked as deleted (fraud, test orders); nothing happens to it afterwards."""
        return self._later(
            "deleted", _DELETED_SHARE, _DELETED_AFTER, self.created, np.ones(len(self.ids), dtype=np.bool_)
        )

    @cached_property
    def shipped(self) -> Ints:
        moment = self._later("shipped", 1.0, _SHIPPED_AFTER, self.settled, ~self.cancelled)
        return np.where(moment < self.deleted, moment, NEVER)

    @cached_property
    def delivered(self) -> Ints:
        return self._later("delivered", 1.0, _DELIVERED_AFTER, self.shipped, self.shipped != NEVER)

    @cached_property
    def returned(self) -> Ints:
        """When a refunded order's parcel came back."""
        happens = (self.refunded < self.deleted) & (self.delivered != NEVER)
        return self._later(
            "returned", 0.7, _RETURNED_AFTER, np.maximum(self.refunded, self.delivered), happens
        )

    def rows_changed(self, since: int, until: int) -> pa.Table:
        """Order rows as of `until` whose last change is not before `since`."""
        placed = self.created < until
        gone = placed & (self.deleted < until)
        horizon = np.where(gone, self.deleted, until)
        corrected = self.corrected < horizon
        settled = self.settled < horizon
        refunded = self.refunded < horizon
        updated = self.created
        for happened, moment in (
            (settled, self.settled),
            (refunded, self.refunded),
            (corrected, self.corrected),
            (gone, self.deleted),
        ):
            updated = np.where(happened, np.maximum(updated, moment), updated)
        status = np.where(refunded, 3, np.where(settled, np.where(self.cancelled, 2, 1), 0))
        return self._rows(placed & (updated >= since), status, corrected, gone, updated)

    def _rows(self, keep: Bools, status: Ints, corrected: Bools, gone: Bools, updated: Ints) -> pa.Table:
        chance, ids, created = self.calendar.chance, self.ids[keep], self.created[keep]
        day_numbers = self.calendar.order_days(ids)
        assortment = Assortment(self.calendar)
        product = assortment.pick(ids, day_numbers, created)
        price = assortment.prices(product, created)
        ordered = 1 + chance.choice("quantity", ids, [62.0, 20.0, 8.0, 5.0, 2.0, 2.0, 0.6, 0.4])
        quantity = np.where(corrected[keep], np.where(ordered == 1, 2, ordered - 1), ordered)
        return pa.table(
            {
                "order_id": ids,
                "customer_id": Customers(self.calendar).pick(ids, day_numbers, created),
                "product_id": product,
                "order_date": timestamps(created // MICROSECONDS_PER_DAY * MICROSECONDS_PER_DAY).cast(
                    pa.date32()
                ),
                "quantity": quantity.astype(np.int32),
                "unit_price": cents(price),
                "amount": cents(price * quantity),
                "status": texts(ORDER_STATUSES, status[keep]),
                "created_at": timestamps(created),
                "updated_at": timestamps(updated[keep]),
                "deleted_at": timestamps(self.deleted[keep], absent=~gone[keep]),
            }
        )

    def shipments_changed(self, since: int, until: int) -> pa.Table:
        """Shipment rows as of `until` whose last change is not before `since`."""
        delivered, returned = self.delivered < until, self.returned < until
        updated = np.where(returned, self.returned, np.where(delivered, self.delivered, self.shipped))
        keep = (self.shipped < until) & (updated >= since)
        ids = self.ids[keep]
        status = np.where(returned, 2, np.where(delivered, 1, 0))[keep]
        return pa.table(
            {
                "shipment_id": ids * 10 + 1,  # parcel 1 of the order
                "order_id": ids,
                "carrier": texts(CARRIERS, self.calendar.chance.choice("carrier", ids, [4.0, 3.0, 2.0, 1.0])),
                "status": texts(SHIPMENT_STATUSES, status),
                "shipped_at": timestamps(self.shipped[keep]),
                "delivered_at": timestamps(self.delivered[keep], absent=~delivered[keep]),
                "updated_at": timestamps(updated[keep]),
            }
        )

    def _later(self, purpose: str, share: float, days: Days, moment: Ints, possible: Bools) -> Ints:
        chance = self.calendar.chance
        happens = possible & chance.happens(purpose, self.ids, share)
        return np.where(happens, moment + _days(chance.between(f"{purpose} after", self.ids, *days)), NEVER)


def _days(days: Floats) -> Ints:
    return (days * MICROSECONDS_PER_DAY).astype(np.int64)
