"""The newest records of a stream: which of those the source sends again have been delivered already.

An API that continues from its last cursor sends the records of that very moment again, in every sync,
forever; with a `lookback_window` also those of the time before it. Leaving out all of them would lose the
ones that came later with an older or the same value. So the content of the newest records is remembered, and
only an exact copy is left out.

One record of the year 9999 would be the last one that ever comes. What is later than the sync's own clock is
beyond the horizon: such records are delivered, and never become the cursor.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

REMEMBERED: Final = 5_000
"""Records; those with the very last cursor are remembered however many they are."""
_AHEAD: Final = dt.timedelta(days=1)
"""How far the clock and the time zone of a source may be ahead of ours."""


class Boundary:
    """Follows one stream's greatest cursor value and its newest records.

    Saved as {"cursor": the greatest value within the horizon, "newest": [[cursor, [digests of records]]]}.
    An earlier version saved {"cursor", "digests": of the records with that cursor}.
    """

    def __init__(
        self, cursor_field: str, saved: Mapping[str, Any] | None, now: dt.datetime | None = None
    ) -> None:
        self._cursor_field = cursor_field
        self._saved = dict(saved or {})
        self._horizon = (now or dt.datetime.now(dt.UTC)) + _AHEAD
        self._delivered = {digest for _, digest in _newest(self._saved)}
        self._least = min((_order(cursor) for cursor, _ in _newest(self._saved)), default=None)
        self.greatest: Any = self._saved.get("cursor")
        """Within the horizon; None when no record was."""
        self._records: list[tuple[Any, Mapping[str, Any]]] = []
        self.beyond = 0
        """Records of this sync that are beyond the horizon."""

    def is_new(self, record: Mapping[str, Any]) -> bool:
        """Take note of the record; False for an exact copy of one that an earlier sync delivered."""
        cursor = record.get(self._cursor_field)
        if cursor is None or isinstance(cursor, dict | list):
            return True
        if self.is_beyond(cursor):
            self.beyond += 1
        elif self.greatest is None or _order(cursor) > _order(self.greatest):
            self.greatest = cursor
        self._records.append((cursor, record))
        if len(self._records) > 4 * REMEMBERED:
            self._records = list(self._kept(self._records))
        if self._least is None or _order(cursor) < self._least:
            return True
        return _digest(record) not in self._delivered

    def is_beyond(self, cursor: Any) -> bool:
        """Is it a time that has not come yet?"""
        try:
            moment = dt.datetime.fromisoformat(cursor)
        except (TypeError, ValueError):
            return False
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)) > self._horizon

    def to_save(self) -> dict[str, Any]:
        """What the next sync needs; unchanged when nothing came."""
        if not self._records:
            return self._saved
        came = [(cursor, _digest(record)) for cursor, record in self._kept(self._records)]
        newest: dict[str, tuple[Any, set[str]]] = {}
        for cursor, digest in self._kept([*_newest(self._saved), *came]):
            newest.setdefault(json.dumps(cursor), (cursor, set()))[1].add(digest)
        return {
            "cursor": self.greatest,
            "newest": [[cursor, sorted(digests)] for cursor, digests in newest.values()],
        }

    def _kept(self, pairs: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        """Those with the greatest cursors, the greatest first."""
        ordered = sorted(pairs, key=lambda pair: _order(pair[0]), reverse=True)
        for number, pair in enumerate(ordered):
            if number < REMEMBERED or pair[0] == self.greatest:
                yield pair


def _newest(saved: Mapping[str, Any]) -> list[tuple[Any, str]]:
    if "newest" in saved:
        return [(cursor, digest) for cursor, digests in saved["newest"] for digest in digests]
    return [(saved["cursor"], digest) for digest in saved.get("digests", ())]


def _order(cursor: Any) -> tuple[bool, Any]:
    """Numbers before texts: an API may send both."""
    return isinstance(cursor, str), cursor


def _digest(record: Mapping[str, Any]) -> str:
    content = json.dumps(record, sort_keys=True, default=str).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
