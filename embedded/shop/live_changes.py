"""What happens in an open shop: orders come, change, move to another date and go, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

FIRST_ID: Final = 1_000_000_000
"""Orders and customers of the open shop are numbered from here: the dated shop never has as many."""
_MOST_REMEMBERED: Final = 50_000
"""Orders that can still change: older ones are left alone, so that memory does not grow."""


class Kind(StrEnum):
    """One change of one row."""

    INSERT = "inserted"
    STATUS = "new status"
    MOVE = "moved to another date"
    LATE = "late correction"
    SOFT_DELETE = "marked as deleted"
    HARD_DELETE = "deleted"
    NEW_CUSTOMER = "new customer"
    ADDRESS = "new address"


_SHARES: Final = {
    Kind.INSERT: 50,
    Kind.STATUS: 33,
    Kind.MOVE: 4,
    Kind.LATE: 3,
    Kind.SOFT_DELETE: 3,
    Kind.HARD_DELETE: 3,
    Kind.NEW_CUSTOMER: 2,
    Kind.ADDRESS: 2,
}
"""In percent. LATE changes an order of the dated shop, which the lake has in gold."""
_DAYS_AGO: Final = {0: 94, 1: 3, 2: 1, 3: 1, 8: 1}
"""An order's date, days before today, in percent: some are entered late."""
_MOVES: Final = (-3, -2, -1, 1, 2)
"""Days; never past today."""


@dataclass(frozen=True)
class NewOrder:
    order_id: int
    customer_id: int
    product_id: int
    days_ago: int
    quantity: int
    unit_price: str
    status: str


@dataclass
class Changes:
    """The changes of one transaction; no row is in it twice."""

    orders: list[NewOrder] = field(default_factory=list)
    statuses: dict[int, str] = field(default_factory=dict)
    moves: dict[int, int] = field(default_factory=dict)
    quantities: dict[int, int] = field(default_factory=dict)
    soft_deleted: list[int] = field(default_factory=list)
    hard_deleted: list[int] = field(default_factory=list)
    customers: list[int] = field(default_factory=list)
    addresses: dict[int, int] = field(default_factory=dict)
    """House number by customer."""

    def counts(self) -> dict[Kind, int]:
        """How many there are of each kind."""
        sizes = {
            Kind.INSERT: self.orders,
            Kind.STATUS: self.statuses,
            Kind.MOVE: self.moves,
            Kind.LATE: self.quantities,
            Kind.SOFT_DELETE: self.soft_deleted,
            Kind.HARD_DELETE: self.hard_deleted,
            Kind.NEW_CUSTOMER: self.customers,
            Kind.ADDRESS: self.addresses,
        }
        return {kind: len(rows) for kind, rows in sizes.items()}

    @property
    def total(self) -> int:
        """Rows that change."""
        return sum(self.counts().values())


@dataclass(frozen=True)
class ShopNow:
    """What the shop holds when it opens, in the order of the keys: a seed always means the same."""

    live_orders: Sequence[tuple[int, str]]
    """Number and status of those that can still change."""
    dated_orders: Sequence[int]
    customers: Sequence[int]
    products: Sequence[tuple[int, str]]
    """Number and price of those on sale."""
    next_order: int
    next_customer: int


class OpenShop:
    """Draws transactions one after the other; the same shop and seed give the same ones."""

    def __init__(self, seed: int, now: ShopNow) -> None:
        """Raises ValueError for a shop that has nothing to sell, or nobody to sell to."""
        self._random = random.Random(seed)  # noqa: S311  a shop is simulated, nothing is kept secret
        self.look_again(now)

    def look_again(self, now: ShopNow) -> None:
        """Go on with what the database really holds: it is not known whether a lost transaction counted."""
        if not now.products or not now.customers:
            raise ValueError("The shop has no products or no customers: run `bin/shop advance` first.")
        remembered = list(now.live_orders)[-_MOST_REMEMBERED:]
        self._status = dict(remembered)
        self._numbers = [number for number, _ in remembered]
        self._dated = list(now.dated_orders)
        self._customers = list(now.customers)
        self._products = list(now.products)
        self._next_order, self._next_customer = now.next_order, now.next_customer

    def next(self, size: int) -> Changes:
        """The next transaction, of so many changes."""
        changes = Changes()
        touched: set[int] = set()
        kinds = self._random.choices(list(_SHARES), list(_SHARES.values()), k=size)
        for kind in kinds:
            self._add(kind, changes, touched)
        # A row that was drawn twice changes once: orders make up for it.
        changes.orders += [self._order() for _ in range(size - changes.total)]
        for order in changes.orders:
            self._remember(order.order_id, order.status)
        self._customers.extend(changes.customers)
        return changes

    def _add(self, kind: Kind, changes: Changes, touched: set[int]) -> None:
        match kind:
            case Kind.NEW_CUSTOMER:
                changes.customers.append(self._next_customer)
                self._next_customer += 1
                return
            case Kind.ADDRESS:
                changes.addresses[self._random.choice(self._customers)] = self._random.randrange(1, 4000)
                return
            case Kind.LATE if self._dated:
                changes.quantities[self._random.choice(self._dated)] = self._random.randrange(1, 9)
                return
        position = None if kind in (Kind.INSERT, Kind.LATE) else self._position(touched)
        if position is None:
            changes.orders.append(self._order())
            return
        number = self._numbers[position]
        touched.add(number)
        match kind:
            case Kind.STATUS:
                self._status[number] = changes.statuses[number] = self._later(self._status[number])
            case Kind.MOVE:
                changes.moves[number] = self._random.choice(_MOVES)
            case Kind.SOFT_DELETE:
                changes.soft_deleted.append(number)
                self._forget(position)
            case Kind.HARD_DELETE:
                changes.hard_deleted.append(number)
                self._forget(position)

    def _order(self) -> NewOrder:
        product, price = self._random.choice(self._products)
        days_ago = self._random.choices(list(_DAYS_AGO), list(_DAYS_AGO.values()))[0]
        order = NewOrder(
            self._next_order,
            self._random.choice(self._customers),
            product,
            days_ago,
            self._random.choices((1, 2, 3, 4), (70, 20, 7, 3))[0],
            price,
            self._random.choices(("pending", "completed"), (60, 40))[0],
        )
        self._next_order += 1
        return order

    def _later(self, status: str) -> str:
        if status == "pending":
            return self._random.choices(("completed", "cancelled"), (90, 10))[0]
        return "refunded" if status == "completed" else "completed"

    def _position(self, touched: set[int]) -> int | None:
        """Where an order stands that this transaction has not changed yet."""
        for _ in range(4):
            if not self._numbers:
                return None
            position = self._random.randrange(len(self._numbers))
            if self._numbers[position] not in touched:
                return position
        return None

    def _remember(self, number: int, status: str) -> None:
        self._status[number] = status
        if len(self._numbers) < _MOST_REMEMBERED:
            self._numbers.append(number)
            return
        position = self._random.randrange(_MOST_REMEMBERED)
        del self._status[self._numbers[position]]
        self._numbers[position] = number

    def _forget(self, position: int) -> None:
        del self._status[self._numbers[position]]
        last = self._numbers.pop()
        if position < len(self._numbers):
            self._numbers[position] = last
