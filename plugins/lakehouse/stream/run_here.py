"""`bin/stream run`: the loop in this process. Ctrl-C or SIGTERM ends it when its batch is merged."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import sys
from datetime import UTC, datetime, timedelta

_FOREVER = timedelta(days=36500)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How long, and how often while idle."""
    parser.add_argument("--seconds", type=float, help="end after so many seconds; by default never")
    parser.add_argument(
        "--heartbeat", type=float, metavar="SECONDS", help="between two syncs of an idle stream"
    )


def run(options: argparse.Namespace) -> int:
    """Run the loop until it is told to end.

    Raises: as StreamLoop.run does.
    """
    # boto3, pyarrow and pydantic: the other commands start without them.
    from lakehouse.platform.database import platform_postgres
    from lakehouse.stream.assembly import stream_loop
    from lakehouse.stream.loop_state import LoopRecord
    from lakehouse.stream.surroundings import Pace

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("lakehouse").setLevel(logging.INFO)
    LoopRecord(platform_postgres()).notice()  # whoever starts it by hand does not want it to wait
    loop = stream_loop(pace=Pace(heartbeat_seconds=options.heartbeat) if options.heartbeat else None)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.leave())
    run_id = f"process__{socket.gethostname()}-{os.getpid()}__{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    ended = loop.run(run_id, timedelta(seconds=options.seconds) if options.seconds else _FOREVER)
    print(f"{ended.batches} batches, {ended.rows} rows: {ended.why}")
    return 0
