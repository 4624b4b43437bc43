"""Which transactions a first read has seen."""

from __future__ import annotations

_HALF = 1 << 31
_MASK = (1 << 32) - 1


class Seen:
    """A `pg_current_snapshot()`, "xmin:xmax:running,...": the transactions visible in it.

    The log names transactions by the lower 32 bits of their number only, which wrap around: numbers are
    compared within half a circle, as PostgreSQL does.
    """

    def __init__(self, snapshot: str) -> None:
        oldest, newest, running = snapshot.split(":")
        self._oldest = int(oldest) & _MASK
        self._newest = int(newest) & _MASK
        self._running = {int(number) & _MASK for number in running.split(",") if number}

    def includes(self, xid: int) -> bool:
        """For a transaction that has committed."""
        if _before(xid, self._oldest):
            return True
        return _before(xid, self._newest) and xid not in self._running


def _before(one: int, other: int) -> bool:
    return (one - other) & _MASK >= _HALF
