"""What is printed at the end of a run, for a reader who was not there."""

from __future__ import annotations

from collections.abc import Callable

from tests.stream.scenario import StreamReport


def tell(report: StreamReport, log: Callable[[str], None]) -> None:
    """Print what was done, killed and found."""
    found, counted = report.reckoned, report.accounted
    killed = ", ".join(f"{what} {times}x" for what, times in sorted(report.kills.items()))
    hot = ", ".join(f"{rows} {stream}" for stream, rows in found.hot_rows.items())
    dead = ", ".join(f"{rows} {stream}" for stream, rows in found.tombstones.items())
    sides = ", ".join(f"{rows} {side}" for side, rows in found.sides.items())
    log("")
    log(f"seed {report.seed}: {len(report.acts)} acts in {report.seconds:.0f} s; killed: {killed or '-'}")
    log(f"equal to the shop, row by row: {hot} in the hot tables (and {dead} that are deleted),")
    log(f"  {found.unified_rows} rows of serving.orders ({sides}), {found.days} of serving.daily_revenue")
    log(
        f"{counted.batches} micro-batches: {counted.rows_in} rows in = {counted.rows_loaded} loaded + "
        f"{counted.rows_deduplicated} deduplicated + {counted.rows_quarantined} quarantined; "
        f"{counted.landing_files} landing objects, each in one batch"
    )
    files = ", ".join(f"{stream} {count}" for stream, count in sorted(counted.bronze_files.items()))
    tables = ", ".join(f"{stream} {count}" for stream, count in sorted(report.hot_files.items()))
    log(f"files of a day in bronze: {files}; files of the hot tables: {tables}")
    traced = report.traced
    log(f"{traced.committed} tracers, each in the hot table, {traced.charted} shown by the chart; lag:")
    for line in traced.lines:
        log(f"  {line}")
