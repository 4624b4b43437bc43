"""The records at a cursor's edge: which of those the source sends again have been delivered already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


class Boundary:
    """Follows one stream's greatest cursor value and the records that carry it.

    An API that continues from its last cursor sends the records of that very moment again, in every sync,
    forever. Leaving out those with that cursor would lose the ones that came later with the same value. So
    the content of the boundary's records is remembered, and only an exact copy is left out.
    """

    def __init__(self, cursor_field: str, saved: Mapping[str, Any] | None) -> None:
        self._cursor_field = cursor_field
        self._saved = dict(saved or {})
        self._delivered = set(self._saved.get("digests", ()))
        self._greatest: Any = None
        self._ties: list[Mapping[str, Any]] = []

    def is_new(self, record: Mapping[str, Any]) -> bool:
        """Take note of the record; False for an exact copy of one that an earlier sync delivered."""
        cursor = record.get(self._cursor_field)
        if cursor is None:
            return True
        if self._greatest is None or cursor > self._greatest:
            self._greatest, self._ties = cursor, []
        if cursor == self._greatest:
            self._ties.append(record)
        return cursor != self._saved.get("cursor") or _digest(record) not in self._delivered

    def to_save(self) -> dict[str, Any]:
        """What the next sync needs; unchanged when nothing came."""
        if self._greatest is None:
            return self._saved
        return {"cursor": self._greatest, "digests": sorted({_digest(record) for record in self._ties})}


def _digest(record: Mapping[str, Any]) -> str:
    content = json.dumps(record, sort_keys=True, default=str).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
