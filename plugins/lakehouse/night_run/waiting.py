"""A word on the screen while Airflow is away: once when it goes, and then every half minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from rich.console import Console

AGAIN_SECONDS: Final = 30.0
"""Between two words on the same outage."""
NEW_OUTAGE_SECONDS: Final = 10.0
"""Calls that are repeated follow each other within a second: after this pause it is another outage."""


class WaitTold:
    """Says what a call waits for; give `waits` to AirflowApi as `on_wait`.

    Args:
        console: where to say it.
        patience_seconds: how long a call is repeated.
        clock: seconds that only grow.
    """

    def __init__(
        self, console: Console, patience_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._console = console
        self._patience = patience_seconds
        self._clock = clock
        self._last_call: float | None = None
        self._last_word = 0.0

    def waits(self, error: str) -> None:
        """A call failed and is going to be repeated."""
        now = self._clock()
        is_new = self._last_call is None or now - self._last_call > NEW_OUTAGE_SECONDS
        self._last_call = now
        if not is_new and now - self._last_word < AGAIN_SECONDS:
            return
        self._last_word = now
        self._console.print(
            f"{datetime.now(UTC):%H:%M:%S}  waiting for Airflow, at most {self._patience:.0f} s; "
            f"the night goes on meanwhile: {error}",
            markup=False,
            soft_wrap=True,
        )
