"""50,000 lines of task logs: from the shipper's start until Elasticsearch finds them all."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.consumption import uses
from bench.report import Table, verdict
from embedded.composition.platform import Platform
from embedded.settings import ROOT, Settings
from testing.embedded_platform import EmbeddedPlatform

LINES = 50_000
FILES = 10
ROUNDS = 3
TARGET = 10.0
LONGEST_SECONDS = 300.0
PYTHON = ROOT / ".local" / "envs" / "airflow" / "bin" / "python"


def run(sizes: list[int]) -> Iterator[Table]:
    """The same number of new lines, three times; `sizes` are rows of data, and mean nothing here."""
    with _platform() as bench:
        table = Table(
            f"{LINES:,} lines of {FILES} task logs",
            ("round", "found after", "lines/s", "Elasticsearch", "shipper"),
        )
        found = []
        for number in range(1, ROUNDS + 1):
            shipped = _ship(bench, f"round-{number}")
            found.append(shipped.seconds)
            table.add(
                number,
                f"{shipped.seconds:.1f} s",
                f"{LINES / shipped.seconds:,.0f}",
                f"{shipped.server:.1f} s",
                f"{shipped.shipper:.1f} s",
            )
        table.add("target", f"<= {TARGET:.0f} s: {verdict(min(found) <= TARGET)}", "", "", "")
        table.notes.append(
            "Found: counted by a search, after the refresh that Elasticsearch does by itself. The last two "
            "columns are processor seconds; in the first round Elasticsearch has just started."
        )
        yield table


@dataclass(frozen=True)
class Bench:
    """A platform of Elasticsearch and the object store, and a folder of logs."""

    own: EmbeddedPlatform
    platform: Platform
    folder: Path


@dataclass(frozen=True)
class Shipped:
    """Seconds until all were found, and processor seconds of both sides."""

    seconds: float
    server: float
    shipper: float


@contextmanager
def _platform() -> Iterator[Bench]:
    own = EmbeddedPlatform("bench-logs")
    try:
        own.up("elasticsearch", "object_store")
        yield Bench(own, Platform(Settings.from_environ(own.environ)), own.folder)
    finally:
        own.down()


def _ship(bench: Bench, name: str) -> Shipped:
    """Raises RuntimeError when the lines have not all been found in time."""
    logs = bench.folder / name
    _write(logs)
    before = uses(bench.platform)["elasticsearch"].seconds
    done: dict[str, float] = {}
    searching = threading.Thread(target=_await_lines, args=(bench.own.wire, name, done))
    began = time.monotonic()
    searching.start()
    process = subprocess.Popen(
        ["/usr/bin/env", "bash", "-c", 'time "$0" -m lakehouse.observe.logs.shipper --once', str(PYTHON)],
        env=bench.own.environ | _settings(bench.folder, logs),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, told = process.communicate(timeout=LONGEST_SECONDS)
    searching.join(LONGEST_SECONDS)
    if process.returncode or "at" not in done:
        raise RuntimeError(f"the lines of {name} were not all found in {LONGEST_SECONDS:.0f} s:\n{told}")
    server = uses(bench.platform)["elasticsearch"].seconds - before
    return Shipped(done["at"] - began, server, _processor_seconds(told))


def _write(folder: Path) -> None:
    at = datetime.now(UTC).isoformat()
    for number in range(FILES):
        path = folder / "dag_id=bench" / f"run_id={folder.name}" / f"task_id=task_{number}" / "attempt=1.log"
        path.parent.mkdir(parents=True)
        with path.open("w") as log:
            for line in range(LINES // FILES):
                entry = {
                    "timestamp": at,
                    "level": "error" if line % 50 == 0 else "info",
                    "event": f"stream orders: batch {line} of task {number} read, 10000 rows, cursor at "
                    "2025-10-16T00:00:00Z, written to bronze/landing/source=postgres/orders; the next batch "
                    "follows the same cursor",
                    "logger": "lakehouse.bench",
                    "filename": "bench.py",
                    "lineno": line,
                }
                log.write(json.dumps(entry) + "\n")


def _settings(folder: Path, logs: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT / "plugins"),
        "LAKEHOUSE_LOGS_AIRFLOW": str(logs),
        "LAKEHOUSE_LOGS_SERVICES": str(folder / "no-services"),
        "LAKEHOUSE_SHIPPER_DIR": str(folder / "shipper"),
        # What is not up here is not asked for logs.
        **dict.fromkeys(("AIRBYTE_URL", "AIRFLOW_URL"), "http://127.0.0.1:9"),
        "DREMIO_PORT": "9",
    }


def _await_lines(wire: Mapping[str, str], name: str, done: dict[str, float]) -> None:
    query = {"query": {"term": {"run_id": name}}}
    deadline = time.monotonic() + LONGEST_SECONDS
    with httpx.Client(base_url=wire["ELASTICSEARCH_URL"], timeout=30) as client:
        while time.monotonic() < deadline:
            answer = client.post(
                "/airbyte-logs-*/_count",
                params={"ignore_unavailable": True, "allow_no_indices": True},
                json=query,
            )
            if answer.status_code == httpx.codes.OK and answer.json()["count"] >= LINES:
                done["at"] = time.monotonic()
                return
            time.sleep(0.1)


def _processor_seconds(told: str) -> float:
    """Of bash's `time`: user and sys."""
    seconds = 0.0
    for line in told.splitlines():
        name, _, value = line.partition("\t")
        if name in ("user", "sys"):
            minutes, _, rest = value.partition("m")
            seconds += int(minutes) * 60 + float(rest.rstrip("s"))
    return seconds
