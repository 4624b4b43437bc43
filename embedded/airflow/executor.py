"""Airflow's LocalExecutor, which lets the scheduler look round when something has happened, and else seldom.

The scheduler looks for work in a loop, some dozen queries and 70 ms of processor time each time, and
`scheduler_idle_sleep_time` is its one pace for night and day: what makes a chain of short tasks prompt keeps
a machine busy that only waits for its tasks.
"""

from __future__ import annotations

import gc
import time
from multiprocessing.connection import wait
from typing import Any, Final

from airflow.executors.local_executor import LocalExecutor

from embedded.airflow import wakeup

LONGEST_PAUSE_SECONDS: Final = 3.0
"""The longest delay of what the executor is not notified of: the hour of a scheduled run, a changed DAG."""
ROUNDS_AT_ONCE: Final = 2
"""Rounds without a pause after something has happened. The first one does nearly all that follows from it: it
ends the run, makes the runs that wait for its assets and starts their first tasks."""
SHORTEST_PAUSE_SECONDS: Final = 0.5
PAUSE_SHARE: Final = 0.35
"""The pause as a share of the time in which nothing has happened."""


class CalmLocalExecutor(LocalExecutor):
    """A LocalExecutor that pauses the scheduler's loop while nothing happens: until a task has finished, or a
    component notifies it of a change."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._happened_at = time.monotonic()
        self._rounds_since = 0
        self._running_before = 0

    def start(self) -> None:
        """Fork the workers."""
        super().start()
        # LocalExecutor thaws what it had frozen, and the collector would copy what the components share.
        gc.freeze()

    def sync(self) -> None:
        """Take up what tasks have reported. Called once in every round of the scheduler's loop."""
        super().sync()
        if self.event_buffer or len(self.running) != self._running_before:
            self._running_before = len(self.running)
            self._happened()
            return
        self._rounds_since += 1
        if self._rounds_since < ROUNDS_AT_ONCE:
            return
        quiet = time.monotonic() - self._happened_at
        pause = min(max(PAUSE_SHARE * quiet, SHORTEST_PAUSE_SECONDS), LONGEST_PAUSE_SECONDS)
        # The queue's own end has no public name; `get` and `empty` cannot wait for so long at most.
        if wait([self.result_queue._reader, *wakeup.readers()], pause):
            self._happened()
            wakeup.drain()
            super().sync()

    def _happened(self) -> None:
        self._happened_at = time.monotonic()
        self._rounds_since = 0
