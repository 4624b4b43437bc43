"""Reading the landing objects of a date, in bounded batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.bronze.contract import EXTRACTED_AT, SYNC_ID
from lakehouse.bronze.parquet_footer import LandingFileUnreadableError

META: Final = "_airbyte_meta"
AIRBYTE_COLUMNS: Final = frozenset({"_airbyte_raw_id", EXTRACTED_AT, "_airbyte_generation_id", META})

BATCH_ROWS: Final = 131_072
"""Rows held at once while reading: about 25 MB of the shop's widest table."""


@dataclass(frozen=True)
class LandedBatch:
    """Some rows of one landing object; `first` is the first row's ordinal among all rows of the date."""

    key: str
    first: int
    row_in_file: int
    batch: pa.RecordBatch


@dataclass(frozen=True)
class LandedFile:
    """A landing object, copied to a local file."""

    key: str
    path: Path


class LandingReader:
    """The landing rows of one stream and date; the objects are read in the order of their keys."""

    def __init__(self, files: Sequence[LandedFile]) -> None:
        self._files = sorted(files, key=lambda file: file.key)

    def schemas(self) -> Iterator[pa.Schema]:
        """Each object's schema."""
        for file in self._files:
            with _opened(file) as parquet:
                yield parquet.schema_arrow

    def unexpected_columns(self, expected: Sequence[str]) -> list[str]:
        """Columns that some object has and nobody expects, Airbyte's own left out."""
        landed = {name for schema in self.schemas() for name in schema.names}
        return sorted(landed - set(expected) - AIRBYTE_COLUMNS)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[LandedBatch]:
        """All rows, with the named columns and Airbyte's lineage only, or with all columns as landed.

        Raises:
            LandingFileUnreadableError: an object is no Parquet file, or lacks Airbyte's own columns.
        """
        first = 0
        for file in self._files:
            with _opened(file) as parquet:
                row_in_file = 0
                wanted = None if columns is None else [*columns, EXTRACTED_AT, META]
                try:
                    for batch in parquet.iter_batches(BATCH_ROWS, columns=wanted):
                        yield LandedBatch(file.key, first, row_in_file, batch)
                        first += len(batch)
                        row_in_file += len(batch)
                except (pa.ArrowException, OSError) as error:
                    raise LandingFileUnreadableError(file.key, str(error)) from error


def lineage(landed: LandedBatch) -> tuple[pa.Array, pa.Array]:
    """When each row of a batch was extracted (naive UTC, microseconds) and by which sync."""
    names = landed.batch.schema.names
    if EXTRACTED_AT not in names or META not in names:
        raise LandingFileUnreadableError(landed.key, f"it lacks Airbyte's columns {EXTRACTED_AT} and {META}")
    extracted = pc.cast(landed.batch.column(EXTRACTED_AT), pa.timestamp("us"), safe=False)
    sync = pc.struct_field(landed.batch.column(META), "sync_id")
    return extracted, pc.cast(sync, pa.int64())


class _opened:
    def __init__(self, file: LandedFile) -> None:
        self._file = file

    def __enter__(self) -> pq.ParquetFile:
        try:
            self._parquet = pq.ParquetFile(self._file.path)
        except (pa.ArrowException, OSError) as error:
            raise LandingFileUnreadableError(self._file.key, str(error)) from error
        return self._parquet

    def __exit__(self, *error: object) -> None:
        self._parquet.close()


__all__ = ["EXTRACTED_AT", "SYNC_ID", "LandedBatch", "LandedFile", "LandingReader", "lineage"]
