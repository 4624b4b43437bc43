"""Lets any number of sessions in, or one that must be alone."""

import contextlib
import threading
import time
from collections.abc import Iterator

from dremio_engine.errors import Busy

DRAIN_SECONDS = 60.0


class Gate:
    """Thread-safe. A thread that is inside already passes again: it must not wait for itself."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed_for: str | None = None
        self._nesting = _Nesting()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Be inside. Raises Busy when it stays closed for DRAIN_SECONDS."""
        with self._changed:
            if self._nesting.depth == 0 and not self._changed.wait_for(
                lambda: self._closed_for is None, timeout=DRAIN_SECONDS
            ):
                raise Busy(f"Not now: {self._closed_for}.")
            self._inside += 1
        self._nesting.enter()
        try:
            yield
        finally:
            self._nesting.leave()
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def alone(self, reason: str, patience: float) -> Iterator[None]:
        """Be inside with nobody else. Raises Busy when the others have not left after `patience` seconds."""
        with self._changed:
            if self._closed_for is not None:
                raise Busy(f"Not now: {self._closed_for}.")
            self._closed_for = reason
            drained = self._changed.wait_for(lambda: self._inside == 0, timeout=patience)
        try:
            if not drained:
                raise Busy("Statements are still running; try again when they have ended.")
            yield
        finally:
            with self._changed:
                self._closed_for = None
                self._changed.notify_all()

    def close(self, reason: str, patience: float) -> None:
        """Let nobody in from now on; returns when all have left, or after `patience` seconds."""
        deadline = time.monotonic() + patience
        with self._changed:
            self._closed_for = reason
            while self._inside and time.monotonic() < deadline:
                self._changed.wait(0.1)


class _Nesting(threading.local):
    """How often the current thread is inside."""

    depth = 0

    def enter(self) -> None:
        self.depth += 1

    def leave(self) -> None:
        self.depth -= 1
