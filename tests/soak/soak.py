"""A soak: business dates through the shop, Airbyte and the bronze loader, with faults; then the reckoning."""

from __future__ import annotations

import hashlib
import io
import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.bronze.contract import load_contract
from lakehouse.lake_layout import BRONZE, LANDING, bronze_manifest_key, quarantine_key
from tests.soak.dates import Date
from tests.soak.faults import ASKING_BOTH_SOURCES, EXTRACT_FAULTS, LOAD_FAULTS, SOURCE_FAULTS, Fault
from tests.soak.platform import STREAMS, SoakPlatform
from tests.soak.shop_history import COLUMNS, Row, key_of

FIRST_DATE: Final = date(2024, 10, 20)
ORDERS_PER_YEAR: Final = 60_000


@dataclass
class SoakReport:
    """What happened; `content` is one hash of all rows that bronze ends with, the same for a seed."""

    seed: int
    dates: int
    faults: dict[str, int] = field(default_factory=dict)
    failures: int = 0
    rows_compared: int = 0
    rows_quarantined: int = 0
    partitions: int = 0
    partitions_replayed_equal: int = 0
    content: str = ""
    seconds: float = 0.0


class Soak:
    """Runs dates, then proves that bronze holds the shop's history and nothing else."""

    def __init__(self, platform: SoakPlatform, seed: int, log: Callable[[str], None] = print) -> None:
        self._platform = platform
        self._dice = random.Random(seed)
        self._log = log
        self._deck: dict[tuple[Fault, ...], list[Fault]] = {}
        self._days: list[date] = []
        self._report = SoakReport(seed, 0)

    def run(self, dates: int) -> SoakReport:
        """Run so many dates in their order, compare them with the shop, and replay them in another order.

        Raises:
            AssertionError: something was lost, doubled, changed, or failed without saying why.
        """
        began = time.monotonic()
        for ordinal in range(dates):
            self._run_date(FIRST_DATE + timedelta(days=ordinal), ordinal)
        self.reckon()
        self._replay_in_random_order()
        self._report.dates = dates
        self._report.seconds = time.monotonic() - began
        return self._report

    def _run_date(self, day: date, ordinal: int) -> None:
        began = time.monotonic()
        now = Date(self._platform, day, self._dice, ordinal)
        source, extract, load = (
            self._draw(faults) for faults in (SOURCE_FAULTS, EXTRACT_FAULTS, LOAD_FAULTS)
        )
        self._platform.sign_in()
        self._platform.advance_shop(day, ORDERS_PER_YEAR)
        source(now)
        if self._days:
            self._platform.history.correct_batch(self._days[-1])
        self._platform.history.keep(day)
        with ThreadPoolExecutor(1) as beside:
            if extract in ASKING_BOTH_SOURCES:
                extract(now)
            # As in a night, where the extracts run side by side.
            others = [beside.submit(now.extract, source) for source in ("api", "files")]
            if extract not in ASKING_BOTH_SOURCES:
                extract(now)
            now.extract("postgres")
            for other in others:
                other.result()
        load(now)
        for stream in STREAMS:
            now.load(stream)
        self._days.append(day)
        self._report.failures += len(now.failures)
        names = ", ".join(fault.__name__ for fault in (source, extract, load))
        failed = f"; failed and rerun: {', '.join(now.failures)}" if now.failures else ""
        self._log(f"{day}  {time.monotonic() - began:5.1f} s  {names}{failed}")

    def _draw(self, faults: tuple[Fault, ...]) -> Fault:
        """Every fault comes once before any comes again."""
        deck = self._deck.setdefault(faults, [])
        if not deck:
            deck += faults
            self._dice.shuffle(deck)
        fault = deck.pop()
        self._report.faults[fault.__name__] = self._report.faults.get(fault.__name__, 0) + 1
        return fault

    # the reckoning

    def reckon(self) -> None:
        """Compare every partition of the dates that were run, and what they add up to, with the shop.

        Raises:
            AssertionError: something was lost, doubled or changed.
        """
        self._report.partitions = self._report.rows_compared = self._report.rows_quarantined = 0
        for before, day in zip([None, *self._days], self._days, strict=False):
            for stream in STREAMS:
                self._compare(stream, day, before)
        self._compare_the_end()

    def _compare(self, stream: str, day: date, before: date | None) -> None:
        """Each partition against the difference between two snapshots of the shop.

        Airbyte may deliver a row again that did not change (at least once): that row must be the shop's.
        """
        history = self._platform.history
        rows = self._bronze(stream, day)
        found = set(rows)
        keys = {key_of(stream, row) for row in rows}
        assert len(found) == len(keys) == len(rows), f"{stream}, {day}: a key comes twice"
        whole = history.rows(stream, day)
        expected = whole if stream == "products" else history.changed(stream, day, before)
        assert not (lost := expected - found), f"{stream}, {day}: {len(lost)} rows are lost: {_some(lost)}"
        assert not (wrong := found - whole), f"{stream}, {day}: {len(wrong)} rows differ: {_some(wrong)}"
        if stream == "products":
            assert found == whole, f"products, {day}: rows that the shop no longer has"
        unsound = history.unsound_keys(stream, day, before)
        kept = self._quarantined(stream, day)
        assert unsound <= kept, f"{stream}, {day}: bad rows {unsound - kept} are not in quarantine"
        self._report.rows_compared += len(found)
        self._report.rows_quarantined += len(kept)
        self._report.partitions += 1

    def _compare_the_end(self) -> None:
        """The newest version of every key, over all partitions, is the shop's row at the end."""
        digest = hashlib.sha256()
        for stream in STREAMS:
            newest: dict[Any, Row] = {}
            days = self._days[-1:] if stream == "products" else self._days
            for day in days:
                newest |= {key_of(stream, row): row for row in self._bronze(stream, day)}
            whole = self._platform.history.rows(stream, self._days[-1])
            assert set(newest.values()) == whole, f"{stream}: bronze does not end where the shop does"
            digest.update("\n".join(sorted(map(repr, whole))).encode())
        self._report.content = digest.hexdigest()

    def _replay_in_random_order(self) -> None:
        """Every partition is deleted and loaded again: the lake must hold the same objects, byte for byte."""
        before = self._objects()
        for key in before:
            self._platform.storage.delete(key)
        pairs = [(stream, day) for stream in STREAMS for day in self._days]
        self._dice.shuffle(pairs)
        for stream, day in pairs:
            self._platform.load(stream, day)
        after = self._objects()
        different = sorted(key for key in before | after if before.get(key) != after.get(key))
        assert not different, f"a replay gives other objects: {different[:5]}"
        self._report.partitions_replayed_equal = len(pairs)

    # reading the lake without the library's reader

    def _objects(self) -> dict[str, str]:
        """Everything below bronze but landing, with the hash of its bytes."""
        return {
            item.key: hashlib.sha256(self._platform.storage.get(item.key)).hexdigest()
            for item in self._platform.storage.objects(BRONZE)
            if not item.key.startswith(LANDING)
        }

    def _bronze(self, stream: str, day: date) -> list[Row]:
        """A partition's rows in the shop's columns, from the files that its manifest lists."""
        storage = self._platform.storage
        source = load_contract(stream).source
        manifest = json.loads(storage.get(bronze_manifest_key(source, stream, day)))
        rows: list[Row] = []
        for file in manifest["files"]:
            content = storage.get(file["key"])
            assert hashlib.sha256(content).hexdigest() == file["sha256"], file["key"]
            table = pq.read_table(io.BytesIO(content)).select(COLUMNS[stream].split(", "))
            rows += zip(*(column.to_pylist() for column in table.columns), strict=True)
        accounted = ("rows_loaded", "rows_deduplicated", "rows_quarantined")
        assert manifest["rows_in"] == sum(manifest[name] for name in accounted)
        assert manifest["rows_in"] == sum(file["rows"] for file in manifest["landing"])
        assert manifest["rows_loaded"] == len(rows)
        return rows

    def _quarantined(self, stream: str, day: date) -> set[int]:
        """Keys of the rows in quarantine."""
        key = quarantine_key(stream, day)
        if not self._platform.storage.exists(key):
            return set()
        table: pa.Table = pq.read_table(io.BytesIO(self._platform.storage.get(key)))
        first = COLUMNS[stream].split(", ")[0]
        return {int(json.loads(raw)[first]) for raw in table["raw"].to_pylist()}


def _some(rows: set[Row]) -> str:
    return ", ".join(str(row)[:200] for row in sorted(rows, key=str)[:3])
