"""Writing bronze files with the specification's settings."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_ROWS: Final = 1_000_000

WRITE_SETTINGS: Final[dict[str, Any]] = {
    "compression": "snappy",
    "use_dictionary": True,
    "data_page_size": 1_048_576,
    "write_statistics": True,
}
"""SPEC.md section 3, with `row_group_size=1000000` above."""

PART_BYTES: Final = 1024 * 1024 * 1024
"""A part file that has reached this size is closed after its row group: far below the 5 GB of a single PUT,
and large enough that an ordinary night has one file."""

_BATCHED_ROWS: Final = 50_000
"""Rows of a row group of quarantine, whose rows are wide."""


@dataclass(frozen=True)
class WrittenFile:
    """A finished local file; size in bytes, `sha256` of its bytes."""

    path: Path
    rows: int
    bytes: int
    sha256: str


class PartWriter:
    """Writes row groups to one part file after the other, while the caller prepares the next row group.

    At most two row groups are held. The same row groups give the same bytes.

    Args:
        folder: a local folder; the parts are called `part_0.parquet` and so on.
        schema: of the rows; without any row there is one empty part.
        part_bytes: a part that has reached this size is the last row group's.
    """

    def __init__(self, folder: Path, schema: pa.Schema, part_bytes: int = PART_BYTES) -> None:
        self._folder = folder
        self._schema = schema
        self._part_bytes = part_bytes
        self._parts: list[WrittenFile] = []
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="bronze-part")
        self._running: Future[None] | None = None
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True)
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def add_row_group(self, rows: pa.Table) -> None:
        """Append rows as one row group."""
        self._wait()
        self._running = self._pool.submit(self._write, rows)

    def finish(self) -> tuple[WrittenFile, ...]:
        """Write what is pending and close the last part."""
        self._wait()
        if self._writer is not None or not self._parts:
            self._open()
            self._close()
        return tuple(self._parts)

    def _write(self, rows: pa.Table) -> None:
        self._open().write_table(rows, row_group_size=ROW_GROUP_ROWS)
        self._rows += len(rows)
        if self._path.stat().st_size >= self._part_bytes:
            self._close()

    def _wait(self) -> None:
        if self._running is not None:
            self._running.result()
            self._running = None

    @property
    def _path(self) -> Path:
        return self._folder / f"part_{len(self._parts)}.parquet"

    def _open(self) -> pq.ParquetWriter:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, self._schema, **WRITE_SETTINGS)
        return self._writer

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._parts.append(_written(self._path, self._rows))
        self._rows = 0


class BatchWriter:
    """A Parquet file that batches of any size are added to; the same rows give the same bytes."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, **WRITE_SETTINGS)
        self._pending = schema.empty_table()
        self._rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        self._pending = pa.concat_tables([self._pending, pa.Table.from_batches([batch], self._schema)])
        while len(self._pending) >= _BATCHED_ROWS:
            self._flush(_BATCHED_ROWS)

    def finish(self) -> WrittenFile:
        """Write what is pending and close the file."""
        if len(self._pending):
            self._flush(len(self._pending))
        self._writer.close()
        return _written(self._path, self._rows)

    def _flush(self, rows: int) -> None:
        self._writer.write_table(self._pending.slice(0, rows).combine_chunks(), row_group_size=rows)
        self._pending = self._pending.slice(rows)
        self._rows += rows


def _written(path: Path, rows: int) -> WrittenFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return WrittenFile(path, rows, path.stat().st_size, digest)
