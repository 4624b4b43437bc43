"""Writing a bronze file with the specification's settings."""

from __future__ import annotations

import hashlib
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


@dataclass(frozen=True)
class WrittenFile:
    """A finished local file; size in bytes, `sha256` of its bytes."""

    path: Path
    rows: int
    bytes: int
    sha256: str


class BronzeWriter:
    """A Parquet file that batches are added to; at most one row group is held in memory.

    The same rows in the same order give the same bytes.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, **WRITE_SETTINGS)
        self._pending: list[pa.RecordBatch] = []
        self._pending_rows = 0
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
        while len(batch):
            room = ROW_GROUP_ROWS - self._pending_rows
            part, batch = batch.slice(0, room), batch.slice(room)
            self._pending.append(part)
            self._pending_rows += len(part)
            if self._pending_rows == ROW_GROUP_ROWS:
                self._flush()

    def finish(self) -> WrittenFile:
        """Write what is pending and close the file."""
        self._flush()
        self._writer.close()
        with self._path.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        return WrittenFile(self._path, self._rows, self._path.stat().st_size, digest)

    def _flush(self) -> None:
        if not self._pending:
            return
        table = pa.Table.from_batches(self._pending, self._schema)
        self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self._rows += self._pending_rows
        self._pending, self._pending_rows = [], 0
