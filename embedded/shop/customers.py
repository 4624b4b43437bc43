"""Customers: they register, they move, and some are erased on request (GDPR)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from embedded.shop.calendar import MICROSECONDS_PER_DAY, Calendar
from embedded.shop.chance import Ints
from embedded.shop.columns import NEVER, timestamps
from embedded.shop.words import CITIES, FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, STREETS

_ERASED_SHARE = 0.02
_ERASED_AFTER_DAYS = (20.0, 600.0)
_DAYS_BETWEEN_MOVES = (150.0, 1500.0)


@dataclass(frozen=True)
class Customers:
    """All customers the shop ever has; ids are 1..`calendar.customers_until(day)`, by registration."""

    calendar: Calendar

    def erased(self, ids: Ints) -> Ints:
        """When each customer is erased, microseconds since 1970; NEVER for most."""
        chance = self.calendar.chance
        happens = chance.happens("erased", ids, _ERASED_SHARE) & (ids != 1)
        days = chance.between("erased after", ids, *_ERASED_AFTER_DAYS)
        return np.where(happens, self.calendar.customer_moments(ids) + _days(days), NEVER)

    def pick(self, numbers: Ints, day_numbers: Ints, moments: Ints) -> Ints:
        """Who places each order: loyal customers often, new ones too, erased ones never."""
        chance = self.calendar.chance
        known = self.calendar.customers_known_on(day_numbers)
        picked = np.ones(len(numbers), dtype=np.int64)
        open_ = np.ones(len(numbers), dtype=np.bool_)
        for attempt in range(8):
            ids, count = numbers[open_], known[open_]
            draw = chance.uniform("customer", ids, attempt)
            loyal = (count * draw**1.5).astype(np.int64)
            recent = count - 1 - (count // 12 * draw).astype(np.int64)
            candidate = 1 + np.where(chance.uniform("recent customer", ids, attempt) < 0.3, recent, loyal)
            present = self.erased(candidate) > moments[open_]
            positions = np.flatnonzero(open_)
            picked[positions[present]] = candidate[present]
            open_[positions[present]] = False
            if not open_.any():
                break
        return picked  # after eight attempts without a match it is customer 1, who is never erased

    def rows_changed(self, first_id: int, last_id: int, since: int, until: int) -> pa.Table:
        """Rows first_id..last_id as of `until` whose last change is not before `since`."""
        ids = np.arange(first_id, last_id + 1, dtype=np.int64)
        created, erased = self.calendar.customer_moments(ids), self.erased(ids)
        period = _days(self.calendar.chance.between("move period", ids, *_DAYS_BETWEEN_MOVES))
        moves = (np.minimum(until - 1, erased - 1) - created) // period
        updated = np.where(erased < until, erased, created + moves * period)
        changed = updated >= since
        return self._rows(
            ids[changed], created[changed], moves[changed], erased[changed] < until, updated[changed]
        )

    def _rows(self, ids: Ints, created: Ints, moves: Ints, gone: np.ndarray, updated: Ints) -> pa.Table:
        chance = self.calendar.chance
        first = chance.choice("first name", ids, [1.0] * len(FIRST_NAMES))
        last = chance.choice("last name", ids, [1.0] * len(LAST_NAMES))
        untidy = chance.choice("untidy entry", ids, [0.94, 0.03, 0.03])
        domain = chance.choice("mail domain", ids, [5.0, 2.0, 2.0, 1.0, 1.0])
        phone = (chance.uniform("phone", ids + (moves // 2 << 40)) * 10_000_000).astype(np.int64)
        home = ids + (moves << 40)  # every move draws a new address
        city = chance.choice("city", home, [1 / (rank + 2) for rank in range(len(CITIES))])
        street = chance.choice("street", home, [1.0] * len(STREETS))
        house = (chance.uniform("house", home) ** 2 * 4000).astype(np.int64) + 1
        zip_ = (chance.uniform("zip", home) * 80).astype(np.int64)

        names: list[str] = []
        emails: list[str] = []
        phones: list[str | None] = []
        addresses: list[str | None] = []
        for i, number in enumerate(ids.tolist()):
            if gone[i]:
                names.append("Erased Customer")
                emails.append(f"erased-{number}@erased.invalid")
                phones.append(None)
                addresses.append(None)
                continue
            name = f"{FIRST_NAMES[first[i]]} {LAST_NAMES[last[i]]}"
            mailbox = f"{FIRST_NAMES[first[i]]}.{LAST_NAMES[last[i]]}{number}".replace("'", "")
            names.append((name, f" {name} ", name.lower())[untidy[i]])
            emails.append(f"{mailbox if untidy[i] else mailbox.lower()}@{MAIL_DOMAINS[domain[i]]}")
            phones.append(f"+1-555-{phone[i] // 10_000:03d}-{phone[i] % 10_000:04d}")
            addresses.append(f"{house[i]} {STREETS[street[i]]}")
        return pa.table(
            {
                "customer_id": ids,
                "name": pa.array(names, pa.string()),
                "email": pa.array(emails, pa.string()),
                "phone": pa.array(phones, pa.string()),
                "address": pa.array(addresses, pa.string()),
                "city": pa.array([CITIES[c][0] for c in city], pa.string()),
                "state": pa.array([CITIES[c][1] for c in city], pa.string()),
                "zip_code": pa.array(
                    [f"{CITIES[c][2] + z:05d}" for c, z in zip(city, zip_, strict=True)], pa.string()
                ),
                "created_at": timestamps(created),
                "updated_at": timestamps(updated),
                "deleted_at": timestamps(updated, absent=~gone),
            }
        )


def _days(days: np.ndarray) -> Ints:
    return (days * MICROSECONDS_PER_DAY).astype(np.int64)
