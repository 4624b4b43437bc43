"""How long a change takes from the source to the live chart, at several rates; what an idle stream costs.

The real DAG runs in the real Airflow, beside a shop that is kept open. Each rate is measured by the stream's
own tracers: those committed while it lasted, after the first seconds.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg

from bench.consumption import spent, uses
from bench.night import FIRST, Bench, fresh, make_night
from bench.report import Table, verdict
from embedded.composition.wire import database_url
from embedded.settings import ROOT
from testing.waiting import wait_until

RATES = (20, 200, 2_000)
TARGETS = {200: 10.0, 2_000: 20.0}
"""Seconds from commit to chart that 95 of 100 may take."""
WARM_SECONDS = 30.0
SETTLE_SECONDS = 90.0
"""Before rest is measured: what a night leaves for Airflow to do is done by then."""
RATE_SECONDS = 120.0
IDLE_SECONDS = 180.0
IDLE_TARGET = 5.0
"""Percent of a core that an idle stream may cost."""
LONGEST_SECONDS = 600.0
"""Until a stream that was just started has read the tables, or the last tracer of a rate is on the chart."""
HOPS = {
    "commit -> landing": ("committed_at", "landed_at"),
    "landing -> bronze": ("landed_at", "bronze_at"),
    "bronze -> hot table": ("bronze_at", "hot_at"),
    "hot table -> chart": ("hot_at", "charted_at"),
    "commit -> chart": ("committed_at", "charted_at"),
}


def run(sizes: list[int]) -> Iterator[Table]:
    """A night first, so that the live view has a cold side; then rest, then the rates."""
    with fresh("bench-stream") as bench:
        make_night(bench, FIRST)
        with _platform_database(bench) as database:
            before = _shares(bench)
            _command(bench, "start")
            wait_until(lambda: _charted(database) > 0, "the chart shows the first tracer", LONGEST_SECONDS)
            yield _rest(bench, before)
            for rate in RATES:
                yield _rate(bench, database, rate)


def _rate(bench: Bench, database: Any, rate: int) -> Table:
    command = [str(ROOT / "bin" / "shop"), "live", "--rate", str(rate)]
    live = subprocess.Popen(
        command, cwd=ROOT, env=bench.own.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        time.sleep(WARM_SECONDS)
        since = _now(database)
        time.sleep(RATE_SECONDS)
        until = _now(database)
        closed = live.poll() is not None
    finally:
        live.terminate()
        said, _ = live.communicate(timeout=60)
    if closed:
        raise RuntimeError(f"the shop closed before its time: {said}")
    wait_until(lambda: _waiting(database, until) == 0, "every tracer is on the chart", LONGEST_SECONDS)
    table = Table(f"{rate} changes a second, for {RATE_SECONDS:.0f} s", ("hop", "p50", "p95", "p99", ""))
    for hop, (entered, left) in HOPS.items():
        p50, p95, p99 = _percentiles(database, entered, left, since, until)
        if p50 is None:
            raise RuntimeError(f"no tracer of {since} to {until} has passed {hop}")
        whole = hop == "commit -> chart" and rate in TARGETS
        reached = f"p95 <= {TARGETS[rate]:.0f} s: {verdict(p95 <= TARGETS[rate])}" if whole else ""
        table.add(hop, f"{p50:.1f} s", f"{p95:.1f} s", f"{p99:.1f} s", reached)
    batches, rows = _batches(database, since, until)
    table.notes.append(f"{batches} micro-batches of {rows:,.0f} rows each on average.")
    table.notes.append(f"The shop: {said.strip().splitlines()[-1].removeprefix('shop: ')}.")
    return table


def _rest(bench: Bench, before: dict[str, float]) -> Table:
    after = _shares(bench)
    table = Table(
        f"At rest, over {IDLE_SECONDS:.0f} s", ("program", "stream paused", "stream idle", "difference")
    )
    for name in sorted(after, key=lambda each: before.get(each, 0.0) - after[each]):
        was = before.get(name, 0.0)
        table.add(name, f"{was:.2f} %", f"{after[name]:.2f} %", f"{after[name] - was:+.2f} %")
    more = sum(after.values()) - sum(before.values())
    reached = verdict(more <= IDLE_TARGET)
    table.add("**in all**", f"{sum(before.values()):.2f} %", f"{sum(after.values()):.2f} %",
              f"**{more:+.2f} %**, target <= {IDLE_TARGET:g} %: {reached}")  # fmt: skip
    table.notes.append("Percent of one core. The stream syncs every two minutes, with a tracer each time.")
    return table


def _shares(bench: Bench) -> dict[str, float]:
    """Percent of a core by program, once what was just done has settled."""
    time.sleep(SETTLE_SECONDS)
    first, began = uses(bench.platform), time.monotonic()
    time.sleep(IDLE_SECONDS)
    second, seconds = uses(bench.platform), time.monotonic() - began
    return {name: used / seconds * 100 for name, used in spent(first, second).items()}


def _command(bench: Bench, command: str) -> None:
    subprocess.run([ROOT / "bin" / "stream", command], cwd=ROOT, env=bench.own.environ, check=True)


@contextmanager
def _platform_database(bench: Bench) -> Iterator[Any]:
    platform = bench.platform
    url = database_url(platform.settings, platform.secret, "platform", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _one(database: Any, query: str, *values: Any) -> tuple[Any, ...]:
    row: tuple[Any, ...] = database.execute(query, values).fetchone()
    return row


def _now(database: Any) -> datetime:
    moment: datetime = _one(database, "select clock_timestamp()")[0]
    return moment


def _charted(database: Any) -> int:
    return int(_one(database, "select count(*) from stream_tracers where charted_at is not null")[0])


def _waiting(database: Any, until: datetime) -> int:
    query = "select count(*) from stream_tracers where charted_at is null and committed_at <= %s"
    return int(_one(database, query, until)[0])


def _percentiles(database: Any, entered: str, left: str, since: datetime, until: datetime) -> tuple[Any, ...]:
    return _one(
        database,
        f"""
        select percentile_disc(0.5) within group (order by seconds),
               percentile_disc(0.95) within group (order by seconds),
               percentile_disc(0.99) within group (order by seconds)
        from (
            select extract(epoch from {left} - {entered})::float8 as seconds
            from stream_tracers where committed_at between %s and %s
        ) as took
        """,
        since,
        until,
    )


def _batches(database: Any, since: datetime, until: datetime) -> tuple[int, float]:
    query = """
        select count(*), coalesce(avg(rows_landed), 0) from stream_batches
        where rows_landed > 0 and merged_at between %s and %s
    """
    batches, rows = _one(database, query, since, until)
    return int(batches), float(rows)
