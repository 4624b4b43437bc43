"""`bin/stream lag`: how far the chart is behind the source, hop by hop, and which hop stands still."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from lakehouse.platform.database import PostgresConnections, platform_postgres
from lakehouse.stream.hops import TOTAL
from lakehouse.stream.lag import HopLag, Lag, Percentiles, read_lag

_NAMES = {
    "landing": "commit -> landing",
    "bronze": "landing -> bronze",
    "hot": "bronze -> hot table",
    "chart": "hot table -> chart",
    TOTAL: "commit -> chart",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Print it. 1 if a hop stands still."""
    lag = read_lag(platform_postgres())
    print("\n".join(_lines(lag)))
    return 1 if lag.stalled else 0


def lag_lines(postgres: PostgresConnections) -> list[str]:
    """The lag, as a person reads it. Raises what `read_lag` raises."""
    return list(_lines(read_lag(postgres)))


def _lines(lag: Lag) -> Iterator[str]:
    yield _headline(lag)
    if lag.source_problem:
        yield f"Not measured: {lag.source_problem}"
    if lag.chart_problem:
        yield f"The chart is not read: {lag.chart_problem}"
    if lag.silent_seconds is not None and not lag.source_problem:
        yield (
            f"No tracer was committed for {_seconds(lag.silent_seconds)}: the stream's loop is not running, "
            "and what was committed since is not on the chart"
        )
    if stalled := lag.stalled:
        yield (
            f"Stalled: {_NAMES[stalled.hop]}; {stalled.waiting} tracers wait there, number "
            f"{stalled.waiting_tracer} since {stalled.waiting_since:%Y-%m-%d %H:%M:%S} "
            f"({_seconds(stalled.waiting_seconds)}). See docs/runbooks/lag.md"
        )
    if lag.lost:
        yield f"Lost: {lag.lost} tracers have not come, although later ones have. See docs/runbooks/lag.md"
    if lag.clock_offset is not None and lag.clock_error is not None:
        ahead = "ahead of" if lag.clock_offset >= 0 else "behind"
        yield (
            f"The source's clock is {abs(lag.clock_offset):.3f} s {ahead} the platform's "
            f"(to within {lag.clock_error:.3f} s); this is corrected."
        )
    yield ""
    yield f"{'seconds':<20}{'last 5 minutes':^24}{'last hour':^24}{'waiting':>9}"
    yield f"{'':<20}{_header()}{_header()}"
    for hop in lag.hops:
        yield _row(hop)


def _headline(lag: Lag) -> str:
    if lag.seconds is None:
        return "The lag was never measured: the stream has not run yet, or no tracer has come through."
    state = "paused" if lag.paused else "running" if lag.running else "stopped"
    since = f" since {lag.since:%H:%M:%S} UTC" if lag.since else ""
    newest = (
        f"; the chart shows tracer {lag.newest_seen}, committed {lag.newest_seen_committed_at:%H:%M:%S} UTC"
        if lag.newest_seen_committed_at
        else "; the chart has shown no tracer yet"
    )
    return f"Lag: {_seconds(lag.seconds)}. The stream is {state}{since}{newest}."


def _header() -> str:
    return "".join(f"{name:>7}" for name in ("p50", "p95", "p99")) + "   "


def _row(hop: HopLag) -> str:
    waiting = f"{hop.waiting:>9}" if hop.hop != TOTAL else ""
    return f"{_NAMES[hop.hop]:<20}{_percentiles(hop.five_minutes)}{_percentiles(hop.hour)}{waiting}"


def _percentiles(found: Percentiles | None) -> str:
    values = (
        ("-", "-", "-") if found is None else tuple(f"{x:.1f}" for x in (found.p50, found.p95, found.p99))
    )
    return "".join(f"{value:>7}" for value in values) + "   "


def _seconds(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
