"""python -m tests.stream.one_loop: the stream's loop without Airflow, as the DAG's task builds it.

SIGTERM ends it between two batches; after a failed run it waits a second, where Airflow's next run waits for
minutes.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from datetime import timedelta

from lakehouse.stream.assembly import stream_loop
from lakehouse.stream.surroundings import Pace

PACE = Pace(wait_after_failure=timedelta(seconds=1), give_up_after=timedelta(minutes=5))
AN_HOUR = timedelta(hours=1)


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    loop = stream_loop(pace=PACE)
    signal.signal(signal.SIGTERM, lambda *_: loop.leave())
    ended = loop.run(f"process {os.getpid()}", AN_HOUR)
    logging.getLogger(__name__).info("%s batches, %s rows: %s", ended.batches, ended.rows, ended.why)
    return 0


if __name__ == "__main__":
    sys.exit(main())
