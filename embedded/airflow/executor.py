"""Airflow's LocalExecutor, which lets the scheduler look round seldom while there is nothing to run.

The scheduler looks for work in a loop, some dozen queries each time, and `scheduler_idle_sleep_time` is its
one pace for night and day: what makes a chain of short tasks prompt keeps an idle machine busy.
"""

from __future__ import annotations

import gc
import time
from typing import Any, Final

from airflow.executors.local_executor import LocalExecutor

LINGER_SECONDS: Final = 20.0
"""Between the stages of a night no task runs for a moment: the pace stays until nothing has for so long."""
IDLE_PAUSE_SECONDS: Final = 0.8
"""What is started by hand on an idle platform waits for at most this and the scheduler's own pause."""


class CalmLocalExecutor(LocalExecutor):
    """A LocalExecutor that pauses the scheduler's loop once no task has run for a while."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._busy_at = time.monotonic()

    def start(self) -> None:
        """Fork the workers."""
        super().start()
        # LocalExecutor thaws what it had frozen, and the collector would copy what the components share.
        gc.freeze()

    def sync(self) -> None:
        """Take up what tasks have reported. Called once in every round of the scheduler's loop."""
        super().sync()
        if self.running or self.event_buffer:
            self._busy_at = time.monotonic()
        elif time.monotonic() - self._busy_at > LINGER_SECONDS:
            time.sleep(IDLE_PAUSE_SECONDS)
