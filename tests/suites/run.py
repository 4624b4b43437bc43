"""Runs suites in two lanes, each suite with pytest in the environment of what it tests."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.suites.report import Outcome
from tests.suites.table import ROOT, Suite

LANES: Final = 2
"""Suites at a time: most of their time is waiting, and two use two cores well."""
SCRATCH: Final = ROOT / ".local" / "test"


def run_in_lanes(suites: list[Suite]) -> list[Outcome]:
    """The next suite begins in the lane that is free first. One suite alone is shown while it runs."""
    if len(suites) == 1:
        return [_run(suites[0], show=lambda line: print(line, end="", flush=True))]
    with ThreadPoolExecutor(LANES) as lanes:
        return list(lanes.map(_run_quietly, suites))


def _run_quietly(suite: Suite) -> Outcome:
    """Prints the suite's output in one piece, when it has ended."""
    lines: list[str] = []
    outcome = _run(suite, show=lines.append)
    print("".join([f"\n== output of {suite.name}\n", *lines]), end="", flush=True)
    return outcome


def _run(suite: Suite, show: Callable[[str], None]) -> Outcome:
    """An absent folder or an empty collection fails the suite: pytest exits 4 or 5 for these."""
    print(f"\n== {suite.name} starts", flush=True)
    began = time.monotonic()
    python = ROOT / ".local" / "envs" / suite.environment / "bin" / "python"
    last_line = ""
    with subprocess.Popen(
        [python, "-m", "pytest", "-q", *suite.folders],
        cwd=suite.home,
        env=environment_of(suite),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            show(line)
            last_line = line.strip() or last_line
    return Outcome(suite, process.returncode, last_line, time.monotonic() - began)


def environment_of(suite: Suite) -> dict[str, str]:
    """The caller's variables, the import path, and an Airflow home of the tests' own."""
    path = f"{ROOT / 'plugins'}:{ROOT}" if suite.environment == "airflow" else str(ROOT)
    home = SCRATCH / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    own = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "PYTHONPATH": f"{suite.home}:{path}" if suite.package else path,
        "TZ": "UTC",
    }
    return os.environ | own
