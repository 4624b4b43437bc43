"""Rebuilding a hot table from landing, while the stream and its readers go on.

A new table is filled with everything that landed: from bronze what retention has deleted from landing since,
from landing the rest. Then, with the stream's merges held up for a moment, what landed meanwhile is added,
and one statement makes `hot.<stream>` show the new table. The old one is dropped by the next rebuild: a query
that began on it reads it to its end.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from lakehouse.bronze.parquet_writer import PART_BYTES
from lakehouse.bronze.partition_builder import build_partition
from lakehouse.bronze.scratch import scratch_folder
from lakehouse.landing.reader import LandedFile, LandingReader
from lakehouse.platform.database import Lock, PostgresConnections, exclusively, transaction
from lakehouse.platform.lake_layout import (
    landing_folder,
    landing_key_floor,
    landing_key_moment,
    parse_landing_key,
    stream_rebuild_key,
)
from lakehouse.platform.storage import LakeObject, LakeStorage
from lakehouse.stream.expired_landing import bronze_files, join_files
from lakehouse.stream.hot import HotBatch, HotTables, writer_lock
from lakehouse.stream.hot_layout import HotTable
from lakehouse.stream.ledger import StreamLedger

CHUNK_FILES: Final = 500
"""Landing objects that are read together: most hold the few rows of one micro-batch."""
CHUNK_BYTES: Final = 256 * 1024**2
CATCH_UP_FILES: Final = 20
"""So few new objects are added while the stream's merges wait: they take a second or two."""
OVERLAP: Final = timedelta(hours=1)
"""An object may appear with a key so much older than the newest one: its sync began earlier."""
_WAIT_SECONDS: Final = 5


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did."""

    stream: str
    table: str
    landing_files: int
    rows: int
    """Rows read from landing: versions, not keys."""
    held_up_seconds: float
    """How long the stream's merges had to wait."""


class Rebuild:
    """Rebuilds hot tables.

    Args:
        hot: the hot tables.
        postgres: the platform's database.
        storage: the lake's bucket.
        ledger: which batch was merged last.
    """

    def __init__(
        self, hot: HotTables, postgres: PostgresConnections, storage: LakeStorage, ledger: StreamLedger
    ) -> None:
        self._hot = hot
        self._postgres = postgres
        self._storage = storage
        self._ledger = ledger

    def run(self, stream: str) -> Rebuilt:
        """Fill a new table from landing and put it in the old one's place. One that dies has changed nothing.

        Raises:
            LockHeldError: another rebuild of the stream is running.
            LandingFileUnreadableError: an object is truncated or is not Parquet.
            ScratchFullError: this machine's disk is full.
            KeyError: no such stream.
        """
        lock = Lock("hot rebuild", stream)
        with exclusively(self._postgres, lock, f"bin/stream rebuild {stream}", _WAIT_SECONDS):
            table = self._hot.create_next_table(stream)
            filling = _Filling(self._hot, self._storage, table, self._last_batch())
            filling.add_expired()
            filling.add_new()
            while len(filling.new()) > CATCH_UP_FILES:
                filling.add_new()
            self._hot.tidy(table)
            with transaction(self._postgres, writer_lock(stream)):
                started = time.monotonic()
                filling.add_new()
                self._hot.show(table)
                held_up = time.monotonic() - started
            return Rebuilt(stream, ".".join(table.path), len(filling.seen), filling.rows, held_up)

    def _last_batch(self) -> int:
        batch = self._ledger.last_merged()
        return 0 if batch is None else batch.id


class _Filling:
    """A new table, and the landing objects that it has."""

    def __init__(self, hot: HotTables, storage: LakeStorage, table: HotTable, batch_id: int) -> None:
        self._hot = hot
        self._storage = storage
        self._table = table
        self._batch_id = batch_id
        self._parts = 0
        self._floor = ""
        self.seen: set[str] = set()
        self.rows = 0

    def new(self) -> list[LakeObject]:
        """The landing objects that the table lacks."""
        contract = self._table.contract
        listed = self._storage.objects(landing_folder(contract.source, contract.stream), self._floor)
        return [item for item in listed if parse_landing_key(item.key) and item.key not in self.seen]

    def add_expired(self) -> None:
        """Add from bronze what retention has taken from landing: the days up to landing's oldest object."""
        contract = self._table.contract
        moments = (landing_key_moment(item.key) for item in self.new())
        oldest = min((moment for moment in moments if moment is not None), default=None)
        for chunk in _chunks(bronze_files(self._storage, contract, oldest.date() if oldest else None)):
            with scratch_folder(contract.stream) as folder:
                path = folder / "expired.parquet"
                rows, truncated_at = join_files(self._storage, contract, chunk, path)
                self._merge([path], rows, truncated_at)

    def add_new(self) -> None:
        """Add them; the next listing begins an hour before the newest."""
        for chunk in _chunks(self.new()):
            self._add(chunk)
        newest = landing_key_moment(max(self.seen, default=""))
        if newest is not None:
            contract = self._table.contract
            self._floor = landing_key_floor(contract.source, contract.stream, newest - OVERLAP)

    def _add(self, chunk: Sequence[LakeObject]) -> None:
        contract = self._table.contract
        with scratch_folder(contract.stream) as folder:
            landed = []
            for number, item in enumerate(chunk):
                path = folder / f"landing_{number}.parquet"
                self._storage.download(item.key, path)
                landed.append(LandedFile(item.key, path))
            built = build_partition(contract, LandingReader(landed), folder, PART_BYTES)
            self._merge([part.path for part in built.parts], built.rows_loaded, built.truncated_at)
        self.seen.update(item.key for item in chunk)
        self.rows += built.rows_in

    def _merge(self, paths: Sequence[Path], rows: int, truncated_at: int | None) -> None:
        """Merge local files, which must be in the lake for that."""
        contract, keys = self._table.contract, []
        try:
            for path in paths:
                self._parts += 1
                keys.append(stream_rebuild_key(contract.stream, self._table.number, self._parts))
                self._storage.upload(path, keys[-1])
            batch = HotBatch(contract.stream, self._batch_id, tuple(keys), rows, truncated_at)
            self._hot.merge_into(self._table, batch, rebuilding=True)
            self._hot.empty_incoming(self._table)
        finally:
            for key in keys:
                self._storage.delete(key)


def _chunks(objects: Sequence[LakeObject]) -> Iterator[list[LakeObject]]:
    chunk: list[LakeObject] = []
    for item in objects:
        if chunk and (len(chunk) >= CHUNK_FILES or sum(each.size for each in chunk) >= CHUNK_BYTES):
            yield chunk
            chunk = []
        chunk.append(item)
    if chunk:
        yield chunk
