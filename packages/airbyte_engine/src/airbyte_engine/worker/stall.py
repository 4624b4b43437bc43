"""Notice that nothing moves: a source that accepted the connection and then fell silent sends no error.

Whatever a sync does (rows that arrive, files that are written, a connector that parses) costs processor time.
An attempt whose processes used next to none for the whole of its patience, and gave no sign of life, hangs
in one of its parts. What comes so slowly that it costs next to nothing gives signs: a line of a connector, a
file that grows, a part that is sent (`Outbox.beat`). Each attempt has the whole patience again.
"""

from __future__ import annotations

import os
import signal
import threading
import time

import psutil

from airbyte_engine.worker.protocol import Outbox, WorkerError

_LOOKS = 20
"""In the span of one patience."""
_IDLE_SECONDS = 0.1
_IDLE_SHARE = 0.001
"""Of a processor: what threads that only wait use. DuckDB's take a tenth of it, and less the one that looks
whether a file has grown (`GrowingUpload`); the clocks of connectors tick every 10 ms.
"""


def watch(outbox: Outbox, patience_seconds: float) -> None:
    """Start the watch; it ends this process and its connector when nothing moves."""
    threading.Thread(target=_watch, args=(outbox, patience_seconds), daemon=True).start()


def _watch(outbox: Outbox, patience: float) -> None:
    seen, heard, since = _processor_seconds(), outbox.pulse, time.monotonic()
    while True:
        time.sleep(patience / _LOOKS)
        now, moment = _processor_seconds(), time.monotonic()
        # A connector that ends takes its seconds along: that is movement too.
        if outbox.pulse != heard or abs(now - seen) > _IDLE_SECONDS + _IDLE_SHARE * patience:
            seen, heard, since = now, outbox.pulse, moment
        elif moment - since > patience:
            outbox.failure(
                WorkerError(
                    f"Nothing has moved for {patience:.0f} s (AIRBYTE_MAX_SECONDS_WITHOUT_PROGRESS): the"
                    " source or the store accepts connections and does not answer, or a lock is held there",
                    "transient_error",
                )
            )
            os.killpg(os.getpgid(0), signal.SIGKILL)


def _processor_seconds() -> float:
    """Of this process and its children so far, without what looking at them took."""
    children = psutil.Process().children(recursive=True)
    # Both of these clocks are exact, unlike the ticks in which psutil counts; a look costs more than a tick.
    total = time.process_time() - time.thread_time()
    for process in children:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total
