"""What landing no longer has: the stream's rows of days that retention has taken from it, out of bronze.

Gold has their newest versions by then, but not that a row was deleted for good: no night sees that. A hot
table that is built from landing alone would show such rows again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.bronze.contract import Contract
from lakehouse.landing.columns import CDC_LSN
from lakehouse.landing.reader import BATCH_ROWS
from lakehouse.platform.lake_layout import parse_partition_date, stream_folder
from lakehouse.platform.storage import LakeObject, LakeStorage


def bronze_files(storage: LakeStorage, contract: Contract, last: date | None) -> list[LakeObject]:
    """The stream's bronze files up to that UTC day; all of them without one."""
    folder = stream_folder(contract.stream)
    return [
        item
        for item in storage.objects(folder)
        if (day := parse_partition_date(item.key, folder)) is not None and (last is None or day <= last)
    ]


def join_files(
    storage: LakeStorage, contract: Contract, files: Iterable[LakeObject], path: Path
) -> tuple[int, int | None]:
    """Write the rows of bronze files into one local file; how many, and the LSN of the newest truncation.

    Columns that an earlier contract had are left out, those that it lacked are null.

    Raises:
        pyarrow.ArrowInvalid: a file is not Parquet, or a column has a type that the contract cannot hold.
    """
    schema: pa.Schema = contract.schema
    copy = path.with_suffix(".copy")
    count, truncations = 0, [-1]
    with pq.ParquetWriter(path, schema) as writer:
        for item in files:
            storage.download(item.key, copy)
            with pq.ParquetFile(copy) as parquet:
                present = [name for name in schema.names if name in parquet.schema_arrow.names]
                for batch in parquet.iter_batches(BATCH_ROWS, columns=present):
                    rows = _as_contracted(batch, schema)
                    writer.write_batch(rows)
                    count += len(rows)
                    truncated = rows.filter(pc.is_null(rows[contract.key[0]]))
                    truncations += truncated[CDC_LSN].to_pylist()
    copy.unlink(missing_ok=True)
    newest = max(truncations)
    return count, newest if newest >= 0 else None


def _as_contracted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        batch.column(field.name).cast(field.type)
        if field.name in batch.schema.names
        else pa.nulls(len(batch), field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
