"""What it costs a night to be observed: nights on one platform, by turns with what observes and without.

The same nights then say how good the forecast of their end is.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Iterator
from datetime import date, timedelta

from bench.consumption import uses
from bench.night import MEGABYTE, Bench, fresh, make_night
from bench.report import Table, verdict
from embedded.settings import ROOT

FIRST = date(2025, 10, 16)
PAIRS = 10
TARGET = 1.03
BAND = (0.85, 0.95)
"""Of the nights that a 90 % band is to hold."""
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
        yield _forecasts(bench)


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


def _forecasts(bench: Bench) -> Table:
    """Each night forecast from those before it, as `bin/eta backtest` does."""
    command = [str(ROOT / "bin" / "eta"), "backtest", "--json"]
    told = json.loads(subprocess.check_output(command, env=bench.own.environ, cwd=ROOT, text=True))
    table = Table(f"The forecast of {told['nights']} nights", ("made after", "inside the 90 % band", "width"))
    nights = inside = 0
    for after, band in told["bands"].items():
        table.add(
            f"{after} stages", f"{band['inside']} of {band['nights']}", f"{band['width_seconds']:.0f} s"
        )
        nights, inside = nights + band["nights"], inside + band["inside"]
    share = inside / nights if nights else 0.0
    low, high = BAND
    table.add("all", f"**{share:.0%}**", f"{low:.0%} to {high:.0%}: {verdict(low <= share <= high)}")
    table.notes.append("The first eight nights are only learnt from.")
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
