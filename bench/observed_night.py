"""What it costs a night to be observed: nights on one platform, by turns with what observes and without."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from datetime import date, timedelta

from bench.consumption import uses
from bench.night import MEGABYTE, Bench, fresh, make_night
from bench.report import Table, verdict

FIRST = date(2025, 10, 16)
PAIRS = 4
TARGET = 1.03
OBSERVERS = ("observer", "prometheus", "alertmanager", "elasticsearch", "log_shipper")
LIMITS = {("observer", "prometheus", "alertmanager"): 250.0, ("elasticsearch",): 900.0}
"""MB that those may take together."""


def run(sizes: list[int]) -> Iterator[Table]:
    """A first night that does not count, then nights by turns."""
    with fresh("bench-observed") as bench:
        make_night(bench, FIRST.isoformat())
        seconds: dict[bool, list[float]] = {True: [], False: []}
        memory: dict[str, int] = {}
        for number in range(2 * PAIRS):
            # Observed, not, not, observed, ...: a date that is later has more behind it.
            observed = number % 4 in (0, 3)
            _observe(bench, observed)
            night = (FIRST + timedelta(days=number + 1)).isoformat()
            began = time.monotonic()
            make_night(bench, night)
            seconds[observed].append(time.monotonic() - began)
            if observed:
                memory = {
                    name: used.memory for name, used in uses(bench.platform).items() if name in OBSERVERS
                }
        yield _nights(seconds)
        yield _memory(memory)


def _observe(bench: Bench, observed: bool) -> None:
    if observed:
        bench.own.up(*OBSERVERS)
    else:
        bench.own.stop(*OBSERVERS)


def _nights(seconds: dict[bool, list[float]]) -> Table:
    table = Table(f"{2 * PAIRS} nights by turns", ("", "median", "least", "all"))
    for observed, name in ((False, "alone"), (True, "observed")):
        every = ", ".join(f"{each:.1f}" for each in seconds[observed])
        table.add(
            name, f"{statistics.median(seconds[observed]):.1f} s", f"{min(seconds[observed]):.1f} s", every
        )
    ratio = statistics.median(seconds[True]) / statistics.median(seconds[False])
    least = min(seconds[True]) / min(seconds[False])
    table.add("ratio", f"{ratio:.3f}", f"{least:.3f}", f"target <= {TARGET}: {verdict(ratio <= TARGET)}")
    return table


def _memory(memory: dict[str, int]) -> Table:
    table = Table("Memory of what observes, after the last observed night", ("program", "memory", "limit"))
    for name, used in sorted(memory.items()):
        table.add(name, f"{used / MEGABYTE:.0f} MB", "")
    for names, limit in LIMITS.items():
        together = sum(memory.get(name, 0) for name in names) / MEGABYTE
        table.add(
            " + ".join(names), f"**{together:.0f} MB**", f"<= {limit:.0f} MB: {verdict(together <= limit)}"
        )
    table.notes.append("Proportional set size, as `make status` counts it.")
    return table
