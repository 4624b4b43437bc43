"""How long the health page takes inside Airflow, with a year of nights in its tables."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from bench.report import Table, milliseconds, verdict
from embedded.settings import ROOT
from testing.embedded_platform import EmbeddedPlatform

ROUNDS = 30
TARGET_SECONDS = 1.0
PYTHON = ROOT / ".local" / "envs" / "airflow" / "bin" / "python"
PATHS = {"page": "/lakehouse/health", "its refresh": "/lakehouse/health.json"}


def run(sizes: list[int]) -> Iterator[Table]:
    """The first look after Airflow's start, then thirty more; `sizes` are rows of data, and mean nothing."""
    with _signed_in() as client:
        table = Table(
            "The health page with a year of nights", ("", "first", "median", "95 of 100", "slowest")
        )
        slow = 0.0
        for name, path in PATHS.items():
            first, *others = (_seconds(client, path) for _ in range(ROUNDS + 1))
            late = statistics.quantiles(others, n=20)[-1]
            slow = max(slow, late)
            figures = (first, statistics.median(others), late, max(others))
            table.add(name, *(milliseconds(each) for each in figures))
        table.add("target", "", "", f"<= {TARGET_SECONDS:.0f} s: {verdict(slow <= TARGET_SECONDS)}", "")
        table.notes.append("One reader. The first look imports what the page needs and opens its connection.")
        yield table


def _seconds(client: httpx.Client, path: str) -> float:
    """Raises RuntimeError for a page that lacks a section."""
    began = time.monotonic()
    answer = client.get(path).raise_for_status()
    seconds = time.monotonic() - began
    if 'class="problem"' in answer.text or '"problem":"' in answer.text:
        raise RuntimeError(f"{path} lacks a section: that is not the page to be measured")
    return seconds


@contextmanager
def _signed_in() -> Iterator[httpx.Client]:
    own = EmbeddedPlatform("bench-health")
    try:
        own.up("airflow")
        environment = own.environ | {"PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}"}
        subprocess.run(
            [str(PYTHON), "-m", "testing.lakehouse.planted_nights"], env=environment, cwd=ROOT, check=True
        )
        wire = own.wire
        login = {"username": wire["AIRFLOW_USER"], "password": wire["AIRFLOW_PASSWORD"]}
        with httpx.Client(base_url=wire["AIRFLOW_URL"], timeout=60) as client:
            token = client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
            client.cookies.set("_token", token)
            yield client
    finally:
        own.down()
