"""Thirty-two readers while MERGE after MERGE changes the table they read."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import pyarrow as pa
from pyarrow import flight

from bench.report import Table, count, milliseconds, verdict
from packages.dremio_engine.bench.engine import Sides, engine_with_orders

READERS = 32
PHASE_SECONDS = 8.0
QUERY = "select count(*) as n, sum(amount) as total from shop.orders"
MERGE = (
    "merge into shop.orders as t using (select order_id from shop.orders where mod(order_id, 20) = 0) as s"
    " on t.order_id = s.order_id when matched then update set amount = t.amount + 1"
)


@dataclass
class Phase:
    """What the readers saw in one phase."""

    seconds: list[float] = field(default_factory=list)
    totals: set[tuple[int, Decimal]] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def percentile(self, hundredth: int) -> float:
        """Seconds that so many of a hundred answers took at most."""
        return statistics.quantiles(self.seconds, n=100)[hundredth - 1]


def run(sizes: list[int]) -> Iterator[Table]:
    """For each size one table: a line with and one without MERGE."""
    for rows in sizes:
        yield from _at(rows)


def _at(rows: int) -> list[Table]:
    with engine_with_orders(rows) as sides:
        before = _total(sides.by_flight(QUERY))
        alone = Phase()
        at_once = threading.Event()
        at_once.set()
        _read(sides, alone, at_once, PHASE_SECONDS)
        stop, merges = threading.Event(), Merges(sides)
        merging = threading.Thread(target=merges.run, args=(stop,))
        merging.start()
        beside = Phase()
        _read(sides, beside, merges.first_done, PHASE_SECONDS)
        stop.set()
        merging.join()
    step = Decimal((rows + 19) // 20)
    allowed = {(before[0], before[1] + number * step) for number in range(len(merges.seconds) + 1)}
    torn = len((alone.totals | beside.totals) - allowed)
    table = Table(
        f"{READERS} readers by Flight, {count(rows)} orders",
        ("meanwhile", "answers/s", "p50", "p95", "errors", "torn answers", "target", ""),
    )
    for name, phase in (("nothing else", alone), (_named(merges), beside)):
        table.add(
            name, f"{len(phase.seconds) / sum(phase.seconds) * READERS:,.0f}",
            milliseconds(phase.percentile(50)), milliseconds(phase.percentile(95)), len(phase.errors), torn,
            "no error, none torn", verdict(not phase.errors and not torn),
        )  # fmt: skip
    table.notes.append(
        f"Each MERGE adds 1 to the amount of {count(rows // 20)} orders; an answer is torn when its sum of"
        " all amounts is none that any number of whole MERGEs gives."
    )
    table.notes += [f"error: {text}" for text in sorted(set(alone.errors + beside.errors))[:3]]
    return [table]


class Merges:
    """One MERGE after the other until told to stop."""

    def __init__(self, sides: Sides) -> None:
        self._client = sides.engine.client()
        self.seconds: list[float] = []
        self.first_done = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """The first one always runs to its end."""
        try:
            while not self.seconds or not stop.is_set():
                began = time.perf_counter()
                job = self._client.submit(MERGE)
                status = self._client.wait(job, 600)
                if status["jobState"] != "COMPLETED":
                    raise RuntimeError(status["errorMessage"])
                self.seconds.append(time.perf_counter() - began)
                self.first_done.set()
        finally:
            self.first_done.set()


def _named(merges: Merges) -> str:
    if not merges.seconds:
        raise RuntimeError("no MERGE was completed")
    return f"{len(merges.seconds)} MERGEs, median {milliseconds(statistics.median(merges.seconds))}"


def _read(sides: Sides, phase: Phase, until: threading.Event, seconds: float) -> None:
    """All readers for so many seconds, and longer until the event."""
    deadline = time.monotonic() + seconds
    lock = threading.Lock()

    def reader() -> None:
        client = flight.connect(sides.engine.flight_url)
        while time.monotonic() < deadline or not until.is_set():
            began = time.perf_counter()
            try:
                info = client.get_flight_info(flight.FlightDescriptor.for_command(QUERY), sides.options)
                answer = client.do_get(info.endpoints[0].ticket, sides.options).read_all()
            except (flight.FlightError, pa.ArrowException) as error:
                with lock:
                    phase.errors.append(str(error).splitlines()[0])
                continue
            taken = time.perf_counter() - began
            with lock:
                phase.seconds.append(taken)
                phase.totals.add(_total(answer))
        client.close()

    threads = [threading.Thread(target=reader) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _total(answer: pa.Table) -> tuple[int, Decimal]:
    (row,) = answer.to_pylist()
    return int(row["n"]), Decimal(row["total"])
