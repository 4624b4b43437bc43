"""Runs the test suites, each in the environment of what it tests, and sums up: `run_suites.py unit night`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCRATCH = ROOT / ".local" / "test"


@dataclass(frozen=True)
class Suite:
    """Folders of tests that run in one environment."""

    kind: str
    env: str
    folders: tuple[str, ...]
    part: str = ""
    package: str = ""
    """The package whose tests these are; its folder is where they run."""

    @property
    def home(self) -> Path:
        return ROOT / "packages" / self.package if self.package else ROOT

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.part or self.env}"


LANES = 2

# The quick ones first, then the longest, so that both lanes end at about the same time.
SUITES = (
    Suite("unit", "embedded", ("tests/unit/embedded",)),
    Suite("unit", "embedded", ("tests/unit",), "dremio_engine", package="dremio_engine"),
    Suite("unit", "embedded", ("tests/unit",), "airbyte_engine", package="airbyte_engine"),
    Suite("unit", "airflow", ("tests/unit/lakehouse", "tests/unit/dags")),
    Suite("integration", "airflow", ("tests/integration/lakehouse",)),
    Suite("night", "embedded", ("tests/night",)),
    Suite("integration", "embedded", ("tests/integration/embedded",)),
    Suite("integration", "embedded", ("tests/wire",), "airbyte_engine", package="airbyte_engine"),
    Suite("integration", "embedded", ("tests/wire",), "dremio_engine", package="dremio_engine"),
    Suite(
        "conformance",
        "conformance",
        ("tests/conformance/dbt_adapter/materializations",),
        "materializations",
        package="dremio_engine",
    ),
    Suite(
        "conformance",
        "conformance",
        (
            "tests/conformance/protocol",
            "tests/conformance/dialect",
            "tests/conformance/dbt_adapter/features",
        ),
        "protocol, dialect, features",
        package="dremio_engine",
    ),
)


@dataclass(frozen=True)
class Outcome:
    """How a suite ended: pytest's exit code and its own last line."""

    suite: Suite
    exit_code: int
    summary: str
    seconds: float


def main() -> int:
    kinds = sys.argv[1:] or [suite.kind for suite in SUITES]
    chosen = [suite for suite in SUITES if suite.kind in kinds]
    known = list(dict.fromkeys(suite.kind for suite in SUITES))
    if unknown := set(kinds) - set(known):
        sys.exit(f"error: no suite {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    if forgotten := _in_no_suite():
        sys.exit(f"error: no suite of tests/run_suites.py runs {', '.join(forgotten)}")
    outcomes = _run_in_lanes(chosen)
    print("\n== tests")
    for outcome in outcomes:
        state = "ok" if outcome.exit_code == 0 else "FAILED"
        print(f"  {outcome.suite.name:40} {state:7} {outcome.seconds:6.0f} s  {outcome.summary}")
    return 1 if any(outcome.exit_code for outcome in outcomes) else 0


def _in_no_suite() -> list[str]:
    """Test files in a folder that no suite names."""
    homes = {suite.home for suite in SUITES} | set((ROOT / "packages").iterdir())
    files = {path for home in homes for path in (home / "tests").rglob("test_*.py")}
    folders = [suite.home / folder for suite in SUITES for folder in suite.folders]
    forgotten = [file for file in files if not any(file.is_relative_to(each) for each in folders)]
    return sorted(str(file.relative_to(ROOT)) for file in forgotten)


def _run_in_lanes(suites: list[Suite]) -> list[Outcome]:
    """As many suites at a time as LANES, in their order: most of their time is waiting, and each has
    platforms of its own.
    """
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
    print(f"\n== {suite.name} begins", flush=True)
    began = time.monotonic()
    command = [ROOT / ".local" / "envs" / suite.env / "bin" / "python", "-m", "pytest", "-q", *suite.folders]
    last = ""
    with subprocess.Popen(
        command,
        cwd=suite.home,
        env=_environment(suite),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            show(line)
            last = line.strip() or last
    summary = re.sub(r"\x1b\[[0-9;]*m", "", last).strip("= ")
    return Outcome(suite, process.returncode, summary, time.monotonic() - began)


def _environment(suite: Suite) -> dict[str, str]:
    path = f"{ROOT / 'plugins'}:{ROOT}" if suite.env == "airflow" else f"{suite.home}:{ROOT}"
    home = SCRATCH / "airflow"
    home.mkdir(parents=True, exist_ok=True)
    airflow = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    airflow |= {"AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags")}
    airflow |= {"AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins")}
    return os.environ | airflow | {"PYTHONPATH": path, "TZ": "UTC"}


if __name__ == "__main__":
    sys.exit(main())
