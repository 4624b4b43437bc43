"""Making a bronze partition's files from the landing rows of its date: a pure function of those rows.

The rows are read in bounded batches, twice. The first pass (`survey`) reads the key and the columns that the
landing files' statistics do not prove sound, and finds out which rows are bad, which are replaced by newer
versions, and where each of the others goes. The second reads everything, checks every row, and writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.column_changes import CastCount, column_changes
from lakehouse.bronze.contract import Contract
from lakehouse.bronze.parquet_writer import PART_BYTES, BatchWriter, PartWriter, WrittenFile
from lakehouse.bronze.quarantine import QUARANTINE_SCHEMA, quarantined_rows
from lakehouse.bronze.row_groups import RowGroupAssembler
from lakehouse.bronze.survey import Survey, survey
from lakehouse.bronze.validation import Checked, check
from lakehouse.landing.columns import CHANGES_LEAF, EXTRACTED_AT, SYNC_LEAF
from lakehouse.landing.reader import LandedBatch, LandingReader, lineage


@dataclass(frozen=True)
class BuiltPartition:
    """A partition's local files and its reconciliation: rows_in = loaded + deduplicated + quarantined."""

    rows_in: int
    rows_deduplicated: int
    parts: tuple[WrittenFile, ...]
    quarantine: WrittenFile
    reasons: dict[str, int] = field(hash=False)
    """Bad rows by the first column that made them so."""
    left_out: tuple[str, ...] = ()
    """Columns whose value the connector left out in rows that were refused for it."""
    nulled: dict[str, int] = field(default_factory=dict, hash=False)
    """Rows by field that the connector left out and the contract lets through."""
    truncated_at: int | None = None
    """CDC: LSN of the last truncation of the source. Rows with a lower one are deleted, those of earlier
    dates too; the partition says so by a row without a key. None: there was none."""
    rows_identical: int = 0
    """Of the deduplicated rows, those that are copies of one that was loaded."""
    rows_tied: int = 0
    """Rows that differ from the one that was kept, though key, cursor and sync are the same. They are among
    the deduplicated or, if the contract says so, among the quarantined."""
    tie_examples: tuple[str, ...] = ()
    """Keys of some of them."""
    column_changes: tuple[str, ...] = ()
    """Sentences about columns that are not as the contract has them."""

    @property
    def rows_loaded(self) -> int:
        return sum(part.rows for part in self.parts)

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def rows_quarantined(self) -> int:
        return self.quarantine.rows


class _StatisticsLieError(Exception):
    """The second pass found a bad row that the footers had ruled out."""


def build_partition(
    contract: Contract, reader: LandingReader, folder: Path, part_bytes: int = PART_BYTES
) -> BuiltPartition:
    """Write the partition's part files and `quarantine.parquet` into a local folder.

    Without landing rows there is one part; it and the quarantine are empty and have their schema.

    Raises:
        LandingFileUnreadableError: a landing object is not a Parquet file or lacks Airbyte's columns.
    """
    try:
        return _build(contract, reader, folder, part_bytes, survey(contract, reader))
    except _StatisticsLieError:
        unaided = survey(contract, reader, trust_statistics=False)
        return _build(contract, reader, folder, part_bytes, unaided)


def _build(
    contract: Contract, reader: LandingReader, folder: Path, part_bytes: int, surveyed: Survey
) -> BuiltPartition:
    reasons: Counter[str] = Counter()
    left_out: set[str] = set()
    nulled: Counter[str] = Counter()
    casts: dict[str, CastCount] = {}
    with (
        PartWriter(folder, contract.schema, part_bytes) as parts,
        BatchWriter(folder / "quarantine.parquet", QUARANTINE_SCHEMA) as quarantine,
        RowGroupAssembler(surveyed.order.kept, contract.schema, folder, parts.add_row_group) as assembler,
    ):
        for landed in _batches(contract, reader, surveyed):
            checked = check(landed.batch, contract.columns, contract)
            if len(checked.bad) != surveyed.bad_rows(landed.first, len(landed.batch)):
                raise _StatisticsLieError
            refused = checked.bad | {
                position: tie_reason(contract) for position in surveyed.ties(landed.first, len(landed.batch))
            }
            if refused:
                quarantine.add(quarantined_rows(landed, refused))
                reasons.update(reason.split(":", 1)[0] for reason in refused.values())
            left_out.update(checked.left_out)
            nulled.update(checked.nulled)
            for name, count in checked.casts.items():
                casts.setdefault(name, CastCount()).add(count)
            rows = _bronze_rows(contract, landed, checked)
            assembler.add(*_entering(rows, landed, checked, surveyed))
        return BuiltPartition(
            rows_in=surveyed.rows_in,
            rows_deduplicated=surveyed.deduplicated,
            parts=parts.finish(),
            quarantine=quarantine.finish(),
            reasons=dict(reasons.most_common()),
            left_out=tuple(sorted(left_out)),
            nulled=dict(nulled.most_common()),
            truncated_at=surveyed.truncated_at,
            rows_identical=surveyed.order.ties.identical,
            rows_tied=len(surveyed.order.ties.losing),
            tie_examples=surveyed.order.ties.examples,
            column_changes=tuple(column_changes(contract, reader, casts)),
        )


def tie_reason(contract: Contract) -> str:
    """Why a row that loses a tie goes to quarantine, in the form of other reasons."""
    by = ", ".join([*contract.key, *([contract.cursor] if contract.cursor else [])])
    return f"{contract.key[0]}: another row of this sync has the same {by}, and differs"


def _batches(contract: Contract, reader: LandingReader, surveyed: Survey) -> Iterator[LandedBatch]:
    """All rows; whole as landed where some of them go to quarantine."""
    needed = [*(column.name for column in contract.columns), EXTRACTED_AT, SYNC_LEAF, CHANGES_LEAF]
    for group in reader.row_groups:
        where = (group.first, group.metadata.num_rows)
        some_bad = surveyed.bad_rows(*where) or surveyed.ties(*where)
        yield from reader.batches_of(group, None if some_bad else needed)


def _bronze_rows(contract: Contract, landed: LandedBatch, checked: Checked) -> pa.RecordBatch:
    """All rows of a batch in the columns and types of bronze; what could not be cast is NULL here."""
    return pa.RecordBatch.from_arrays([*checked.batch.columns, *lineage(landed)], schema=contract.schema)


def _entering(
    rows: pa.RecordBatch, landed: LandedBatch, checked: Checked, surveyed: Survey
) -> tuple[pa.RecordBatch, pa.Array | None]:
    """The rows of a batch that enter bronze, and where."""
    if surveyed.order.positions is None:
        kept = surveyed.kept_in_order(landed.first, checked.bad, len(rows))
        return (rows if kept is None else rows.filter(kept)), None
    positions = surveyed.order.positions.slice(landed.first, len(rows))
    if positions.null_count:
        entering = pc.is_valid(positions)
        rows, positions = rows.filter(entering), positions.filter(entering)
    return rows, positions
