"""Reading the landing objects of a date, in bounded batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.landing.columns import AIRBYTE_COLUMNS, EXTRACTED_AT, META, RAW_ID
from lakehouse.landing.footers import LandingFileUnreadableError

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


@dataclass(frozen=True)
class LandedRowGroup:
    """One row group of a landing object: how its rows are numbered, and what its footer says of them."""

    file: LandedFile
    number: int
    first: int
    row_in_file: int
    metadata: pq.RowGroupMetaData
    schema: pa.Schema


class LandingReader:
    """The landing rows of one stream and date; the objects are read in the order of their keys."""

    def __init__(self, files: Sequence[LandedFile]) -> None:
        self._files = sorted(files, key=lambda file: file.key)

    @cached_property
    def row_groups(self) -> list[LandedRowGroup]:
        """All row groups, in the order of their rows.

        Raises:
            LandingFileUnreadableError: an object is not a Parquet file.
        """
        groups: list[LandedRowGroup] = []
        first = 0
        for file in self._files:
            with _opened(file) as parquet:
                row_in_file = 0
                for number in range(parquet.num_row_groups):
                    metadata = parquet.metadata.row_group(number)
                    groups.append(
                        LandedRowGroup(file, number, first, row_in_file, metadata, parquet.schema_arrow)
                    )
                    first += metadata.num_rows
                    row_in_file += metadata.num_rows
        return groups

    @cached_property
    def schemas(self) -> list[pa.Schema]:
        """Each object's schema.

        Raises:
            LandingFileUnreadableError: an object is not a Parquet file.
        """
        found = []
        for file in self._files:
            with _opened(file) as parquet:
                found.append(parquet.schema_arrow)
        return found

    def unexpected_columns(self, expected: Sequence[str]) -> dict[str, list[pa.DataType]]:
        """Columns that some object has and nobody expects, with their types; Airbyte's own left out."""
        known = {*expected, *AIRBYTE_COLUMNS}
        found: dict[str, list[pa.DataType]] = {}
        for schema in self.schemas:
            for field in schema:
                if field.name not in known and field.type not in found.setdefault(field.name, []):
                    found[field.name].append(field.type)
        return dict(sorted(found.items()))

    def batches_of(
        self, group: LandedRowGroup, columns: Sequence[str] | None = None
    ) -> Iterator[LandedBatch]:
        """The rows of one row group with all columns, or with those named ones that it has.

        Raises:
            LandingFileUnreadableError: the object cannot be read.
        """
        names = group.schema.names
        present = None if columns is None else [name for name in columns if name.split(".")[0] in names]
        done = 0
        with _opened(group.file) as parquet:
            read = parquet.iter_batches(BATCH_ROWS, row_groups=[group.number], columns=present)
            for batch in _readable(group.file, read):
                yield LandedBatch(group.file.key, group.first + done, group.row_in_file + done, batch)
                done += len(batch)


def lineage(landed: LandedBatch) -> tuple[pa.Array, pa.Array]:
    """When each row of a batch was extracted (naive UTC, microseconds) and by which sync.

    Raises:
        LandingFileUnreadableError: the object lacks Airbyte's own columns.
    """
    names = landed.batch.schema.names
    if EXTRACTED_AT not in names or META not in names:
        raise LandingFileUnreadableError(landed.key, f"it lacks Airbyte's columns {EXTRACTED_AT} and {META}")
    extracted = pc.cast(landed.batch.column(EXTRACTED_AT), pa.timestamp("us"), safe=False)
    sync = pc.struct_field(landed.batch.column(META), "sync_id")
    return extracted, pc.cast(sync, pa.int64())


def raw_ids(landed: LandedBatch) -> pa.Array:
    """Airbyte's id of each row of a batch; NULL where the object has none."""
    if RAW_ID not in landed.batch.schema.names:
        return pa.nulls(len(landed.batch), pa.string())
    return landed.batch.column(RAW_ID).cast(pa.string())


def _readable(file: LandedFile, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except (pa.ArrowException, OSError) as error:
        raise LandingFileUnreadableError(file.key, str(error)) from error


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
