"""An event that a signal handler may set while the thread that it interrupts waits for it."""

from __future__ import annotations

import select
import socket
from threading import Event


class StopEvent(Event):
    """As `threading.Event`, whose `set` takes a lock that the interrupted thread may hold at that moment:
    then the handler never returns, and the process does not end. Here `set` only writes to a socket.

    What is told stays told: it cannot be cleared.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_told = False
        self._reader, self._writer = socket.socketpair()

    def is_set(self) -> bool:
        """Has somebody set it?"""
        return self._is_told

    def set(self) -> None:
        """Wake all who wait, now and later."""
        if not self._is_told:
            self._is_told = True
            self._writer.send(b".")  # which nobody reads, so that it wakes everybody

    def clear(self) -> None:
        """Raises TypeError."""
        raise TypeError("a process that was told to stop cannot be told otherwise")

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is set, or so many seconds have passed; whether it is set."""
        if not self._is_told:
            written = select.poll()
            written.register(self._reader, select.POLLIN)
            written.poll(None if timeout is None else max(timeout, 0.0) * 1000)
        return self._is_told
