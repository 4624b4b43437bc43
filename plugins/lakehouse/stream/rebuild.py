"""Rebuilding a hot table from landing, while the stream and its readers go on.

A new table is filled with everything that landed. Then, with the stream's merges held up for a moment, what
landed meanwhile is added, and one statement makes `hot.<stream>` show the new table.
"""

from __future__ import annotations

from dataclasses import dataclass

from lakehouse.platform.storage import LakeStorage
from lakehouse.stream.hot import HotTables


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    stream: str
    table: str
    landing_files: int
    rows: int
    held_up_seconds: float
    """How long the stream's merges had to wait."""


class Rebuild:
    """Rebuilds hot tables."""

    def __init__(self, hot: HotTables, storage: LakeStorage) -> None:
        self._hot = hot
        self._storage = storage

    def run(self, stream: str) -> Rebuilt:
        """Fill a new table from landing and put it in the old one's place."""
        raise NotImplementedError
