"""A cache of query results in which one reader computes a missing answer and the others wait for it.

Superset's own cache lets every reader who finds nothing ask the lake: when an answer expires under a hundred
viewers, they all ask at once. Here the first one takes the key's lock. It is a file lock, so it holds between
threads and processes, and ends with a process that dies; it is given back when the answer is stored, or when
the request ends without one. The others wait for the answer. Whoever has waited in vain asks the lake too.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import Any, Final

from flask import after_this_request, g, has_request_context
from flask_caching.backends import FileSystemCache

LOCKS: Final = 256
"""Number of lock files. Keys that share one are only computed one after the other."""
PATIENCE_SECONDS: Final = 30.0
"""How long a reader waits for another's answer: half of what Superset allows a request."""
POLL_SECONDS: Final = 0.02


class SingleFlightCache(FileSystemCache):
    """Flask-Caching's file cache, `CACHE_TYPE` of Superset's query results.

    Its locks are in a folder of their own: the cache deletes what it does not know in its own.
    """

    def __init__(self, cache_dir: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(cache_dir, *args, **kwargs)
        self._locks = Path(f"{cache_dir}.locks")
        self._locks.mkdir(mode=0o700, parents=True, exist_ok=True)

    def get(self, key: str) -> Any:
        """The stored answer; None for the one reader who is to compute it."""
        found = super().get(key)
        if found is not None or key == self._fs_count_file or not has_request_context():
            return found
        held = _held()
        if held:
            # It computes something already: two requests that wait while they hold would wait for each other.
            return None
        slot = self._slot(key)
        lock = self._lock(slot)
        if lock is None:
            return self._wait(key, slot)
        # The answer may have been stored between the look and the lock.
        found = super().get(key)
        if found is None:
            held[slot] = lock
        else:
            os.close(lock)
        return found

    def set(self, key: str, *args: Any, **kwargs: Any) -> Any:
        """Stores the answer and lets those who wait for it have it."""
        stored = super().set(key, *args, **kwargs)
        if key != self._fs_count_file and has_request_context():
            lock = _held().pop(self._slot(key), None)
            if lock is not None:
                os.close(lock)
        return stored

    def _wait(self, key: str, slot: str) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
            found = super().get(key)
            if found is not None:
                return found
            lock = self._lock(slot)
            if lock is not None:
                os.close(lock)
                # The other has ended. Without an answer his query has failed: this reader finds out himself.
                return super().get(key)
        return None

    def _slot(self, key: str) -> str:
        return f"{int(self._hash_method(key.encode()).hexdigest(), 16) % LOCKS:03d}"

    def _lock(self, slot: str) -> int | None:
        """The slot's lock, as an open file; None while another request holds it."""
        file = os.open(self._locks / slot, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return None
        return file


def _held() -> dict[str, int]:
    """The locks that this request holds, by slot; given back at its end, whatever becomes of it."""
    held: dict[str, int] | None = g.get("lakehouse_cache_locks")
    if held is None:
        held = g.lakehouse_cache_locks = {}
        after_this_request(_give_back)
    return held


def _give_back(response: Any) -> Any:
    held = _held()
    while held:
        os.close(held.popitem()[1])
    return response
