"""Slows guessing of passwords down without shutting anybody else out."""

import threading
import time
from collections import OrderedDict

from embedded.dremio.errors import TooMany

FREE_FAILURES = 5
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
REMEMBERED = 10_000


class LoginThrottle:
    """Counts failures in a row per user name and client address: others of either do not notice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # (user name, address) -> (failures in a row, monotonic time until which it has to wait)
        self._failures: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def check(self, name: str, address: str) -> None:
        """Raises TooMany while this pair has to wait."""
        with self._lock:
            _, until = self._failures.get((name.lower(), address), (0, 0.0))
        left = until - time.monotonic()
        if left > 0:
            raise TooMany(f"Login failed: too many attempts for this user; try again in {left:.0f} s.")

    def failed(self, name: str, address: str) -> None:
        """One more wrong password: after a few, each doubles the wait."""
        key = (name.lower(), address)
        with self._lock:
            count = self._failures.pop(key, (0, 0.0))[0] + 1
            over = count - FREE_FAILURES
            wait = min(FIRST_WAIT_SECONDS * 2 ** min(over, 10), LONGEST_WAIT_SECONDS) if over >= 0 else 0.0
            self._failures[key] = (count, time.monotonic() + wait)
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """The right password: failures of before are forgotten."""
        with self._lock:
            self._failures.pop((name.lower(), address), None)
