"""Landing files as Airbyte's S3 destination writes them, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.landing.reader import LandedFile

META_TYPE = pa.struct(
    [
        pa.field("sync_id", pa.int64()),
        pa.field(
            "changes",
            pa.list_(
                pa.struct(
                    [
                        pa.field("field", pa.string()),
                        pa.field("change", pa.string()),
                        pa.field("reason", pa.string()),
                    ]
                )
            ),
        ),
    ]
)
AIRBYTE_FIELDS = [
    pa.field("_airbyte_raw_id", pa.string()),
    pa.field("_airbyte_extracted_at", pa.timestamp("us", "UTC")),
    pa.field("_airbyte_generation_id", pa.int64()),
    pa.field("_airbyte_meta", META_TYPE),
]


def landing_table(
    rows: Sequence[Mapping[str, Any]], fields: Sequence[pa.Field], sync_id: int, extracted_at: datetime
) -> pa.Table:
    """The rows with Airbyte's own columns in front, in the given column types."""
    landed = [
        {
            "_airbyte_raw_id": f"{sync_id:06}-{number:09}",
            "_airbyte_extracted_at": extracted_at,
            "_airbyte_generation_id": 0,
            "_airbyte_meta": {"sync_id": sync_id, "changes": []},
            **row,
        }
        for number, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(landed, pa.schema([*AIRBYTE_FIELDS, *fields]))


def land(
    folder: Path,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    fields: Sequence[pa.Field],
    sync_id: int = 1,
    extracted_at: datetime = datetime(2025, 10, 17, 1, 0),
) -> LandedFile:
    """Write a landing file; its key ends with the name, so names order files."""
    path = folder / f"{name}.parquet"
    pq.write_table(landing_table(rows, fields, sync_id, extracted_at), path, compression="snappy")
    return LandedFile(f"bronze/landing/source=postgres/orders/{name}.parquet", path)
