"""From the shop to landing, as the engine's own bench measures it, and from landing to bronze."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.pairs import Times
from bench.report import Table, count, verdict
from packages.airbyte_engine.bench import landing
from packages.airbyte_engine.bench.landing import LANDING, seconds_of
from packages.airbyte_engine.bench.shop import Shop, filled_shop
from testing.repository import ROOT

BRONZE_RATIO = 1.5
PEAK_BYTES = 1_500_000_000
AIRFLOW_PYTHON = ROOT / ".local" / "envs" / "airflow" / "bin" / "python"
WORKER = Path(__file__).with_name("bronze_worker.py")


def run(sizes: list[int]) -> Iterator[Table]:
    """For each size landing and bronze; once, for they do not grow with it, REST and captured changes."""
    for rows in sizes:
        with filled_shop(rows) as shop:
            yield landing.landing(shop, rows)
            yield _bronze(shop, rows)
            if rows == sizes[0]:
                yield from landing.independent_of_size(shop)


def _bronze(shop: Shop, rows: int) -> Table:
    (key,) = [key for key in shop.keys(LANDING) if "/orders/" in key]
    found: dict[str, list[dict[str, float]]] = {"load": [], "rewrite": []}
    for number in range(3 if rows <= 1_000_000 else 2):
        for what in ("load", "rewrite") if number % 2 else ("rewrite", "load"):
            found[what].append(_worker(shop, what, key, rows, number))
    table = Table(
        f"Landing to bronze, {count(rows)} orders",
        ("what", "time", "processor time", "peak memory", "load : this", "target", ""),
    )
    times = {what: Times(tuple(each["seconds"] for each in runs)) for what, runs in found.items()}
    peak = {what: max(each["peak_bytes"] for each in runs) for what, runs in found.items()}
    busy = {what: min(each["cpu_seconds"] for each in runs) for what, runs in found.items()}
    table.add(
        "load: contract, deduplication, account, PUT", seconds_of(times["load"]), f"{busy['load']:.2f} s",
        f"{peak['load'] / 1e6:,.0f} MB", "", f"< {PEAK_BYTES / 1e6:,.0f} MB",
        verdict(peak["load"] < PEAK_BYTES),
    )  # fmt: skip
    ratio = times["load"].over(times["rewrite"])
    table.add(
        "bare pyarrow rewrite: get, read, write, put", seconds_of(times["rewrite"]),
        f"{busy['rewrite']:.2f} s", f"{peak['rewrite'] / 1e6:,.0f} MB", ratio, f"<= {BRONZE_RATIO}",
        verdict(min(ratio.of_medians, ratio.of_minima) <= BRONZE_RATIO),
    )  # fmt: skip
    return table


def _worker(shop: Shop, what: str, key: str, rows: int, number: int) -> dict[str, float]:
    environ = shop.platform.environ | {
        "PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}",
        "AIRFLOW_HOME": str(shop.platform.folder / "airflow"),
    }
    command = [str(AIRFLOW_PYTHON), str(WORKER), what, key, str(rows), str(number)]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured
