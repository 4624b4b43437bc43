"""`bin/stream status`: what the stream does, in a few lines."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from lakehouse.platform.airflow_api import AirflowApiError
from lakehouse.platform.airflow_api_hook import AirflowApiHook
from lakehouse.platform.database import platform_postgres
from lakehouse.platform.errors import LakehouseError
from lakehouse.stream.ledger import Batch, StreamLedger
from lakehouse.stream.loop_state import Loop, LoopRecord, LoopState
from lakehouse.stream.plan import DAG_ID, HEARTBEAT_SECONDS

SILENT_AFTER: Final = timedelta(seconds=60)
"""A loop beats every ten seconds, but not while a batch moves."""
STALE_AFTER: Final = timedelta(seconds=3 * HEARTBEAT_SECONDS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Print the lines. 1 if the stream ought to run and does not."""
    ledger = StreamLedger(platform_postgres())
    loop = LoopRecord(ledger.postgres).read()
    if loop is None:
        print("loop      has never run: bin/stream start")
        return 1
    paused = _is_paused()
    last, in_flight = ledger.last_merged(), ledger.in_flight()
    stale = last is None or last.merged_at is None or loop.now - last.merged_at > STALE_AFTER
    for line in (_loop_line(loop, paused), *_batch_lines(last, in_flight, loop.now)):
        print(line)
    for title, lines in (("slot", _slot), ("files", _files), ("edge", _edge), ("seam", _seam), ("lag", _lag)):
        try:
            for line in lines():
                print(f"{title:<10}{line}")
        except LakehouseError as error:
            print(f"{title:<10}cannot be read: {error}")
    return 1 if not paused and (stale or loop.failing_chore) else 0


def _is_paused() -> bool | None:
    """None: Airflow does not answer, or does not know the DAG."""
    try:
        return bool(AirflowApiHook().get_conn(patience_seconds=0).read(f"dags/{DAG_ID}")["is_paused"])
    except (AirflowApiError, LakehouseError):
        return None


def _loop_line(loop: Loop, paused: bool | None) -> str:
    silent = loop.now - loop.beaten_at
    words = f"{loop.state} for {_short(loop.now - loop.since)}" + (f": {loop.why}" if loop.why else "")
    if loop.state is not LoopState.ENDED and silent > SILENT_AFTER:
        words += f"; it has not been heard of for {_short(silent)}"
    switch = {True: "paused", False: "unpaused", None: "Airflow does not say whether it is paused"}[paused]
    failing = f"\n{'':<10}beside the batches: {loop.failing_chore}" if loop.failing_chore else ""
    return f"{'loop':<10}{words} ({DAG_ID}: {switch}; run {loop.run_id}){failing}"


def _batch_lines(last: Batch | None, in_flight: Batch | None, now: datetime) -> Iterator[str]:
    if last is None or last.merged_at is None:
        yield f"{'batch':<10}none is merged yet"
    else:
        took = _short(last.merged_at - last.started_at)
        yield (
            f"{'batch':<10}{last.id} was merged {_short(now - last.merged_at)} ago: "
            f"{last.rows_landed or 0} rows in {took}"
        )
    if in_flight is not None:
        yield (
            f"{'':<10}{in_flight.id} is {in_flight.state} for {_short(now - in_flight.started_at)}"
            + (f", attempt {in_flight.attempts}" if in_flight.attempts > 1 else "")
            + (f": {in_flight.last_error}" if in_flight.last_error else "")
        )


def _slot() -> Iterator[str]:
    from lakehouse.stream.assembly import source_watch

    watch = source_watch()
    slot = watch.slot()
    watch.close()
    if slot is None:
        yield "the source cannot be asked"
    elif not slot.exists:
        yield f"{slot.name} does not exist: the first sync makes it; after that its changes are lost"
    elif slot.lost:
        yield f"{slot.name} is lost: see docs/runbooks/stream.md"
    else:
        yield f"{slot.name} is {_bytes(slot.behind)} behind, {_bytes(slot.retained)} of log are kept for it"


def _files() -> Iterator[str]:
    from lakehouse.dremio.hook import DremioHook
    from lakehouse.stream.hot import HotTables
    from lakehouse.stream.plan import STREAMS

    hot = HotTables(DremioHook().get_conn(), platform_postgres())
    yield ", ".join(f"hot.{stream} {hot.file_count(stream)}" for stream in STREAMS)


def _edge() -> Iterator[str]:
    from lakehouse.dremio.hook import DremioHook
    from lakehouse.stream.edge import Edge

    position = Edge(DremioHook().get_conn(), platform_postgres()).current()
    yield f"orders before {position.business_date} are gold's, unless the stream has a newer version"


def _seam() -> Iterator[str]:
    from lakehouse.stream.seam_command import status_lines

    yield from status_lines(platform_postgres())


def _lag() -> Iterator[str]:
    yield "bin/stream lag"


def _short(length: timedelta) -> str:
    seconds = max(0.0, length.total_seconds())
    if seconds < 90:
        return f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _bytes(size: int | None) -> str:
    if size is None:
        return "an unknown size"
    return f"{size / 1024**2:.1f} MiB" if size >= 1024**2 else f"{size / 1024:.0f} KiB"
