"""What the unified view must show, in plain Python: a shop, its log, the stream, the nights and the edge.

Nothing here knows SQL, merges or the text of the view. The shop is a dictionary; every change of it has a
position in the log. A night reads what its cursor sees (a hard deletion and a truncation leave no row behind
to be seen). The stream delivers the log's records, in any order and more than once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

FIRST_MOMENT = datetime(2026, 3, 27, 12)
LONG_AGO = date(1, 1, 1)


@dataclass(frozen=True)
class Order:
    """One version of an order, as the shop has it."""

    order_id: int
    customer_id: int
    product_id: int
    order_date: date
    quantity: int
    amount: Decimal
    status: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True)
class Record:
    """A record of the log: a version of an order, its hard deletion (no version), a truncation (no key)."""

    number: int
    """Its own; a table that is read again brings many records of one position."""
    lsn: int
    order_id: int | None
    version: Order | None
    at: datetime


@dataclass(frozen=True)
class Edge:
    """Up to where gold has seen the shop: every business date before `business_date`, the log to `lsn`."""

    business_date: date = LONG_AGO
    lsn: int = 0


@dataclass
class Night:
    """What one business date landed, and where the log was just before."""

    business_date: date
    lsn: int
    landed: list[Order]
    is_published: bool = False


@dataclass
class World:
    """Everything at one moment. Methods that change the shop append to its log."""

    orders: dict[int, Order] = field(default_factory=dict)
    log: list[Record] = field(default_factory=list)
    delivered: set[int] = field(default_factory=set)
    """Numbers of the records that the stream has merged."""
    nights: dict[date, Night] = field(default_factory=dict)
    staged: dict[int, Order] = field(default_factory=dict)
    gold: dict[int, Order] = field(default_factory=dict)
    edge: Edge = field(default_factory=Edge)
    cursor: datetime = datetime.min
    ticks: int = 0

    # the shop

    def place(self, order_id: int, order_date: date, amount: Decimal, status: str) -> None:
        """A new order, or one whose key was used before."""
        at = self._tick()
        self._write(Order(order_id, 1 + order_id % 3, 1, order_date, 1, amount, status, at, at))

    def change(self, order_id: int, **fields: object) -> None:
        """An update of any columns."""
        self._write(replace(self.orders[order_id], updated_at=self._tick(), **fields))  # type: ignore[arg-type]

    def delete_softly(self, order_id: int) -> None:
        """The row stays and says when it was deleted."""
        at = self._tick()
        self._write(replace(self.orders[order_id], updated_at=at, deleted_at=at))

    def delete(self, order_id: int) -> None:
        """The row is gone."""
        at = self._tick()
        del self.orders[order_id]
        self._append(order_id, None, at)

    def truncate(self) -> None:
        """All rows are gone."""
        at = self._tick()
        self.orders.clear()
        self._append(None, None, at)

    def read_again(self) -> None:
        """The stream had lost its place: a truncation, and all rows behind it at the same position."""
        at = self._tick()
        lsn = self._lsn() + 8
        self._append(None, None, at, lsn)
        for order_id, version in self.orders.items():
            self._append(order_id, version, at, lsn)

    # the stream

    def undelivered(self) -> list[Record]:
        return [each for each in self.log if each.number not in self.delivered]

    def deliver(self, records: Iterable[Record]) -> None:
        """These have been merged, whatever their order, and even if they had been before."""
        self.delivered |= {each.number for each in records}

    # the nights

    def extract(self, business_date: date) -> None:
        """The night's cursor sync: all rows updated since the last one. A date that has landed is not read
        again."""
        if business_date not in self.nights:
            self.nights[business_date] = Night(business_date, self._lsn(), self._changed_rows())

    def extract_again(self, business_date: date) -> None:
        """A new sync is forced for a date that has landed: its rows are added."""
        night = self.nights[business_date]
        night.lsn = self._lsn()
        night.landed += self._changed_rows()
        night.is_published = False

    def publish(self, business_date: date) -> None:
        """The date's rows are merged, newest first, its tests pass, and gold shows all that is staged."""
        self.stage(business_date)
        self.nights[business_date].is_published = True
        self.gold = {key: each for key, each in self.staged.items() if each.deleted_at is None}

    def stage(self, business_date: date) -> None:
        """The date's rows are merged but its tests fail: gold stays as it was."""
        for row in self.nights[business_date].landed:
            held = self.staged.get(row.order_id)
            if held is None or row.updated_at >= held.updated_at:
                self.staged[row.order_id] = row

    def move_edge(self) -> None:
        """To the day after the last date that is published, and all that landed before it as well."""
        last = None
        for business_date in sorted(self.nights):
            if not self.nights[business_date].is_published:
                break
            last = self.nights[business_date]
        if last is not None and last.business_date + timedelta(days=1) >= self.edge.business_date:
            self.edge = Edge(last.business_date + timedelta(days=1), max(self.edge.lsn, last.lsn))

    # what must be seen

    def newest_delivered(self) -> dict[int, Record]:
        """For each key its record of the highest position; a deletion, too, if a truncation came later."""
        newest: dict[int, Record] = {}
        emptied = self._emptied_at()
        for record in self._delivered():
            if record.order_id is None:
                continue
            held = newest.get(record.order_id)
            if held is None or record.lsn > held.lsn:
                newest[record.order_id] = record
        return {
            key: replace(each, version=None) if each.lsn < emptied else each for key, each in newest.items()
        }

    def unified(self) -> dict[int, tuple[Order, str]]:
        """Every order exactly once, with the side it is on.

        What the stream has merged of an order stands if gold has not seen it yet, if it is a hard deletion
        or if its date is not before the edge. All else is gold's.
        """
        hot = self.newest_delivered()
        emptied = self._emptied_at()
        shown: dict[int, tuple[Order, str]] = {}
        for key in hot.keys() | self.gold.keys():
            version = hot[key].version if key in hot else None
            is_live = key in hot and (
                version is None
                or hot[key].lsn > self.edge.lsn
                or version.order_date >= self.edge.business_date
            )
            if is_live:
                if version is not None and version.deleted_at is None:
                    shown[key] = version, "hot"
            elif key in self.gold and emptied <= self.edge.lsn:
                shown[key] = self.gold[key], "cold"
        return shown

    def truth(self) -> dict[int, Order]:
        """What a reader of the shop itself sees."""
        return {key: each for key, each in self.orders.items() if each.deleted_at is None}

    def must_be_shown(self) -> set[int]:
        """Orders that are there at the stream's position and have been ever since: no view may lose one."""
        kept = set()
        for key, record in self.newest_delivered().items():
            later = [
                each
                for each in self.log
                if each.lsn > record.lsn
                and (each.order_id is None or (each.order_id == key and _is_gone(each.version)))
            ]
            if not later and not _is_gone(record.version):
                kept.add(key)
        return kept

    def _emptied_at(self) -> int:
        return max((each.lsn for each in self._delivered() if each.order_id is None), default=-1)

    def _delivered(self) -> Iterator[Record]:
        return (each for each in self.log if each.number in self.delivered)

    def _changed_rows(self) -> list[Order]:
        rows = [each for each in self.orders.values() if each.updated_at > self.cursor]
        self.cursor = max((each.updated_at for each in rows), default=self.cursor)
        return rows

    def _lsn(self) -> int:
        return self.log[-1].lsn if self.log else 0

    def _tick(self) -> datetime:
        self.ticks += 1
        return FIRST_MOMENT + timedelta(seconds=self.ticks)

    def _write(self, version: Order) -> None:
        self.orders[version.order_id] = version
        self._append(version.order_id, version, version.updated_at)

    def _append(
        self, order_id: int | None, version: Order | None, at: datetime, lsn: int | None = None
    ) -> None:
        self.log.append(Record(len(self.log), lsn or self._lsn() + 8, order_id, version, at))


def _is_gone(version: Order | None) -> bool:
    return version is None or version.deleted_at is not None
