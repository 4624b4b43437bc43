"""Work that is repeated: each loop in a thread of its own, so that a slow or broken one holds up no other."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

log = logging.getLogger(__name__)

LONGEST_PAUSE_FACTOR: Final = 8
"""A loop that fails again and again is tried this many times less often."""
JOIN_SECONDS: Final = 5.0
FIRST_ROUND_SECONDS: Final = 300.0
"""A first round that takes longer than this is said to be stuck, as any later one that takes ten periods."""


@dataclass(frozen=True)
class Loop:
    """What is done, and every how many seconds; `act` may raise anything."""

    name: str
    seconds: float
    act: Callable[[], Any]


@dataclass(frozen=True)
class LoopState:
    """How a loop does. Seconds are since then, by a clock that nobody sets."""

    name: str
    seconds: float
    rounds: int
    failures: int
    error: str | None
    since_success: float | None
    since_start: float | None
    """Of the round that runs now; None between rounds."""

    @property
    def is_stuck(self) -> bool:
        """A round has taken far longer than the loop's period."""
        longest = max(10 * self.seconds, FIRST_ROUND_SECONDS)
        return self.since_start is not None and self.since_start > longest


class RunningLoop:
    """One loop in its thread."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self._stop = threading.Event()
        self._rounds = 0
        self._failures = 0
        self._in_a_row = 0
        self._error: str | None = None
        self._succeeded: float | None = None
        self._started: float | None = None
        # A daemon: a round that hangs must not keep the process from leaving.
        self._thread = threading.Thread(target=self._run, name=loop.name, daemon=True)

    def start(self) -> None:
        """Begin with the first round at once."""
        self._thread.start()

    def stop(self) -> None:
        """No further round; waits a little for the one that runs."""
        self._stop.set()

    def join(self) -> None:
        """Wait a little for the round that runs."""
        self._thread.join(JOIN_SECONDS)

    def state(self) -> LoopState:
        """As it is now."""
        now = time.monotonic()
        return LoopState(
            self.loop.name,
            self.loop.seconds,
            self._rounds,
            self._failures,
            self._error,
            None if self._succeeded is None else now - self._succeeded,
            None if self._started is None else now - self._started,
        )

    def _run(self) -> None:
        while not self._stop.is_set():
            self._started = time.monotonic()
            self._round()
            self._started = None
            factor = min(2 ** max(0, self._in_a_row - 1), LONGEST_PAUSE_FACTOR)
            self._stop.wait(self.loop.seconds * factor)

    def _round(self) -> None:
        try:
            self.loop.act()
        except Exception as error:  # noqa: BLE001  the loop goes on; its state and the log say what was wrong
            self._failures += 1
            self._in_a_row += 1
            self._error = f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
            log.warning("loop %s failed %d times in a row: %s", self.loop.name, self._in_a_row, self._error)
        else:
            self._in_a_row = 0
            self._error = None
            self._succeeded = time.monotonic()
        self._rounds += 1


class Loops:
    """All loops of the process."""

    def __init__(self, loops: Sequence[Loop]) -> None:
        self._running = [RunningLoop(loop) for loop in loops]

    def start(self) -> None:
        """Start every loop."""
        for each in self._running:
            each.start()

    def stop(self) -> None:
        """Tell every loop to end, then wait for them side by side."""
        for each in self._running:
            each.stop()
        for each in self._running:
            each.join()

    def states(self) -> list[LoopState]:
        """How each does."""
        return [each.state() for each in self._running]
