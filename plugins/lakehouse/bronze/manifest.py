"""What a partition's manifest says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lakehouse.bronze.partition_builder import BuiltPartition
from lakehouse.bronze.reconciliation import BronzeLoad
from lakehouse.landing.ledger_rows import LandingFile


def manifest_of(
    load: BronzeLoad, claimed: Sequence[LandingFile], built: BuiltPartition, new_columns: list[str]
) -> dict[str, Any]:
    """What the manifest says beside the files; nothing that differs from one replay to the next."""
    truncation = {} if built.truncated_at is None else {"truncated_at_lsn": built.truncated_at}
    return truncation | {
        "source": load.source,
        "stream": load.stream,
        "business_date": load.business_date.isoformat(),
        "rows_in": load.rows_in,
        "rows_loaded": load.rows_loaded,
        "rows_deduplicated": load.rows_deduplicated,
        "rows_quarantined": load.rows_quarantined,
        "sha256": load.sha256,
        "explanation": load.explanation,
        "new_columns": new_columns,
        "landing": [{"key": file.key, "rows": file.rows, "bytes": file.bytes} for file in claimed],
    }
