"""Making a bronze partition's files from the landing rows of its date: a pure function of those rows.

The rows are read twice, in bounded batches. The first pass reads only the columns that decide (those with
rules, the key, the cursor) and finds the bad rows and the replaced versions; the second writes the rest.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.casting import cast_column
from lakehouse.bronze.contract import EXTRACTED_AT, SYNC_ID, Contract
from lakehouse.bronze.deduplication import ORDINAL, dropped_ordinals
from lakehouse.bronze.landing_reader import LandedBatch, LandingReader, lineage
from lakehouse.bronze.parquet_writer import BronzeWriter, WrittenFile
from lakehouse.bronze.quarantine import QUARANTINE_SCHEMA, quarantined_rows
from lakehouse.bronze.validation import check, columns_to_check


@dataclass(frozen=True)
class BuiltPartition:
    """A partition's local files and its reconciliation: rows_in = loaded + deduplicated + quarantined."""

    rows_in: int
    rows_deduplicated: int
    data: WrittenFile
    quarantine: WrittenFile
    reasons: dict[str, int] = field(hash=False)
    """Bad rows by the first column that made them so."""

    @property
    def rows_loaded(self) -> int:
        return self.data.rows

    @property
    def rows_quarantined(self) -> int:
        return self.quarantine.rows


@dataclass(frozen=True)
class _Survey:
    rows_in: int
    bad: dict[int, str]
    """Reason by ordinal."""
    dropped: pa.Array
    """Ordinals of replaced versions, ascending."""


def build_partition(contract: Contract, reader: LandingReader, folder: Path) -> BuiltPartition:
    """Write `data.parquet` and `quarantine.parquet` into a local folder.

    Without landing rows both files are empty and have their schema.

    Raises:
        LandingFileUnreadableError: a landing object is no Parquet file or lacks Airbyte's columns.
    """
    survey = _survey(contract, reader)
    # Reasons of bad rows are held in memory; spill them if a contract allows millions of bad rows
    bad_ordinals = sorted(survey.bad)
    with (
        BronzeWriter(folder / "data.parquet", contract.schema) as data,
        BronzeWriter(folder / "quarantine.parquet", QUARANTINE_SCHEMA) as quarantine,
    ):
        for landed in reader.batches():
            bad = _within(bad_ordinals, survey.bad, landed)
            if bad:
                quarantine.add(quarantined_rows(landed, bad))
            data.add(_bronze_rows(contract, landed, _kept(landed, bad, survey.dropped)))
        return BuiltPartition(
            rows_in=survey.rows_in,
            rows_deduplicated=len(survey.dropped),
            data=data.finish(),
            quarantine=quarantine.finish(),
            reasons=_counted(survey.bad),
        )


def _survey(contract: Contract, reader: LandingReader) -> _Survey:
    decisive = [*contract.key, *([contract.cursor] if contract.cursor else [])]
    checked_names = set(decisive)
    for schema in reader.schemas():
        checked_names.update(column.name for column in columns_to_check(contract, schema))
    columns = [column for column in contract.columns if column.name in checked_names]
    bad: dict[int, str] = {}
    good: list[pa.RecordBatch] = []
    rows_in = 0
    for landed in reader.batches([column.name for column in columns]):
        extracted, sync = lineage(landed)
        checked = check(landed.batch, columns)
        rows_in += len(landed.batch)
        bad.update((landed.first + position, reason) for position, reason in checked.bad.items())
        candidates = pa.RecordBatch.from_arrays(
            [*(checked.batch.column(name) for name in decisive), extracted, sync, _ordinals(landed)],
            names=[*decisive, EXTRACTED_AT, SYNC_ID, ORDINAL],
        )
        if checked.bad:
            candidates = candidates.filter(_without(landed, pa.array(sorted(checked.bad), pa.int64()), 0))
        good.append(candidates)
    dropped = dropped_ordinals(pa.Table.from_batches(good), contract) if good else pa.array([], pa.int64())
    return _Survey(rows_in, bad, dropped)


def _bronze_rows(contract: Contract, landed: LandedBatch, kept: pa.Array | None) -> pa.RecordBatch:
    """The kept rows of a batch, in the contract's columns and types."""
    extracted, sync = lineage(landed)
    batch = landed.batch.append_column(SYNC_ID, sync)
    batch = batch.set_column(batch.schema.get_field_index(EXTRACTED_AT), EXTRACTED_AT, extracted)
    if kept is not None:
        batch = batch.filter(kept)
    names = set(batch.schema.names)
    arrays = [
        cast_column(batch.column(wanted.name), wanted.type)[0]
        if wanted.name in names
        else pa.nulls(len(batch), wanted.type)
        for wanted in contract.schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=contract.schema)


def _kept(landed: LandedBatch, bad: Mapping[int, str], dropped: pa.Array) -> pa.Array | None:
    """Mask of the batch's rows that enter bronze; None when all do."""
    start = bisect.bisect_left(dropped, landed.first, key=_number)
    end = bisect.bisect_left(dropped, landed.first + len(landed.batch), key=_number)
    if not bad and start == end:
        return None
    kept = _without(landed, dropped.slice(start, end - start), landed.first)
    return pc.and_(kept, _without(landed, pa.array(sorted(bad), pa.int64()), 0)) if bad else kept


def _without(landed: LandedBatch, unwanted: pa.Array, start: int) -> pa.Array:
    """Mask of a batch's rows, numbered from `start`, that are not among the unwanted ones."""
    numbers = pa.arange(start, start + len(landed.batch))
    return pc.invert(pc.is_in(numbers, value_set=unwanted))


def _within(ordinals: list[int], reasons: Mapping[int, str], landed: LandedBatch) -> dict[int, str]:
    start = bisect.bisect_left(ordinals, landed.first)
    end = bisect.bisect_left(ordinals, landed.first + len(landed.batch))
    return {ordinal - landed.first: reasons[ordinal] for ordinal in ordinals[start:end]}


def _number(scalar: pa.Scalar) -> int:
    number: int = scalar.as_py()
    return number


def _ordinals(landed: LandedBatch) -> pa.Array:
    return pa.arange(landed.first, landed.first + len(landed.batch))


def _counted(bad: Mapping[int, str]) -> dict[str, int]:
    """Bad rows by the first column that made them so: `{"amount": 3}`."""
    return dict(Counter(reason.split(":", 1)[0] for reason in bad.values()).most_common())
