"""The rows that may not enter bronze, kept whole with the reason."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from lakehouse.bronze.python_rows import python_rows
from lakehouse.landing.reader import LandedBatch

QUARANTINE_SCHEMA: Final = pa.schema(
    [
        pa.field("reason", pa.string()),
        pa.field("landing_key", pa.string()),
        pa.field("landing_row", pa.int64()),
        pa.field("raw", pa.string()),
    ]
)
"""`landing_row` counts from 0 within the object; `raw` is the landed row as JSON, with Airbyte's columns."""


def quarantined_rows(landed: LandedBatch, bad: Mapping[int, str]) -> pa.RecordBatch:
    """The bad rows of a batch (reason by position), as they go to the quarantine file."""
    positions = sorted(bad)
    rows = python_rows(landed.batch.take(pa.array(positions, pa.int64())))
    return pa.RecordBatch.from_arrays(
        [
            pa.array([bad[position] for position in positions], pa.string()),
            pa.array([landed.key] * len(positions), pa.string()),
            pa.array([landed.row_in_file + position for position in positions], pa.int64()),
            pa.array([json.dumps(row, default=_as_text, sort_keys=True) for row in rows], pa.string()),
        ],
        schema=QUARANTINE_SCHEMA,
    )


def _as_text(value: Any) -> str:
    """JSON has no decimals, times or bytes."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
