"""The small bronze files of past minutes become one, so that a day of streaming leaves few of them.

First those of ten minutes, then those of an hour: whoever reads the folder never meets more than a few
hundred, and a day ends with one file for each hour. A thread beside the loop does it: a thousand small reads
would hold the batches up for a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.bronze.parquet_writer import ROW_GROUP_ROWS, WRITE_SETTINGS
from lakehouse.bronze.scratch import scratch_folder
from lakehouse.platform.database import Lock, PostgresConnections, exclusively, transaction
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.lake_layout import stream_joined_key
from lakehouse.platform.sql_files import read_sql
from lakehouse.platform.storage import LakeStorage
from lakehouse.stream.plan import CONNECTION

log = logging.getLogger(__name__)

WIDTHS: Final = (timedelta(minutes=10), timedelta(hours=1))
SETTLED_AFTER: Final = timedelta(minutes=2)
"""How long after their time is over files are joined."""
LOOK_SECONDS: Final = 60.0
LOCK_SECONDS: Final = 5
SMALL_FILES_LOCK: Final = Lock("stream small files", CONNECTION)
"""Held while files are joined, and by whatever reads all of them at once."""


@dataclass(frozen=True)
class _Group:
    """Files of one stream whose batches started within the same minutes."""

    stream: str
    day: date
    first_batch: int
    last_batch: int
    keys: tuple[str, ...]

    @property
    def joined_key(self) -> str:
        return stream_joined_key(self.stream, self.day, self.first_batch, self.last_batch)


class SmallFiles:
    """Joins files of merged batches. Whatever dies in between, the ledger names a file that has each row."""

    def __init__(
        self, postgres: PostgresConnections, storage: LakeStorage, connection: str = CONNECTION
    ) -> None:
        self._postgres = postgres
        self._storage = storage
        self._connection = connection

    def join(self) -> int:
        """Join what is over; how many files went.

        The joined file is stored first, then the ledger is told, then the small ones are deleted. A reader of
        the folder may see a row twice for a moment, in the same version, and never misses one.

        Raises:
            StorageUnavailableError, PlatformDatabaseUnavailableError, ScratchFullError: it goes on next time.
            LockHeldError: another process is at it.
        """
        with exclusively(self._postgres, SMALL_FILES_LOCK, "small files of the stream", LOCK_SECONDS):
            gone = self._delete_leftovers()
            for width in WIDTHS:
                for group in self._groups(width):
                    self._join(group)
                    gone += self._delete_leftovers()
            return gone

    def _groups(self, width: timedelta) -> list[_Group]:
        values = {"connection": self._connection, "width": width, "settled_after": SETTLED_AFTER}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/stream/select_files_to_join.sql"), values)
            return [
                _Group(stream, day, int(first), int(last), tuple(keys))
                for stream, day, first, last, keys in cursor.fetchall()
            ]

    def _join(self, group: _Group) -> None:
        with scratch_folder(group.stream) as folder:
            joined = folder / "joined.parquet"
            _write(self._fetched(group.keys, folder), joined)
            self._storage.upload(joined, group.joined_key)
        values: dict[str, Any] = {
            "stream": group.stream,
            "joined_key": group.joined_key,
            "keys": list(group.keys),
        }
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/stream/update_loads_joined.sql"), values)
            cursor.execute(read_sql("postgres/stream/insert_leftovers.sql"), values)
        log.info(
            "%s: %s bronze files of batches %s to %s are one now",
            group.stream, len(group.keys), group.first_batch, group.last_batch,
        )  # fmt: skip

    def _fetched(self, keys: Sequence[str], folder: Path) -> list[Path]:
        paths = []
        for number, key in enumerate(keys):
            paths.append(folder / f"{number}.parquet")
            self._storage.download(key, paths[-1])
        return paths

    def _delete_leftovers(self) -> int:
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/stream/select_leftovers.sql"))
            keys = [str(key) for (key,) in cursor.fetchall()]
        for key in keys:
            self._storage.delete(key)
        if keys:
            with transaction(self._postgres) as cursor:
                cursor.execute(read_sql("postgres/stream/delete_leftovers.sql"), {"keys": keys})
        return len(keys)


class SmallFilesThread:
    """Joins files every minute, as long as the loop runs."""

    def __init__(self, files: SmallFiles, every_seconds: float = LOOK_SECONDS) -> None:
        self._files = files
        self._every = every_seconds
        self._ended = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._ended.clear()
        self._thread = Thread(target=self._run, name="stream-small-files", daemon=True)
        self._thread.start()

    def stop(self, on_purpose: bool = False) -> None:
        """End after the files that are being joined."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._ended.wait(self._every):
            try:
                self._files.join()
            except LakehouseError as error:
                log.warning("the stream's small files were not joined, trying again: %s", error)


def _write(paths: Sequence[Path], joined: Path) -> None:
    """The rows of the files in their order, in large row groups; at most one row group is held."""
    schema = pa.unify_schemas([pq.read_schema(path) for path in paths], promote_options="permissive")
    with pq.ParquetWriter(joined, schema, **WRITE_SETTINGS) as writer:
        for table in _in_groups(paths, schema):
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)


def _in_groups(paths: Sequence[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    for path in paths:
        table = pq.read_table(path)
        held.append(
            pa.concat_tables([schema.empty_table(), table], promote_options="permissive").cast(schema)
        )
        if sum(map(len, held)) >= ROW_GROUP_ROWS:
            yield pa.concat_tables(held).combine_chunks()
            held = []
    if held:
        yield pa.concat_tables(held).combine_chunks()
