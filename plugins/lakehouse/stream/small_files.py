"""The small bronze files of a past hour become one, so that a day of streaming leaves few of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.bronze.parquet_writer import ROW_GROUP_ROWS, WRITE_SETTINGS
from lakehouse.bronze.scratch import scratch_folder
from lakehouse.platform.lake_layout import stream_hour_key
from lakehouse.platform.storage import LakeStorage
from lakehouse.stream.ledger import StreamLedger

log = logging.getLogger(__name__)

SETTLED_AFTER: Final = timedelta(minutes=5)
"""How long after its end an hour's files are joined: who has just listed them can still read them."""


@dataclass(frozen=True)
class BatchFile:
    """A bronze file of one batch."""

    stream: str
    day: date
    hour: datetime
    batch_id: int
    key: str
    rows: int


class SmallFiles:
    """Joins files. Whatever dies in between, each row is in a file that the ledger names."""

    def __init__(self, ledger: StreamLedger, storage: LakeStorage) -> None:
        self._ledger = ledger
        self._storage = storage

    def join(self, now: datetime) -> int:
        """Join the files of the hours that are over; how many files went.

        The joined file is stored first, then the ledger is told, then the small ones are deleted. A reader of
        the folder may see a row twice for a moment, in the same version, and never miss one.
        """
        gone = 0
        for key in self._ledger.joined_leftovers():
            self._storage.delete(key)
            self._ledger.left_over_deleted(key)
            gone += 1
        for files in self._ledger.files_to_join(now - SETTLED_AFTER):
            gone += self._join(files)
        return gone

    def _join(self, files: Sequence[BatchFile]) -> int:
        first, last = files[0], files[-1]
        key = stream_hour_key(first.stream, first.day, first.batch_id, last.batch_id)
        with scratch_folder(first.stream) as folder:
            joined = folder / "joined.parquet"
            size = self._write(files, folder, joined)
            self._storage.upload(joined, key)
        self._ledger.joined(files, key, size)
        for file in files:
            self._storage.delete(file.key)
            self._ledger.left_over_deleted(file.key)
        log.info(
            "%s: %s bronze files of %s to %s are one now",
            first.stream,
            len(files),
            first.batch_id,
            last.batch_id,
        )
        return len(files)

    def _write(self, files: Sequence[BatchFile], folder: Path, joined: Path) -> int:
        tables = []
        for file in files:
            path = folder / f"batch_{file.batch_id}.parquet"
            self._storage.download(file.key, path)
            tables.append(pq.read_table(path))
            path.unlink()
        table = pa.concat_tables(tables, promote_options="permissive")
        pq.write_table(table.combine_chunks(), joined, row_group_size=ROW_GROUP_ROWS, **WRITE_SETTINGS)
        return joined.stat().st_size
