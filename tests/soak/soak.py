"""A soak: business dates through the shop, Airbyte and the bronze loader, with faults; then the reckoning."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from tests.soak.dates import Date
from tests.soak.faults import ALL_FAULTS, ALONE, Fault, Stage
from tests.soak.platform import CONNECTIONS, STREAMS, SoakPlatform
from tests.soak.reckoning import Reckoned, objects_of_bronze, reckon, reckon_date, require_readings

FIRST_DATE: Final = date(2024, 10, 20)
ORDERS_PER_YEAR: Final = 60_000


@dataclass
class SoakReport:
    """What happened, and what was proven."""

    seed: int
    dates: int
    faults: dict[str, int] = field(default_factory=dict)
    failures: int = 0
    reckoned: Reckoned = field(default_factory=Reckoned)
    partitions_replayed_equal: int = 0
    seconds: float = 0.0


class Soak:
    """Runs dates, then proves that bronze holds the shop's history and nothing else.

    Args:
        platform: what it runs on.
        seed: of everything that is left to chance.
        log: told a line per date.
        faults: those of each stage; every one comes once before any comes again.
        in_order: in the order in which they are given, not in a random one.
    """

    def __init__(
        self,
        platform: SoakPlatform,
        seed: int,
        log: Callable[[str], None] = print,
        faults: Mapping[Stage, tuple[Fault, ...]] = ALL_FAULTS,
        in_order: bool = False,
    ) -> None:
        self._platform = platform
        self._dice = random.Random(seed)
        self._log = log
        self._faults = faults
        self._in_order = in_order
        self._decks: dict[Stage, list[Fault]] = {stage: [] for stage in faults}
        self._days: list[date] = []
        self._report = SoakReport(seed, 0)

    def run(self, dates: int) -> SoakReport:
        """Run so many dates in their order, compare them with the shop, and replay them in another order.

        Raises:
            AssertionError: something was lost, doubled, changed, or failed without saying why.
        """
        require_readings()
        began = time.monotonic()
        for ordinal in range(dates):
            self._run_date(FIRST_DATE + timedelta(days=ordinal), ordinal)
        self.reckon()
        self._replay_in_random_order()
        self._report.dates = dates
        self._report.seconds = time.monotonic() - began
        return self._report

    def reckon(self) -> None:
        """Compare every partition of the dates that were run with the shop.

        Raises:
            AssertionError: something was lost, doubled or changed.
        """
        self._report.reckoned = reckon(self._platform, self._days)

    def _run_date(self, day: date, ordinal: int) -> None:
        began = time.monotonic()
        now = Date(self._platform, day, self._dice, ordinal)
        source, extract, load = (self._draw(stage) for stage in Stage)
        self._platform.sign_in()
        self._platform.advance_shop(day, ORDERS_PER_YEAR)
        source(now)
        if self._days:
            self._platform.history.correct_batch(self._days[-1])
        self._platform.history.keep(day)
        self._extract(now, extract)
        load(now)
        for stream in STREAMS:
            now.load(stream)
        reckon_date(self._platform, day, self._days[-1] if self._days else None)
        self._days.append(day)
        self._report.failures += len(now.failures)
        names = ", ".join(fault.__name__ for fault in (source, extract, load))
        failed = f"; failed and rerun: {', '.join(now.failures)}" if now.failures else ""
        self._log(f"{day}  {time.monotonic() - began:5.1f} s  {names}{failed}")

    def _extract(self, now: Date, fault: Fault) -> None:
        """All sources side by side, as in a night; a fault that touches several of them comes before."""
        if fault in ALONE:
            fault(now)
        others = [source for source in CONNECTIONS if source != "postgres"]
        with ThreadPoolExecutor(len(others)) as beside:
            running = [beside.submit(now.extract, source) for source in others]
            if fault not in ALONE:
                fault(now)
            now.extract("postgres")
            for each in running:
                each.result()

    def _draw(self, stage: Stage) -> Fault:
        """Every fault comes once before any comes again."""
        deck = self._decks[stage]
        if not deck:
            deck += reversed(self._faults[stage])
            if not self._in_order:
                self._dice.shuffle(deck)
        fault = deck.pop()
        self._report.faults[fault.__name__] = self._report.faults.get(fault.__name__, 0) + 1
        return fault

    def _replay_in_random_order(self) -> None:
        """Every partition is deleted and loaded again: the lake must hold the same objects, byte for byte."""
        before = objects_of_bronze(self._platform)
        for key in before:
            self._platform.storage.delete(key)
        pairs = [(stream, day) for stream in STREAMS for day in self._days]
        self._dice.shuffle(pairs)
        for stream, day in pairs:
            self._platform.load(stream, day)
        after = objects_of_bronze(self._platform)
        different = sorted(key for key in before | after if before.get(key) != after.get(key))
        assert not different, f"a replay gives other objects: {different[:5]}"
        self._report.partitions_replayed_equal = len(pairs)
