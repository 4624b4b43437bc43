"""Reading what tells the versions of a row apart, where a date has landed more than one."""

from __future__ import annotations

import pyarrow as pa

from lakehouse.bronze.contract import Contract
from lakehouse.bronze.ordinals import Ordinals
from lakehouse.bronze.row_order import ORDINAL
from lakehouse.bronze.ties import content_digests
from lakehouse.bronze.validation import check
from lakehouse.landing.columns import EXTRACTED_AT, RAW_ID, SYNC_ID, SYNC_LEAF
from lakehouse.landing.reader import LandedBatch, LandingReader, lineage, raw_ids


def read_versions(contract: Contract, reader: LandingReader, ordinals: Ordinals) -> pa.Table:
    """Key, cursor, EXTRACTED_AT, SYNC_ID, RAW_ID and ORDINAL of the rows with these ordinals."""
    decisive = [*contract.key, *([contract.cursor] if contract.cursor else [])]
    found = []
    for group in reader.row_groups:
        if not ordinals.within(group.first, group.metadata.num_rows):
            continue
        for landed in reader.batches_of(group, [*decisive, EXTRACTED_AT, SYNC_LEAF, RAW_ID]):
            if some := ordinals.within(landed.first, len(landed.batch)):
                rows = _versions_of(contract, decisive, landed)
                found.append(rows.take(some.counted_from(landed.first)))
    return pa.Table.from_batches(found)


def read_contents(contract: Contract, reader: LandingReader, ordinals: Ordinals) -> dict[int, bytes]:
    """By ordinal, a digest of what the row would be in bronze but for its lineage."""
    names = [column.name for column in contract.columns]
    found: dict[int, bytes] = {}
    for group in reader.row_groups:
        if not ordinals.within(group.first, group.metadata.num_rows):
            continue
        # Of the columns none of which is there the lineage stands in, so that rows are counted.
        for landed in reader.batches_of(group, [*names, SYNC_LEAF]):
            if some := ordinals.within(landed.first, len(landed.batch)):
                rows = landed.batch.take(some.counted_from(landed.first))
                digests = content_digests(check(rows, contract.columns, contract).batch)
                found |= zip(some.values.to_pylist(), digests, strict=True)
    return found


def _versions_of(contract: Contract, decisive: list[str], landed: LandedBatch) -> pa.RecordBatch:
    by_name = {column.name: column for column in contract.columns}
    typed = check(landed.batch, [by_name[name] for name in decisive], contract).batch
    extracted, sync = lineage(landed)
    numbers = pa.arange(landed.first, landed.first + len(landed.batch))
    return pa.RecordBatch.from_arrays(
        [*typed.columns, extracted, sync, raw_ids(landed), numbers],
        [*decisive, EXTRACTED_AT, SYNC_ID, RAW_ID, ORDINAL],
    )
