"""An event that a signal handler may set while the thread that it interrupts waits for it."""

from __future__ import annotations

import select
import socket
from threading import Event


class StopEvent(Event):
    """As `threading.Event`, whose `set` takes a lock that the interrupted thread may hold at that moment:
    then the handler never returns, and the process does not end. Here `set` only writes to a socket.

    Once set it stays set.
    """

    def __init__(self) -> None:
        super().__init__()
        self._flag_is_set = False
        self._reader, self._writer = socket.socketpair()

    def is_set(self) -> bool:
        """Has somebody set it?"""
        return self._flag_is_set

    def set(self) -> None:
        """Wake all who wait, now and later."""
        if not self._flag_is_set:
            self._flag_is_set = True
            self._writer.send(b".")  # which nobody reads, so that it wakes everybody

    def clear(self) -> None:
        """Raises TypeError."""
        raise TypeError("a StopEvent stays set")

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is set, or so many seconds have passed; whether it is set."""
        if not self._flag_is_set:
            written = select.poll()
            written.register(self._reader, select.POLLIN)
            written.poll(None if timeout is None else max(timeout, 0.0) * 1000)
        return self._flag_is_set
