"""How many customers and orders each day brings, and when exactly each of them arrives."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from embedded.shop.chance import Chance, Floats, Ints

OPENING_DAY = dt.date(2024, 10, 17)
"""The first day of the year that ends on 2025-10-16, the specification's night (docs/decisions/0005)."""

DAYS_IN_FIRST_YEAR = 365
DEFAULT_ORDERS_PER_YEAR = 100_000
DEFAULT_SEED = 20251016

MICROSECONDS_PER_SECOND = 1_000_000
MICROSECONDS_PER_DAY = 86_400 * MICROSECONDS_PER_SECOND

_ORDERS_PER_CUSTOMER = 10
_FOUNDING_SHARE = 0.15
"""Share of the first year's customers who register on the opening day; without them nobody could order."""
_OPENING_HOUR = 8
"""On its first day the shop sells from 08:00, once the founding customers have registered."""
_WEEKDAY = (0.96, 0.92, 0.94, 1.00, 1.12, 1.16, 0.90)
_HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 10, 12, 13, 14, 15, 13, 12, 12, 13, 14, 16, 19, 20, 17, 11, 5)
_HORIZON_DAYS = 20 * 366


def end_of(day: dt.date) -> int:
    """The first moment after the day, in microseconds since 1970 (UTC)."""
    return ((day - dt.date(1970, 1, 1)).days + 1) * MICROSECONDS_PER_DAY


def _weight_of(day: dt.date) -> float:
    """The day's sales relative to an average day: weekday, season, Black Friday and the days before
    Christmas.
    """
    season = 1.0 + 0.22 * float(np.cos(2 * np.pi * (day.timetuple().tm_yday - 340) / 365.25))
    black_friday = day.month == 11 and day.weekday() == 4 and 23 <= day.day <= 29
    christmas = day.month == 12 and 8 <= day.day <= 20
    return _WEEKDAY[day.weekday()] * season * (2.2 if black_friday else 1.0) * (1.25 if christmas else 1.0)


@dataclass(frozen=True)
class Calendar:
    """The shop's timetable: customer and order numbers increase with time.

    `orders_per_year` is the number of orders from the opening to 2025-10-16; the rate stays the same after
    that.
    """

    seed: int = DEFAULT_SEED
    orders_per_year: int = DEFAULT_ORDERS_PER_YEAR

    @cached_property
    def chance(self) -> Chance:
        return Chance(self.seed)

    @cached_property
    def _years_passed(self) -> Floats:
        """Share of the first year's orders placed by the end of each day since the opening."""
        days = np.arange(_HORIZON_DAYS, dtype=np.int64)
        weights = np.array([_weight_of(OPENING_DAY + dt.timedelta(days=int(day))) for day in days])
        weights *= self.chance.between("day", days, 0.9, 1.1)
        return np.cumsum(weights) / weights[:DAYS_IN_FIRST_YEAR].sum()

    @cached_property
    def _orders_by_day(self) -> Ints:
        return np.rint(self.orders_per_year * self._years_passed).astype(np.int64)

    @cached_property
    def _customers_by_day(self) -> Ints:
        in_first_year = max(10, self.orders_per_year // _ORDERS_PER_CUSTOMER)
        shares = _FOUNDING_SHARE + (1 - _FOUNDING_SHARE) * self._years_passed
        return np.rint(in_first_year * shares).astype(np.int64)

    def day_number(self, day: dt.date) -> int:
        """Days since the opening; negative before it."""
        return (day - OPENING_DAY).days

    def orders_until(self, day: dt.date) -> int:
        """Orders placed by the end of the day; order ids are 1..this."""
        number = self.day_number(day)
        return int(self._orders_by_day[number]) if number >= 0 else 0

    def customers_until(self, day: dt.date) -> int:
        """Customers registered by the end of the day, erased ones included; customer ids are 1..this."""
        number = self.day_number(day)
        return int(self._customers_by_day[number]) if number >= 0 else 0

    def customers_known_on(self, day_numbers: Ints) -> Ints:
        """Customers who can order on each of these days: those who registered before it (on day 0, the
        founding customers).
        """
        return self._customers_by_day[np.maximum(day_numbers - 1, 0)]

    def order_days(self, order_ids: Ints) -> Ints:
        """The day number on which each order was placed."""
        return np.searchsorted(self._orders_by_day, order_ids, side="left").astype(np.int64)

    def order_moments(self, order_ids: Ints) -> Ints:
        """When each order was placed, in microseconds since 1970; higher ids are later orders."""
        days = self.order_days(order_ids)
        in_day = self._moments_in_day("order time", order_ids, days, self._orders_by_day)
        opening = _OPENING_HOUR * 3600 * MICROSECONDS_PER_SECOND
        late_start = opening + in_day * (24 - _OPENING_HOUR) // 24
        return _midnights(days) + np.where(days == 0, late_start, in_day)

    def customer_moments(self, customer_ids: Ints) -> Ints:
        """When each customer registered, in microseconds since 1970."""
        days = np.searchsorted(self._customers_by_day, customer_ids, side="left").astype(np.int64)
        in_day = self._moments_in_day("customer time", customer_ids, days, self._customers_by_day)
        return _midnights(days) + np.where(days == 0, in_day * (_OPENING_HOUR - 1) // 24, in_day)

    def _moments_in_day(self, purpose: str, ids: Ints, days: Ints, by_day: Ints) -> Ints:
        """Microseconds after midnight along the day's curve, rising with the id."""
        before = np.where(days > 0, by_day[np.maximum(days - 1, 0)], 0)
        quantiles = (ids - before - 1 + self.chance.uniform(purpose, ids)) / (by_day[days] - before)
        curve = np.concatenate([[0.0], np.cumsum(np.asarray(_HOURS, dtype=np.float64))])
        hours = np.interp(quantiles, curve / curve[-1], np.arange(25, dtype=np.float64))
        return np.minimum((hours * 3600 * MICROSECONDS_PER_SECOND).astype(np.int64), MICROSECONDS_PER_DAY - 1)


def _midnights(day_numbers: Ints) -> Ints:
    opening = (OPENING_DAY - dt.date(1970, 1, 1)).days
    return (day_numbers + opening) * MICROSECONDS_PER_DAY
