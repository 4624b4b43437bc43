"""Slows guessing of passwords down without shutting anybody else out.

A guesser tries many passwords; a client whose password was changed tries one again and again. So the same
wrong password counts once, and one that was right before is checked whoever guesses meanwhile: a service
with an old password, or a guesser, does not lock out those who know the right one.
"""

import hashlib
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from dremio_engine.errors import TooMany

FREE_FAILURES = 5
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
REMEMBERED = 10_000


@dataclass(frozen=True)
class _Failures:
    """In a row. `until`: the monotonic time until which the pair has to wait; `last`: the password's mark."""

    count: int = 0
    until: float = 0.0
    last: bytes = b""


class LoginThrottle:
    """Counts failures in a row per user name and client address: others of either do not notice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: OrderedDict[tuple[str, str], _Failures] = OrderedDict()
        # Passwords are kept as marks that mean nothing outside this process.
        self._key = secrets.token_bytes(32)
        self._right_before: dict[str, bytes] = {}

    def check(self, name: str, address: str, password: str) -> None:
        """Raises TooMany while this pair has to wait, and this password was never right."""
        with self._lock:
            until = self._failures.get((name.lower(), address), _Failures()).until
            if hmac.compare_digest(self._right_before.get(name.lower(), b""), self._mark(name, password)):
                return
        left = until - time.monotonic()
        if left > 0:
            raise TooMany(f"Login failed: too many attempts for this user; try again in {left:.0f} s.")

    def failed(self, name: str, address: str, password: str) -> None:
        """A wrong password: each other one than the one before doubles the wait, after a few."""
        key, mark = (name.lower(), address), self._mark(name, password)
        with self._lock:
            known = self._failures.pop(key, _Failures())
            if not hmac.compare_digest(known.last, mark):
                known = _Failures(known.count + 1, time.monotonic() + _wait_after(known.count + 1), mark)
            self._failures[key] = known
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str, password: str) -> None:
        """The right password: failures of before are forgotten."""
        with self._lock:
            self._failures.pop((name.lower(), address), None)
            self._right_before[name.lower()] = self._mark(name, password)

    def _mark(self, name: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{name.lower()}\0{password}".encode(errors="replace"), hashlib.sha256)


def _wait_after(failures: int) -> float:
    over = failures - FREE_FAILURES
    return min(FIRST_WAIT_SECONDS * 2 ** min(over, 10), LONGEST_WAIT_SECONDS) if over >= 0 else 0.0
