"""The four dbt stages of a night, every model a task, against one bare `dbt build` of the same models.

Both do the same work: a date whose bronze is there, replayed, so that no row changes in either. The nights
are of 20,000 orders whatever sizes are asked for: what is compared does not grow with them.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from bench.report import Table, verdict
from testing.checkout_platform import CheckoutPlatform, CommandResult, checkout_platform
from testing.repository import ROOT

FIRST, DATE = "2025-10-16", "2025-10-17"
STAGES: Final = ("transform_staging", "transform_intermediate", "transform_marts", "test_data_quality")
BEFORE: Final = "load_bronze"
ROUNDS: Final = 3
TARGET: Final = 1.5
BUILD_SECONDS: Final = 900
ENVIRONMENTS: Final = ROOT / ".local" / "envs"
CLIENT: Final = ROOT / "plugins" / "lakehouse" / "dbt" / "forked" / "client.py"


def run(sizes: list[int]) -> Iterator[Table]:
    """One table: medians of the stages, of dbt started plainly and of dbt forked."""
    with checkout_platform() as platform:
        for date in (FIRST, DATE):
            _checked(platform.night(date))
        stages: list[dict[str, float]] = []
        bare: list[float] = []
        for _ in range(ROUNDS):
            _checked(platform.night_on_what_is_up(DATE))
            stages.append(_stages(platform.receipt(DATE)))
            bare.append(_command(platform, [str(ENVIRONMENTS / "dbt" / "bin" / "dbt"), "build"]))
        single = ["run", "--select", "stg_products"]
        plain = [
            _command(platform, [str(ENVIRONMENTS / "dbt" / "bin" / "dbt"), *single]) for _ in range(ROUNDS)
        ]
        forked = [_command(platform, [str(CLIENT), *single]) for _ in range(ROUNDS)]
        yield _table(stages, bare, plain, forked)


def _table(
    stages: list[dict[str, float]], bare: list[float], plain: list[float], forked: list[float]
) -> Table:
    table = Table("A date replayed, 20k orders", ("what", "time", "bare dbt build : this"))
    build = statistics.median(bare)
    whole = statistics.median(sum(each.values()) for each in stages)
    for stage in STAGES:
        table.add(stage, f"{statistics.median(each[stage] for each in stages):.1f} s", "")
    table.add("**the four dbt stages**", f"**{whole:.1f} s**", f"**{whole / build:.2f}** times it")
    table.add("one bare `dbt build` of the same models and tests", f"{build:.1f} s", "1")
    table.add("target", "", f"at most {TARGET} times it: {verdict(whole <= TARGET * build)}")
    table.add("`dbt run` of one small model, dbt started", f"{statistics.median(plain):.1f} s", "")
    table.add("`dbt run` of the same, dbt forked", f"{statistics.median(forked):.1f} s", "")
    table.notes.append(
        "A stage is counted from the end of the one before: what Airflow needs to start the next is in it."
        f" Medians of {ROUNDS} rounds, each the night and then the build."
    )
    return table


def _stages(receipt: dict[str, Any]) -> dict[str, float]:
    """Seconds of each stage since the end of the one before it."""
    ends = {name: datetime.fromisoformat(receipt["stages"][name]["ended_at"]) for name in (BEFORE, *STAGES)}
    return {
        name: (ends[name] - ends[before]).total_seconds()
        for before, name in zip((BEFORE, *STAGES), STAGES, strict=False)
    }


def _command(platform: CheckoutPlatform, command: list[str]) -> float:
    """Seconds of a dbt command on the platform's project, with the parse cache of the one before it."""
    project = str(platform.home / "include" / "dbt")
    options = ["--target-path", str(platform.home / "target"), "--log-level-file", "none"]
    addresses = platform.addresses()
    own = {
        "LAKEHOUSE_BUSINESS_DATE": DATE,
        "DBT_ENV_SECRET_DREMIO_PASSWORD": addresses["DREMIO_PASSWORD"],
    }
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--project-dir", project, "--profiles-dir", project, *options],
        cwd=platform.home,
        env=os.environ | addresses | own,
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}\n{done.stderr}")
    return time.perf_counter() - began


def _checked(result: CommandResult) -> None:
    if result.exit_code:
        raise RuntimeError(result.output)
