"""Whole nights as `make night` runs them: the first from nothing, a second date; then the platform at rest.

The nights are of 100,000 orders whatever sizes are asked for: that is what their targets are for.
"""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import psycopg

from bench.consumption import Use, spent, uses
from bench.report import Table, count, verdict
from embedded.composition.platform import Platform
from embedded.composition.wire import database_url
from embedded.settings import ROOT, Settings
from testing.embedded_platform import EmbeddedPlatform

ORDERS = 100_000
FIRST, SECOND = "2025-10-16", "2025-10-17"
FIRST_TARGET, SECOND_TARGET = 180.0, 45.0
IDLE_TARGET, MEMORY_TARGET = 8.0, 2.2e9
SETTLE_SECONDS = 60.0
"""Caches are written and sessions closed before the rest begins."""
REST_SECONDS = 180.0
NIGHT_SECONDS = 1_800.0
MEGABYTE = 1e6

RUNS = """
    select
        run.dag_id, run.queued_at, run.end_date,
        (select min(task.start_date) from task_instance as task where task.run_id = run.run_id
            and task.dag_id = run.dag_id) as working_since
    from dag_run as run
    where (run.partition_key = %(date)s or run.dag_id = 'provision_platform') and run.queued_at >= %(since)s
    order by run.end_date
"""


def run(sizes: list[int]) -> Iterator[Table]:
    """The first night, the second, and what the platform uses while nothing is to do."""
    with fresh("bench-night") as bench:
        yield _table(_night(bench, FIRST), "The first night, from nothing", FIRST_TARGET)
        yield _table(_night(bench, SECOND), "A second date", SECOND_TARGET)
        time.sleep(SETTLE_SECONDS)
        yield _rest(bench.platform)


@dataclass(frozen=True)
class Bench:
    """A platform that nothing else uses, and its inside."""

    own: EmbeddedPlatform
    platform: Platform


@dataclass(frozen=True)
class Step:
    """One DAG's run; seconds since the run before it had ended."""

    name: str
    seconds: float
    until_working: float
    """Of these, up to the start of its first task."""


@dataclass(frozen=True)
class Night:
    """Seconds of the command, and where they went."""

    seconds: float
    before: float
    """From the command's start to its first DAG run: checks, services, the shop's advance."""
    steps: list[Step]
    processor: Mapping[str, float]
    """Processor seconds by program."""


def _night(bench: Bench, date: str) -> Night:
    platform = bench.platform
    before = uses(platform) if platform.supervisor.running() else {}
    own = _children()
    began = time.time()
    make_night(bench, date)
    seconds = time.time() - began
    processor = spent(before, uses(platform)) | {"the command itself": _children() - own}
    runs = _runs(platform, date, datetime.fromtimestamp(began).astimezone())
    first = min(queued for _, queued, _, _ in runs).timestamp()
    steps, until = [], first
    for name, _, ended, working_since in runs:
        end = ended.timestamp()
        steps.append(Step(name, end - until, max(working_since.timestamp() - until, 0.0)))
        until = end
    return Night(seconds, first - began, steps, processor)


def _runs(platform: Platform, date: str, since: datetime) -> list[tuple[str, datetime, datetime, datetime]]:
    url = database_url(platform.settings, platform.secret, "airflow", "postgresql")
    with psycopg.connect(url) as connection:
        return connection.execute(RUNS, {"date": date, "since": since}).fetchall()


def _table(night: Night, title: str, target: float) -> Table:
    table = Table(f"{title}, {count(ORDERS)} orders", ("step", "time", "before its first task"))
    table.add("checks, services, the shop's advance", f"{night.before:.1f} s", "")
    for step in night.steps:
        table.add(step.name, f"{step.seconds:.1f} s", f"{step.until_working:.1f} s")
    rest = night.seconds - night.before - sum(step.seconds for step in night.steps)
    table.add("the summary", f"{rest:.1f} s", "")
    reached = verdict(night.seconds <= target)
    table.add("**in all**", f"**{night.seconds:.1f} s**", f"target <= {target:.0f} s: {reached}")
    table.notes.append("A step is counted from the end of the one before: the steps add up to the whole.")
    busiest = sorted(night.processor.items(), key=lambda each: -each[1])
    table.notes.append(
        f"Processor time {sum(night.processor.values()):.1f} s: "
        + ", ".join(f"{name} {seconds:.1f}" for name, seconds in busiest if seconds >= 0.1)
        + ". Tasks, and the dbt that they start, count to the scheduler."
    )
    return table


def _rest(platform: Platform) -> Table:
    before, began = uses(platform), time.monotonic()
    time.sleep(REST_SECONDS)
    after, seconds = uses(platform), time.monotonic() - began
    table = Table(
        f"At rest after two nights, over {REST_SECONDS:.0f} s", ("program", "of one core", "memory")
    )
    for name, share in sorted(_shares(before, after, seconds).items(), key=lambda each: -each[1]):
        table.add(name, f"{share:.2f} %", f"{after[name].memory / MEGABYTE:,.0f} MB")
    share = sum(_shares(before, after, seconds).values())
    memory = sum(use.memory for use in after.values())
    table.add("**in all**", f"**{share:.2f} %**", f"**{memory / MEGABYTE:,.0f} MB**")
    table.add("target", f"<= {IDLE_TARGET:g} %: {verdict(share <= IDLE_TARGET)}",
              f"<= {MEMORY_TARGET / MEGABYTE:,.0f} MB: {verdict(memory <= MEMORY_TARGET)}")  # fmt: skip
    table.notes.append("Memory is the proportional set size, as `make status` counts it.")
    return table


def _shares(before: dict[str, Use], after: dict[str, Use], seconds: float) -> dict[str, float]:
    return {name: used / seconds * 100 for name, used in spent(before, after).items()}


@contextmanager
def fresh(name: str) -> Iterator[Bench]:
    """A platform of that name that nothing has run on; it is stopped and deleted at the end."""
    own = EmbeddedPlatform(name)
    try:
        yield Bench(own, Platform(Settings.from_environ(own.environ)))
    finally:
        own.down()


def make_night(bench: Bench, date: str) -> None:
    """Run the night of a date, and start what is not up.

    Raises:
        RuntimeError: it failed; with what was printed.
    """
    done = subprocess.run(
        ["make", "night", f"DATE={date}", f"ORDERS={ORDERS}"],
        cwd=ROOT,
        env=bench.own.environ,
        capture_output=True,
        text=True,
        timeout=NIGHT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the night of {date} failed:\n{done.stdout}\n{done.stderr}")


def _children() -> float:
    """Processor seconds of this process's children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
