"""`python -m bench --rows 1000000 10000000 [--only queries ...]`: measure, print, write the page."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import signal
import sys
import time

from rich.console import Console

from bench import machine, report

LOG = logging.getLogger("bench")
ENGINE = "packages.dremio_engine.bench"
BENCHES = {
    "queries": f"{ENGINE}.queries",
    "flight": f"{ENGINE}.transfer",
    "reflections": f"{ENGINE}.reflections",
    "readers": f"{ENGINE}.readers",
    "dbt": "bench.dbt_build",
    "dbt-stages": "bench.dbt_stages",
    "ingestion": "bench.ingestion",
    "night": "bench.night",
    "logs": "bench.logs",
    "observed": "bench.observed_night",
    "health-page": "bench.health_page",
    "stream": "bench.stream_lag",
    "stream-day": "bench.stream_day",
}
"""By the name it is asked for with; each module has `run(sizes) -> Iterator[Table]`."""


def main() -> int:
    """Exit code 1 when a bench could not be run; a missed target is a figure, no failure."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", nargs="+", type=int, default=[1_000_000, 10_000_000])
    parser.add_argument("--only", nargs="+", choices=list(BENCHES), default=list(BENCHES))
    parser.add_argument("--dry", action="store_true", help="leave docs/benchmarks.md alone")
    arguments = parser.parse_args()
    # As Ctrl-C does: what was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console, failed = Console(), []
    for name in arguments.only:
        console.rule(f"{name}: {', '.join(f'{rows:,}' for rows in arguments.rows)} rows")
        tables, began = [], time.monotonic()
        try:
            for table in importlib.import_module(BENCHES[name]).run(arguments.rows):
                table.show()
                tables.append(table)
        except Exception:
            LOG.exception("%s could not be run", name)
            failed.append(name)
        console.print(f"  {time.monotonic() - began:.0f} s; load average {os.getloadavg()[0]:.1f}")
        if tables and not arguments.dry:
            report.write(name, f"*{machine.described()}*", tables)
    if failed:
        console.print(f"[red]failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
