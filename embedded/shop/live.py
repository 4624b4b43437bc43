"""Keeps the shop open: changes come at a given rate, in many small transactions, until somebody closes it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

from embedded.shop.database import ShopDatabase, ShopError
from embedded.shop.live_changes import FIRST_ID, Changes, Kind, OpenShop, ShopNow
from embedded.shop.live_statements import apply, read_shop

TRANSACTIONS_PER_SECOND: Final = 40
"""At most: beyond that a transaction holds more changes, so that the shop does not need a core."""
PATIENCE_SECONDS: Final = 120.0
"""How long a database that is away is waited for."""
_PAUSE_SECONDS: Final = 0.5
_LARGEST_TRANSACTION: Final = 10_000


@dataclass(frozen=True)
class Rhythm:
    """How much happens, and when."""

    rate: float
    """Changes per second."""
    seconds: float | None = None
    """How long; None until it is stopped."""
    burst: int = 0
    """Changes that come at once, besides."""
    every: float | None = None
    """Seconds from one burst to the next; None for a single one at the beginning."""

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be kept."""
        if self.rate < 0 or self.burst < 0 or (self.rate == 0 and self.burst == 0):
            raise ValueError("--rate must be positive, or 0 with a --burst.")
        if (self.seconds is not None and self.seconds <= 0) or (self.every is not None and self.every <= 0):
            raise ValueError("--seconds and --every must be positive.")

    @property
    def size(self) -> int:
        """Changes per transaction."""
        return max(1, round(self.rate / TRANSACTIONS_PER_SECOND))


@dataclass
class Day:
    """What has happened since the shop opened."""

    changes: Counter[Kind] = field(default_factory=Counter)
    transactions: int = 0
    reconnects: int = 0
    seconds: float = 0.0

    @property
    def total(self) -> int:
        """Changes of all kinds."""
        return sum(self.changes.values())


class LiveShop:
    """One process that changes the shop. Two at a time would take the same numbers."""

    def __init__(self, conninfo: str, seed: int, say: Callable[[str], None] = print) -> None:
        self._conninfo = conninfo
        self._seed = seed
        self._say = say
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._shop: OpenShop | None = None
        self.day = Day()

    def run(self, rhythm: Rhythm, closing: threading.Event) -> Day:
        """Stay open until the time is over or `closing` is set; what has happened.

        Raises:
            ShopError: the shop has not been opened, or its database stays away.
        """
        began = time.monotonic()
        until = began + rhythm.seconds if rhythm.seconds is not None else float("inf")
        transactions, next_burst = 0, began if rhythm.burst else float("inf")
        per_second = rhythm.rate / rhythm.size
        try:
            while not closing.is_set() and (now := time.monotonic()) < until:
                if now >= next_burst:
                    self._burst(rhythm.burst, closing)
                    next_burst = next_burst + rhythm.every if rhythm.every else float("inf")
                due = began + transactions / per_second if per_second else float("inf")
                if now >= due:
                    self._transact(rhythm.size, closing)
                    transactions += 1
                elif rhythm.rate == 0 and next_burst == float("inf"):
                    break
                else:
                    closing.wait(min(due, next_burst, until) - now)
        finally:
            self.day.seconds = time.monotonic() - began
            self._hang_up()
        return self.day

    def _burst(self, changes: int, closing: threading.Event) -> None:
        while changes > 0 and not closing.is_set():
            self._transact(min(changes, _LARGEST_TRANSACTION), closing)
            changes -= _LARGEST_TRANSACTION

    def _transact(self, size: int, closing: threading.Event) -> None:
        """The next transaction; after the database was away, with the shop as it is then."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while not closing.is_set():
            try:
                connection, shop = self._opened()
                changes = shop.next(size)
                apply(connection, changes)
            except psycopg.OperationalError as error:
                self._hang_up()
                if time.monotonic() >= give_up:
                    raise ShopError(
                        f"The shop's database is away for {PATIENCE_SECONDS:.0f} s now: {str(error).strip()}"
                    ) from error
                closing.wait(_PAUSE_SECONDS)
            else:
                self._count(changes)
                return

    def _opened(self) -> tuple[psycopg.Connection[tuple[Any, ...]], OpenShop]:
        if self._connection is not None and self._shop is not None:
            return self._connection, self._shop
        self._connection = connection = psycopg.connect(self._conninfo)
        with connection.transaction():
            database = ShopDatabase(connection)
            if database.remembered() is None:
                raise ShopError("The shop has not been opened yet: run `bin/shop advance --to <day>` first.")
            self._require_no_other(connection)
            database.remember_live()
            now: ShopNow = read_shop(connection, FIRST_ID)
        if self._shop is None:
            self._shop = OpenShop(self._seed, now)
        else:
            self.day.reconnects += 1
            self._say("shop: the database is back; going on")
            self._shop.look_again(now)
        return connection, self._shop

    def _require_no_other(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """One open shop at a time; PostgreSQL may need a moment to see that a connection is lost."""
        row = connection.execute("select pg_try_advisory_lock(hashtext('bin/shop live'))").fetchone()
        if row is not None and row[0]:
            return
        if self._shop is None:
            raise ShopError(
                "The shop is open already: another `bin/shop live` changes it. Stop that one first."
            )
        raise psycopg.OperationalError("PostgreSQL still keeps the lock of the connection that was lost")

    def _count(self, changes: Changes) -> None:
        self.day.changes.update(changes.counts())
        self.day.transactions += 1

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
